"""Checks that connections reach PostgreSQL itself, because replicas need session locks and notifications."""

from __future__ import annotations

import asyncio
import secrets

import sqlalchemy as sa

from bot.cli.doctor.finding import Finding
from bot.store.postgres_session import PostgresSession

NAME = "Direct connection"
_NOTIFY_SECONDS = 3.0


async def check_direct_connection(url: str) -> Finding:
    """Check that one session's lock excludes another, and that a notification reaches the other session."""
    nonce, notified = secrets.token_hex(8), asyncio.Event()

    def listen(payload: str) -> None:
        if payload == nonce:
            notified.set()

    first, second = (
        PostgresSession(sa.make_url(url), listen),
        PostgresSession(sa.make_url(url), lambda _payload: None),
    )
    try:
        locked = await first.hold_lock(nonce) and not await second.is_lock_free(nonce)
        await second.notify(nonce)
        return _build_finding(locked, await _wait_briefly(notified))
    finally:
        await first.close()
        await second.close()


async def _wait_briefly(notified: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(_NOTIFY_SECONDS):
            return await notified.wait()
    except TimeoutError:
        return False


def _build_finding(locked: bool, notified: bool) -> Finding:
    """https://www.postgresql.org/docs/current/sql-listen.html"""
    if locked and notified:
        return Finding(NAME, True, "advisory locks and notifications work.")
    lacks = " and ".join(["locks don't hold"] * (not locked) + ["notifications don't arrive"] * (not notified))
    remedy = "Point DATABASE_URL at the server itself, or at a pooler in session mode."
    return Finding(NAME, False, f"{lacks}: taking over from a dead replica needs 15 s.", remedy)
