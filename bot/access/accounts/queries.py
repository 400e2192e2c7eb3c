"""Queries on personal Buildkite tokens. They are stored encrypted, and never decrypted here."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from bot.access.accounts.model import Account
from bot.store.sql import Row, insert_into
from bot.store.tables_people import tokens
from bot.store.transactions import Tx


class SealedAccount(NamedTuple):
    """A person's account with its encrypted token."""

    account: Account
    sealed: bytes


async def save_account(tx: Tx, team: str, user: str, account: Account, sealed: bytes) -> None:
    """Save a person's token in place of an earlier one."""
    values = {
        "sealed": sealed,
        "buildkite_id": account.buildkite_id,
        "name": account.name,
        "email": account.email,
        "scopes": list(account.scopes),
        "expires_at": account.expires_at,
        "connected_at": account.connected_at,
        "checked_at": account.connected_at,
    }
    row = insert_into(tx, tokens).values(team=team, user_id=user, **values)
    await tx.execute(row.on_conflict_do_update(index_elements=["team", "user_id"], set_=values))


async def find_account(tx: Tx, team: str, user: str) -> SealedAccount | None:
    """Return the person's account and token, if they have connected one."""
    query = sa.select(tokens).where(tokens.c.team == team, tokens.c.user_id == user)
    row = (await tx.execute(query)).mappings().one_or_none()
    return SealedAccount(_read_account(row), bytes(row["sealed"])) if row else None


async def delete_account(tx: Tx, team: str, user: str) -> bool:
    """Delete a person's token; return whether there was one."""
    query = sa.delete(tokens).where(tokens.c.team == team, tokens.c.user_id == user)
    return (await tx.execute(query)).rowcount > 0


async def find_unchecked_users(tx: Tx, team: str, before: datetime, limit: int) -> tuple[str, ...]:
    """Return the ids of people whose membership was last checked before a moment, longest ago first."""
    due = sa.select(tokens.c.user_id).where(tokens.c.team == team, tokens.c.checked_at < before)
    return tuple(await tx.scalars(due.order_by(tokens.c.checked_at).limit(limit)))


async def mark_checked(tx: Tx, team: str, user: str, now: datetime) -> None:
    """Note that the person is still a member."""
    owner = (tokens.c.team == team, tokens.c.user_id == user)
    await tx.execute(sa.update(tokens).where(*owner).values(checked_at=now))


def _read_account(row: Row) -> Account:
    return Account(
        buildkite_id=row["buildkite_id"],
        name=row["name"],
        email=row["email"],
        scopes=tuple(row["scopes"]),
        connected_at=row["connected_at"],
        expires_at=row["expires_at"],
    )
