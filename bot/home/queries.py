"""Queries on homes: whose is looked at, which has changed, what each shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.store.sql import insert_into
from bot.store.tables import audit, builds, cards, people, tokens
from bot.store.tables_notifications import homes, runs
from bot.store.transactions import Tx

# Words of the audit after which other people's homes may look different.
_VOTED = ("proposed", "approved", "refused", "withdrawn", "expired")


@dataclass(frozen=True)
class HomeRow:
    """One home: `shown` is the digest of what Slack has, `due_at` when it was to be looked at."""

    team: str
    user: str
    shown: str | None
    due_at: datetime
    attempts: int


async def mark_home_opened(tx: Tx, team: str, user: str, now: datetime, pause: timedelta, *, empty: bool) -> None:
    """Somebody looks at their home: it is due, or will be when its last drawing is `pause` old.

    `empty`: Slack has none of it, whatever was shown before.
    """
    values = {"team": team, "user_id": user, "opened_at": now, "due_at": now}
    change: dict[str, Any] = {"opened_at": now, "due_at": _soon(now, pause), **({"shown": None} if empty else {})}
    row = insert_into(tx, homes).values(values)
    await tx.execute(row.on_conflict_do_update(index_elements=["team", "user_id"], set_=change))


async def any_home_opened(tx: Tx, since: datetime) -> bool:
    """Whether anybody has looked at their home since then."""
    return await tx.scalar(sa.select(homes.c.user_id).where(homes.c.opened_at >= since).limit(1)) is not None


async def mark_homes_changed(tx: Tx, since: datetime, now: datetime, pause: timedelta) -> None:
    """Homes opened since then are due again where something was heard or done after they were drawn."""
    watched = (homes.c.due_at.is_(None), homes.c.opened_at >= since)
    await tx.execute(sa.update(homes).where(*watched, _changed()).values(due_at=_soon(now, pause)))


async def find_due_homes(tx: Tx, now: datetime, limit: int) -> tuple[HomeRow, ...]:
    """Homes to look at, the longest due first."""
    found = await tx.execute(sa.select(homes).where(homes.c.due_at <= now).order_by(homes.c.due_at).limit(limit))
    return tuple(
        HomeRow(row["team"], row["user_id"], row["shown"], row["due_at"], row["attempts"])
        for row in found.mappings()
    )


async def find_next_home_due(tx: Tx) -> datetime | None:
    """When the next home is to be looked at."""
    when: datetime | None = await tx.scalar(sa.select(sa.func.min(homes.c.due_at)))
    return when


async def mark_home_drawn(tx: Tx, home: HomeRow, at: datetime, shown: str) -> None:
    """It shows what was known at that moment; it is due no more, unless it was opened again meanwhile."""
    due_at = sa.case((homes.c.due_at == home.due_at, sa.null()), else_=homes.c.due_at)
    values = {"shown": shown, "drawn_at": at, "due_at": due_at, "attempts": 0}
    await tx.execute(sa.update(homes).where(*_that(home)).values(values))


async def postpone_home(tx: Tx, home: HomeRow, due_at: datetime, attempts: int) -> None:
    """It could not be drawn."""
    await tx.execute(sa.update(homes).where(*_that(home)).values(due_at=due_at, attempts=attempts))


async def delete_home(tx: Tx, home: HomeRow) -> None:
    """As if it had never been opened."""
    await tx.execute(sa.delete(homes).where(*_that(home)))


def _that(home: HomeRow) -> tuple[sa.ColumnElement[bool], ...]:
    return homes.c.team == home.team, homes.c.user_id == home.user


def _soon(now: datetime, pause: timedelta) -> sa.ColumnElement[Any]:
    """Now, or as soon as the last drawing is `pause` old."""
    free = homes.c.drawn_at + sa.literal(pause.total_seconds(), sa.Double)
    moment = sa.literal(now, homes.c.due_at.type)
    return sa.case((free > moment, free), else_=moment)


def _changed() -> sa.ColumnElement[bool]:
    """Something was heard or done at the moment of the last drawing, or after it."""
    since = homes.c.drawn_at
    acted = sa.exists().where(audit.c.at >= since, audit.c.user_id == homes.c.user_id)
    voted = sa.exists().where(audit.c.at >= since, audit.c.transition.in_(_VOTED))
    asked = sa.exists().where(
        cards.c.asked_by == homes.c.user_id, builds.c.id == cards.c.build_id, builds.c.seen_at >= since
    )
    return sa.or_(acted, voted, asked, *(_theirs(addresses, since) for addresses in (people, tokens)))


def _theirs(addresses: sa.Table, since: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
    """A build that somebody with the address of the home's owner wrote or started."""
    email = sa.func.lower(addresses.c.email)
    owner = (addresses.c.team == homes.c.team, addresses.c.user_id == homes.c.user_id)
    return sa.exists().where(
        runs.c.heard_at >= since, *owner, sa.or_(runs.c.author == email, runs.c.creator == email)
    )
