"""Queries on cards and notices: the messages in Slack, as they are wanted and as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from bot.builds.cards.update_order import RECHECK_AFTER
from bot.builds.model import Card, QueuedMessage, TrackedBuild
from bot.builds.queries import BUILD_COLUMNS
from bot.builds.replies.kinds import AWAITED_PHASES, END_KINDS
from bot.builds.rows import build_from_row, card_from_row, message_from_row
from bot.slack.types import Thread
from bot.store.sql import bind_among, insert_into, is_among
from bot.store.tables import audit, builds, cards, notices
from bot.store.transactions import Tx

_SELECT_BUILDS = sa.select(*BUILD_COLUMNS)
_SELECT_CARDS = sa.select(cards)
_AT = sa.bindparam("at", type_=cards.c.due_at.type)
# An end of a build that a read has yet to settle.
_IS_UNCONFIRMED_END = sa.and_(
    notices.c.kind.in_(END_KINDS),
    notices.c.intent_at.is_(None),
    sa.exists()
    .where(cards.c.id == notices.c.card_id, builds.c.id == cards.c.build_id)
    .where(builds.c.doubt > builds.c.settled),
)


async def ensure_card(
    tx: Tx,
    card_id: str,
    build_id: str,
    thread: Thread,
    asked_by: str | None,
    now: datetime,
    **more: Any,
) -> Card:
    """A card for that build in that place: a new one, or the one that is there already.

    `more`: further columns (the invocation that asked, its origin, what is said below it).
    """
    values = {
        "id": card_id,
        "build_id": build_id,
        "team": thread.team,
        "channel": thread.channel,
        "thread_ts": thread.ts or "",
        "asked_by": asked_by,
        "due_at": now,
        "created_at": now,
        **more,
    }
    await tx.execute(insert_into(tx, cards).values(values).on_conflict_do_nothing())
    place = (cards.c.channel == thread.channel, cards.c.thread_ts == (thread.ts or ""))
    found = await tx.execute(_SELECT_CARDS.where(cards.c.build_id == build_id, *place))
    return card_from_row(found.mappings().one())


async def find_card(tx: Tx, card_id: str) -> Card | None:
    """One card by its id."""
    row = (await tx.execute(_SELECT_CARDS.where(cards.c.id == card_id))).mappings().one_or_none()
    return card_from_row(row) if row else None


async def find_cards_of_build(tx: Tx, build_id: str) -> tuple[Card, ...]:
    """The cards of a build that are still kept up."""
    found = await tx.execute(_SELECT_CARDS.where(cards.c.build_id == build_id, cards.c.state == "live"))
    return tuple(card_from_row(row) for row in found.mappings())


async def withdraw_card(tx: Tx, card: Card) -> None:
    """Take back a card that was never posted, unless more has become known since it was looked at.

    A build that has no other card is followed no more.
    """
    unseen = (cards.c.id == card.id, cards.c.ts.is_(None), cards.c.intent_at.is_(None))
    gone = await tx.execute(sa.delete(cards).where(*unseen, cards.c.due_at == card.due_at))
    if not gone.rowcount:
        return
    await tx.execute(sa.delete(notices).where(notices.c.card_id == card.id))
    left = sa.exists().where(cards.c.build_id == card.build_id)
    alone = (builds.c.id == card.build_id, sa.not_(left))
    await tx.execute(sa.update(builds).where(*alone).values(followed=False, followed_at=None, read_due=None))


async def retire_preview(tx: Tx, card: Card) -> None:
    """A preview is kept up no more; a build that nobody else minds is followed no more."""
    await update_card(tx, card.id, state="retired", due_at=None)
    kept = sa.or_(cards.c.origin != "unfurled", cards.c.state == "live")
    left = sa.exists().where(cards.c.build_id == card.build_id, cards.c.id != card.id, kept)
    alone = (builds.c.id == card.build_id, sa.not_(left))
    await tx.execute(sa.update(builds).where(*alone).values(followed=False, followed_at=None, read_due=None))


async def mute_cards(tx: Tx, channel: str, pipeline: str, number: int, now: datetime) -> tuple[Card, ...]:
    """Say nothing more below the cards of a build in a channel; what waits to be said is dropped."""
    build = sa.select(builds.c.id).where(builds.c.pipeline == pipeline, builds.c.number == number)
    those = sa.select(cards.c.id).where(cards.c.channel == channel, cards.c.build_id.in_(build))
    waiting = (notices.c.card_id.in_(those), notices.c.state == "due", notices.c.intent_at.is_(None))
    await tx.execute(sa.update(notices).where(*waiting).values(state="dropped", due_at=None))
    await tx.execute(sa.update(cards).where(cards.c.id.in_(those)).values(muted=True, due_at=now))
    found = await tx.execute(_SELECT_CARDS.where(cards.c.id.in_(those)))
    return tuple(card_from_row(row) for row in found.mappings())


async def mark_cards_due(tx: Tx, build_ids: Sequence[str], due: datetime) -> None:
    """What is known of builds has changed: their cards are to be drawn again."""
    if build_ids:
        await tx.execute(_mark_due(tx.dialect.name), {"at": due, **bind_among(tx, build_ids)})


@cache
def _mark_due(dialect: str) -> sa.Update:
    live = (is_among(dialect, cards.c.build_id), cards.c.state == "live")
    return sa.update(cards).where(*live).values(due_at=_AT)


async def mark_counts_due(tx: Tx, build_ids: Sequence[str], due: datetime) -> None:
    """Jobs went on that no card names: a card that is to be drawn anyway is drawn in its turn.

    A preview may be of one of these jobs.
    """
    if build_ids:
        given = {"at": due, "soon": due + RECHECK_AFTER, **bind_among(tx, build_ids)}
        await tx.execute(_mark_counts(tx.dialect.name), given)


@cache
def _mark_counts(dialect: str) -> sa.Update:
    waits = sa.and_(
        cards.c.origin != "unfurled", cards.c.due_at <= sa.bindparam("soon", type_=cards.c.due_at.type)
    )
    live = (
        is_among(dialect, cards.c.build_id),
        cards.c.state == "live",
        sa.or_(cards.c.due_at.is_(None), sa.not_(waits)),
    )
    return sa.update(cards).where(*live).values(due_at=_AT)


async def find_due_cards(tx: Tx, now: datetime, limit: int) -> tuple[tuple[Card, TrackedBuild | None], ...]:
    """Cards to draw, with what is known: of ended builds first, then those never posted, then the oldest."""
    ended = builds.c.phase.in_(AWAITED_PHASES)
    order = (ended.desc(), cards.c.ts.is_(None).desc(), cards.c.due_at, builds.c.number)
    found = await tx.execute(
        _SELECT_CARDS.join(builds, builds.c.id == cards.c.build_id)
        .where(cards.c.state == "live", cards.c.due_at <= now)
        .order_by(*order)
        .limit(limit)
    )
    wanted = [card_from_row(row) for row in found.mappings()]
    if not wanted:
        return ()
    theirs = builds.c.id.in_({card.build_id for card in wanted})
    found = await tx.execute(_SELECT_BUILDS.where(theirs))
    known = {row["id"]: build_from_row(row) for row in found.mappings()}
    return tuple((card, known.get(card.build_id)) for card in wanted)


async def postpone_card(tx: Tx, card: Card, due: datetime, **values: Any) -> None:
    """Not before `due`, unless more has become known meanwhile."""
    same = cards.c.due_at == card.due_at
    later = sa.case((same, sa.bindparam("later", due, cards.c.due_at.type)), else_=cards.c.due_at)
    await tx.execute(sa.update(cards).where(cards.c.id == card.id).values({"due_at": later, **values}))


async def update_card(tx: Tx, card_id: str, **values: Any) -> None:
    """Write columns of a card."""
    await tx.execute(sa.update(cards).where(cards.c.id == card_id).values(values))


async def mark_card_drawn(tx: Tx, card: Card, revision: int, again: datetime | None, **values: Any) -> None:
    """A card shows that revision now: it is due no more before `again`, unless more has become known meanwhile."""
    newest = sa.select(builds.c.revision).where(builds.c.id == card.build_id).scalar_subquery()
    same = sa.and_(newest == revision, cards.c.due_at == card.due_at)
    due = sa.case((same, sa.bindparam("again", again, cards.c.due_at.type)), else_=cards.c.due_at)
    change = {"due_at": due, "intent_at": None, "attempts": 0, **values}
    await tx.execute(sa.update(cards).where(cards.c.id == card.id).values(change))


async def find_due_messages(tx: Tx, now: datetime, limit: int, hold: timedelta) -> tuple[QueuedMessage, ...]:
    """Notices to post, oldest first, but for ends of builds in doubt that are not yet held so long."""
    found = await tx.execute(
        sa.select(notices)
        .where(notices.c.state == "due", notices.c.due_at <= now)
        .where(sa.not_(sa.and_(_IS_UNCONFIRMED_END, notices.c.created_at > now - hold)))
        .order_by(notices.c.id)
        .limit(limit)
    )
    return tuple(message_from_row(row) for row in found.mappings())


async def delete_message(tx: Tx, message_id: int) -> None:
    """As if it had never been wanted."""
    await tx.execute(sa.delete(notices).where(notices.c.id == message_id))


async def revive_reply(tx: Tx, card_id: str, kind: str, generation: int, now: datetime) -> None:
    """Say below a card after all what it was spared."""
    spared = (notices.c.card_id == card_id, notices.c.kind == kind, notices.c.episode == generation)
    never = (notices.c.state == "dropped", notices.c.ts.is_(None), notices.c.intent_at.is_(None))
    await tx.execute(sa.update(notices).where(*spared, *never).values(state="due", due_at=now, created_at=now))


async def update_message(tx: Tx, message_id: int, **values: Any) -> None:
    """Write columns of a notice."""
    await tx.execute(sa.update(notices).where(notices.c.id == message_id).values(values))


async def find_next_card_due(tx: Tx) -> datetime | None:
    """When the next card is to be looked at."""
    when: datetime | None = await tx.scalar(sa.select(sa.func.min(cards.c.due_at)).where(cards.c.state == "live"))
    return when


async def find_next_message_due(tx: Tx, now: datetime, hold: timedelta) -> datetime | None:
    """When the next notice is to be looked at: what is held for doubt, at the latest when it is held no longer."""
    held = sa.and_(_IS_UNCONFIRMED_END, notices.c.created_at > now - hold)
    free = sa.func.min(sa.case((sa.not_(held), notices.c.due_at)))
    oldest = sa.func.min(sa.case((held, notices.c.created_at)))
    found = (await tx.execute(sa.select(free, oldest).where(notices.c.state == "due"))).one()
    return min((at for at in (found[0], found[1] and found[1] + hold) if at), default=None)


async def count_due_messages(tx: Tx, now: datetime) -> int:
    """How many cards and notices are behind."""
    late = (cards.c.state == "live", cards.c.due_at <= now)
    unsaid = (notices.c.state == "due", notices.c.due_at <= now)
    first = await tx.scalar(sa.select(sa.func.count()).select_from(cards).where(*late)) or 0
    return first + (await tx.scalar(sa.select(sa.func.count()).select_from(notices).where(*unsaid)) or 0)


async def record_card_event(tx: Tx, card: Card, transition: str, now: datetime, detail: dict[str, Any]) -> None:
    """One row on a card: what became of it, for the one who asked for it."""
    await tx.execute(
        sa.insert(audit).values(
            at=now,
            user_id=card.asked_by,
            channel=card.thread.channel,
            thread_ts=card.thread.ts or card.ts,
            operation="card",
            transition=transition,
            detail={**detail, "card": card.id, "build": card.build_id},
        )
    )
