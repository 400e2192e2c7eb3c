"""Queries on personal aliases and on equal requests."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from bot.builds.model import TrackedBuild
from bot.builds.queries import BUILD_COLUMNS
from bot.builds.rows import build_from_row
from bot.operations.invocation import Invocation
from bot.store.sql import insert_into
from bot.store.tables import builds, cards, invocations
from bot.store.tables_notifications import aliases
from bot.store.transactions import Tx


def _owned_by(team: str, user: str) -> tuple[sa.ColumnElement[bool], ...]:
    return aliases.c.team == team, aliases.c.user_id == user


async def find_aliases(tx: Tx, team: str, user: str) -> dict[str, str]:
    """Return a person's expansions by alias."""
    found = await tx.execute(sa.select(aliases.c.name, aliases.c.words).where(*_owned_by(team, user)))
    return {row.name: row.words for row in found}


async def find_alias(tx: Tx, team: str, user: str, name: str) -> str | None:
    """Return the expansion of one alias, or None."""
    expansion: str | None = await tx.scalar(
        sa.select(aliases.c.words).where(*_owned_by(team, user), aliases.c.name == name)
    )
    return expansion


async def save_alias(tx: Tx, team: str, user: str, name: str, expansion: str, now: datetime) -> None:
    """Save an alias, replacing one of the same name."""
    row = insert_into(tx, aliases).values(team=team, user_id=user, name=name, words=expansion, created_at=now)
    keys = ["team", "user_id", "name"]
    await tx.execute(row.on_conflict_do_update(index_elements=keys, set_={"words": expansion, "created_at": now}))


async def delete_alias(tx: Tx, team: str, user: str, name: str) -> bool:
    """Delete an alias; returns whether it existed."""
    return (
        await tx.execute(sa.delete(aliases).where(*_owned_by(team, user), aliases.c.name == name))
    ).rowcount > 0


async def find_same_request(
    tx: Tx, invocation: Invocation, since: datetime
) -> tuple[TrackedBuild, datetime] | None:
    """Return the last build that an equal request started since then, and when it was made."""
    digest = sa.select(invocations.c.digest).where(invocations.c.id == invocation.id).scalar_subquery()
    found = await tx.execute(
        sa.select(*BUILD_COLUMNS, invocations.c.created_at.label("requested_at"))
        .join(cards, cards.c.build_id == builds.c.id)
        .join(invocations, invocations.c.id == cards.c.invocation)
        .where(
            invocations.c.digest == digest, invocations.c.id != invocation.id, invocations.c.created_at >= since
        )
        .order_by(invocations.c.created_at.desc())
        .limit(1)
    )
    row = found.mappings().one_or_none()
    return (build_from_row(row), row["requested_at"]) if row else None
