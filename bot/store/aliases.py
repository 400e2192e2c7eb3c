"""Queries on aliases: the words of one's own."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from bot.store.rows import insert
from bot.store.store import Tx
from bot.store.tables_news import aliases


def _of(team: str, user: str) -> tuple[sa.ColumnElement[bool], ...]:
    return aliases.c.team == team, aliases.c.user_id == user


async def of_person(tx: Tx, team: str, user: str) -> dict[str, str]:
    """What each of a person's aliases stands for, by name."""
    found = await tx.execute(sa.select(aliases.c.name, aliases.c.words).where(*_of(team, user)))
    return {row.name: row.words for row in found}


async def one(tx: Tx, team: str, user: str, name: str) -> str | None:
    """What one of them stands for."""
    words: str | None = await tx.scalar(sa.select(aliases.c.words).where(*_of(team, user), aliases.c.name == name))
    return words


async def put(tx: Tx, team: str, user: str, name: str, words: str, now: datetime) -> None:
    """Write one down; one of that name is written over."""
    row = insert(tx, aliases).values(team=team, user_id=user, name=name, words=words, created_at=now)
    keys = ["team", "user_id", "name"]
    await tx.execute(row.on_conflict_do_update(index_elements=keys, set_={"words": words, "created_at": now}))


async def drop(tx: Tx, team: str, user: str, name: str) -> bool:
    """Take one away; says whether it was there."""
    return (await tx.execute(sa.delete(aliases).where(*_of(team, user), aliases.c.name == name))).rowcount > 0
