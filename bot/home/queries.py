"""Queries on App Homes: who opened theirs, which have changed, and what each shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.slack.drafts import Postponement
from bot.store.sql import insert_into
from bot.store.tables import builds, cards
from bot.store.tables_notifications import homes, runs
from bot.store.tables_people import audit, people, tokens
from bot.store.transactions import Tx

# Audit transitions that may change the homes of people other than the actor.
_VOTE_TRANSITIONS = ("proposed", "approved", "refused", "withdrawn", "expired")


@dataclass(frozen=True)
class HomeRow:
    """A home that is due since `due_at`; `shown_digest` is the digest of the view that Slack has."""

    team: str
    user: str
    shown_digest: str | None
    due_at: datetime
    attempts: int

    @property
    def id(self) -> str:
        """Return the person's id, which identifies the home in the log."""
        return self.user


async def mark_home_opened(tx: Tx, team: str, user: str, now: datetime, pause: timedelta, *, empty: bool) -> None:
    """Record that a person opened their home, and make it due once its last publication is `pause` old.

    `empty` means that Slack shows nothing, so the stored digest no longer holds.
    """
    values = {"team": team, "user_id": user, "opened_at": now, "due_at": now}
    change: dict[str, object] = {
        "opened_at": now,
        "due_at": _earliest_redraw(now, pause),
        **({"shown": None} if empty else {}),
    }
    row = insert_into(tx, homes).values(values)
    await tx.execute(row.on_conflict_do_update(index_elements=["team", "user_id"], set_=change))


async def any_home_opened(tx: Tx, since: datetime) -> bool:
    """Return whether any home was opened since then."""
    return await tx.scalar(sa.select(homes.c.user_id).where(homes.c.opened_at >= since).limit(1)) is not None


async def mark_homes_changed(tx: Tx, since: datetime, now: datetime, pause: timedelta) -> None:
    """Make homes due that were opened since then and may have changed after they were published."""
    watched = (homes.c.due_at.is_(None), homes.c.opened_at >= since)
    await tx.execute(sa.update(homes).where(*watched, _has_changed()).values(due_at=_earliest_redraw(now, pause)))


async def find_due_homes(tx: Tx, now: datetime, limit: int) -> tuple[HomeRow, ...]:
    """Return the due homes, longest due first."""
    found = await tx.execute(sa.select(homes).where(homes.c.due_at <= now).order_by(homes.c.due_at).limit(limit))
    return tuple(
        HomeRow(row["team"], row["user_id"], row["shown"], row["due_at"], row["attempts"])
        for row in found.mappings()
    )


async def find_next_home_due(tx: Tx) -> datetime | None:
    """Return when the next home is due."""
    when: datetime | None = await tx.scalar(sa.select(sa.func.min(homes.c.due_at)))
    return when


async def mark_home_drawn(tx: Tx, home: HomeRow, at: datetime, shown: str) -> None:
    """Record that a home shows the state of a moment. It stays due if it was opened again in the meantime."""
    due_at = sa.case((homes.c.due_at == home.due_at, sa.null()), else_=homes.c.due_at)
    values = {"shown": shown, "drawn_at": at, "due_at": due_at, "attempts": 0}
    await tx.execute(sa.update(homes).where(*_match_home(home)).values(values))


async def postpone_home(tx: Tx, home: HomeRow, postponement: Postponement) -> None:
    """Draw a home later."""
    change = {"due_at": postponement.due_at, "attempts": postponement.attempts}
    await tx.execute(sa.update(homes).where(*_match_home(home)).values(change))


async def delete_home(tx: Tx, home: HomeRow) -> None:
    """Delete a home, as if it had never been opened."""
    await tx.execute(sa.delete(homes).where(*_match_home(home)))


def _match_home(home: HomeRow) -> tuple[sa.ColumnElement[bool], ...]:
    return homes.c.team == home.team, homes.c.user_id == home.user


def _earliest_redraw(now: datetime, pause: timedelta) -> sa.ColumnElement[datetime]:
    """Return now, or the moment when the last publication is `pause` old."""
    free = homes.c.drawn_at + sa.literal(pause.total_seconds(), sa.Double)
    moment = sa.literal(now, homes.c.due_at.type)
    return sa.case((free > moment, free), else_=moment)


def _has_changed() -> sa.ColumnElement[bool]:
    """Match homes with news since they were published, including the very moment of publication."""
    since = homes.c.drawn_at
    acted = sa.exists().where(audit.c.at >= since, audit.c.user_id == homes.c.user_id)
    voted = sa.exists().where(audit.c.at >= since, audit.c.transition.in_(_VOTE_TRANSITIONS))
    asked = sa.exists().where(
        cards.c.asked_by == homes.c.user_id, builds.c.id == cards.c.build_id, builds.c.seen_at >= since
    )
    return sa.or_(acted, voted, asked, *(_has_new_run(addresses, since) for addresses in (people, tokens)))


def _has_new_run(addresses: sa.Table, since: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
    """Match homes whose owner, by an email address, wrote or started a build with news since then."""
    email = sa.func.lower(addresses.c.email)
    owner = (addresses.c.team == homes.c.team, addresses.c.user_id == homes.c.user_id)
    return sa.exists().where(
        runs.c.heard_at >= since, *owner, sa.or_(runs.c.author == email, runs.c.creator == email)
    )
