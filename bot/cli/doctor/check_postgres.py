"""Whether a connection to PostgreSQL reaches the server itself: replicas hold locks and listen on one."""

from __future__ import annotations

import asyncio
import secrets

import sqlalchemy as sa

from bot.cli.doctor.finding import Finding
from bot.store.postgres_session import PostgresSession

NAME = "Direct connection"
_HEARD_SECONDS = 3.0


async def line(url: str) -> Finding:
    """A lock that one connection holds is not free to another, and what one says the other hears."""
    word, heard = secrets.token_hex(8), asyncio.Event()

    def listen(payload: str) -> None:
        if payload == word:
            heard.set()

    first, second = (
        PostgresSession(sa.make_url(url), listen),
        PostgresSession(sa.make_url(url), lambda _payload: None),
    )
    try:
        held = await first.hold(word) and not await second.free(word)
        await second.notify(word)
        return _found(held, await _within(heard))
    finally:
        await first.close()
        await second.close()


async def _within(heard: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(_HEARD_SECONDS):
            return await heard.wait()
    except TimeoutError:
        return False


def _found(held: bool, heard: bool) -> Finding:
    """https://www.postgresql.org/docs/current/sql-listen.html"""
    if held and heard:
        return Finding(NAME, True, "holds an advisory lock and hears notifications.")
    lacks = " and ".join(["no lock is held"] * (not held) + ["no notification is heard"] * (not heard))
    remedy = "Let DATABASE_URL reach the server itself, or a pooler in session mode."
    return Finding(NAME, False, f"{lacks}: a dead replica is taken over after 15 s only.", remedy)
