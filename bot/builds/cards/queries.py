"""Queries on cards: messages as they should be, and as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache

import sqlalchemy as sa

from bot.builds.cards.update_order import RECHECK_AFTER
from bot.builds.model import Card, DrawnCard, DueCard, NewCard
from bot.builds.queries import BUILD_COLUMNS
from bot.builds.replies.kinds import AWAITED_PHASES
from bot.builds.rows import build_from_row, card_from_row, card_values
from bot.runtime.json_types import JsonObject
from bot.slack.drafts import Postponement
from bot.store.sql import bind_among, insert_into, is_among
from bot.store.tables import builds, cards, notices
from bot.store.tables_people import audit
from bot.store.transactions import Tx

_SELECT_BUILDS = sa.select(*BUILD_COLUMNS)
_SELECT_CARDS = sa.select(cards)
_AT = sa.bindparam("at", type_=cards.c.due_at.type)


async def ensure_card(tx: Tx, build_id: str, new: NewCard, now: datetime) -> Card:
    """Return the card for this build in this place: the new one, or the one that is there already."""
    values = {
        **card_values(new),
        "build_id": build_id,
        "due_at": None if new.retired else now,
        "created_at": now,
    }
    await tx.execute(insert_into(tx, cards).values(values).on_conflict_do_nothing())
    place = (cards.c.channel == new.thread.channel, cards.c.thread_ts == (new.thread.ts or ""))
    found = await tx.execute(_SELECT_CARDS.where(cards.c.build_id == build_id, *place))
    return card_from_row(found.mappings().one())


async def find_card(tx: Tx, card_id: str) -> Card | None:
    """Return a card by its id."""
    row = (await tx.execute(_SELECT_CARDS.where(cards.c.id == card_id))).mappings().one_or_none()
    return card_from_row(row) if row else None


async def has_unposted_answer(tx: Tx, card: Card) -> bool:
    """Return whether the request for a card also has a public answer that isn't posted yet."""
    answer = sa.select(sa.literal("answer:") + cards.c.invocation).where(cards.c.id == card.id).scalar_subquery()
    query = sa.select(notices.c.id).where(notices.c.key == answer, notices.c.state == "due")
    return await tx.scalar(query) is not None


async def find_cards_of_build(tx: Tx, build_id: str) -> tuple[Card, ...]:
    """Return the live cards of a build."""
    found = await tx.execute(_SELECT_CARDS.where(cards.c.build_id == build_id, cards.c.state == "live"))
    return tuple(card_from_row(row) for row in found.mappings())


async def withdraw_card(tx: Tx, card: Card) -> None:
    """Delete a card that was never posted, unless it has become due again since it was read.

    A build without any other card is no longer polled.
    """
    unposted = (cards.c.id == card.id, cards.c.ts.is_(None), cards.c.intent_at.is_(None))
    deleted = await tx.execute(sa.delete(cards).where(*unposted, cards.c.due_at == card.due_at))
    if not deleted.rowcount:
        return
    await tx.execute(sa.delete(notices).where(notices.c.card_id == card.id))
    other = sa.exists().where(cards.c.build_id == card.build_id)
    unneeded = (builds.c.id == card.build_id, sa.not_(other))
    await tx.execute(sa.update(builds).where(*unneeded).values(followed=False, followed_at=None, read_due=None))


async def retire_preview(tx: Tx, card: Card) -> None:
    """Stop updating a link preview, and polling its build if no other card needs it."""
    await retire_card(tx, card)
    needed = sa.or_(cards.c.origin != "unfurled", cards.c.state == "live")
    other = sa.exists().where(cards.c.build_id == card.build_id, cards.c.id != card.id, needed)
    unneeded = (builds.c.id == card.build_id, sa.not_(other))
    await tx.execute(sa.update(builds).where(*unneeded).values(followed=False, followed_at=None, read_due=None))


async def mute_cards(tx: Tx, channel: str, pipeline: str, number: int, now: datetime) -> tuple[Card, ...]:
    """Mute the cards of a build in a channel: drop their queued replies, and allow no more."""
    build = sa.select(builds.c.id).where(builds.c.pipeline == pipeline, builds.c.number == number)
    muted = sa.select(cards.c.id).where(cards.c.channel == channel, cards.c.build_id.in_(build))
    queued = (notices.c.card_id.in_(muted), notices.c.state == "due", notices.c.intent_at.is_(None))
    await tx.execute(sa.update(notices).where(*queued).values(state="dropped", due_at=None))
    await tx.execute(sa.update(cards).where(cards.c.id.in_(muted)).values(muted=True, due_at=now))
    found = await tx.execute(_SELECT_CARDS.where(cards.c.id.in_(muted)))
    return tuple(card_from_row(row) for row in found.mappings())


async def mark_cards_due(tx: Tx, build_ids: Sequence[str], due: datetime) -> None:
    """Mark the cards of these builds to be drawn again."""
    if build_ids:
        await tx.execute(_mark_due(tx.dialect.name), {"at": due, **bind_among(tx, build_ids)})


async def mark_cards_of_build_due(tx: Tx, pipeline: str, number: int, due: datetime) -> None:
    """Mark the cards of a build to be drawn again, because of something that isn't known from Buildkite."""
    build = sa.select(builds.c.id).where(builds.c.pipeline == pipeline, builds.c.number == number)
    live = (cards.c.build_id.in_(build), cards.c.state == "live")
    await tx.execute(sa.update(cards).where(*live).values(due_at=due))


async def find_posted_cards(tx: Tx, channel: str, pipeline: str, number: int) -> tuple[Card, ...]:
    """Return the cards of a build that a channel shows, newest first, without link previews."""
    build = sa.select(builds.c.id).where(builds.c.pipeline == pipeline, builds.c.number == number)
    posted = (cards.c.build_id.in_(build), cards.c.channel == channel, cards.c.ts.is_not(None))
    wanted = (cards.c.state == "live", cards.c.origin != "unfurled")
    found = await tx.execute(_SELECT_CARDS.where(*posted, *wanted).order_by(cards.c.created_at.desc()))
    return tuple(card_from_row(row) for row in found.mappings())


@cache
def _mark_due(dialect: str) -> sa.Update:
    live = (is_among(dialect, cards.c.build_id), cards.c.state == "live")
    return sa.update(cards).where(*live).values(due_at=_AT)


async def mark_counts_due(tx: Tx, build_ids: Sequence[str], due: datetime) -> None:
    """Mark the cards of builds of which only the job counts have changed.

    A card that is due soon anyway keeps its time, or a build with many jobs would put it off again and again. Link
    previews are always marked, since one may show a job that has changed.
    """
    if build_ids:
        bound = {"at": due, "soon": due + RECHECK_AFTER, **bind_among(tx, build_ids)}
        await tx.execute(_mark_counts(tx.dialect.name), bound)


@cache
def _mark_counts(dialect: str) -> sa.Update:
    is_due_soon = sa.and_(
        cards.c.origin != "unfurled", cards.c.due_at <= sa.bindparam("soon", type_=cards.c.due_at.type)
    )
    live = (
        is_among(dialect, cards.c.build_id),
        cards.c.state == "live",
        sa.or_(cards.c.due_at.is_(None), sa.not_(is_due_soon)),
    )
    return sa.update(cards).where(*live).values(due_at=_AT)


async def find_due_cards(tx: Tx, now: datetime, limit: int) -> tuple[DueCard, ...]:
    """Return cards to draw, each with its tracked build.

    Ended builds come first, then cards that were never posted, then those due for longest.
    """
    ended = builds.c.phase.in_(AWAITED_PHASES)
    order = (ended.desc(), cards.c.ts.is_(None).desc(), cards.c.due_at, builds.c.number)
    found = await tx.execute(
        _SELECT_CARDS.join(builds, builds.c.id == cards.c.build_id)
        .where(cards.c.state == "live", cards.c.due_at <= now)
        .order_by(*order)
        .limit(limit)
    )
    due_cards = [card_from_row(row) for row in found.mappings()]
    if not due_cards:
        return ()
    found = await tx.execute(_SELECT_BUILDS.where(builds.c.id.in_({card.build_id for card in due_cards})))
    tracked = {row["id"]: build_from_row(row) for row in found.mappings()}
    return tuple(DueCard(card, tracked.get(card.build_id)) for card in due_cards)


async def postpone_card(tx: Tx, card: Card, postponement: Postponement) -> None:
    """Draw the card later, unless it has become due again meanwhile."""
    is_unchanged = cards.c.due_at == card.due_at
    later = sa.bindparam("later", postponement.due_at, cards.c.due_at.type)
    change = {"due_at": sa.case((is_unchanged, later), else_=cards.c.due_at), "attempts": postponement.attempts}
    kept = {} if postponement.keeps_intent else {"intent_at": None}
    await tx.execute(_update_card(card.id).values({**change, **kept}))


async def mark_card_begun(tx: Tx, card: Card, now: datetime) -> None:
    """Record that the card is about to be posted."""
    await tx.execute(_update_card(card.id).values(intent_at=now))


async def mark_card_found(tx: Tx, card: Card, ts: str, now: datetime) -> None:
    """Record that an earlier attempt posted the card, with an older state: it is due to be drawn again."""
    await tx.execute(_update_card(card.id).values(ts=ts, shown=None, intent_at=None, attempts=0, due_at=now))


async def mark_card_drawn(tx: Tx, card: Card, drawn: DrawnCard) -> None:
    """Record what the card shows; it stays due if the build or card has changed meanwhile."""
    newest = sa.select(builds.c.revision).where(builds.c.id == card.build_id).scalar_subquery()
    is_unchanged = sa.and_(newest == drawn.revision, cards.c.due_at == card.due_at)
    redraw_at = sa.bindparam("redraw_at", drawn.redraw_at, cards.c.due_at.type)
    due = sa.case((is_unchanged, redraw_at), else_=cards.c.due_at)
    change = {"ts": drawn.ts, "shown": drawn.shown, "due_at": due, "intent_at": None, "attempts": 0}
    end = {"state": "retired"} if drawn.is_final else {}
    await tx.execute(_update_card(card.id).values({**change, **end}))


async def adopt_card(tx: Tx, card: Card, new: NewCard, now: datetime) -> None:
    """Make the card of a subscription that of a person who asks for its build in the same place."""
    change = {
        "origin": new.origin,
        "asked_by": new.asked_by,
        "agent": new.agent,
        "invocation": new.invocation,
        "watching": new.watching,
        "subscription": None,
        "updates": new.updates,
        "broadcast": new.broadcast,
        "due_at": now,
    }
    await tx.execute(_update_card(card.id).values(change))


async def move_card(tx: Tx, card: Card, channel: str, now: datetime) -> None:
    """Post the card in another channel, because it can't be posted in its own."""
    await tx.execute(_update_card(card.id).values(channel=channel, thread_ts="", due_at=now, intent_at=None))


async def repost_card(tx: Tx, card: Card, now: datetime) -> None:
    """Post the card once more, because its message can't be edited any more."""
    await tx.execute(_update_card(card.id).values(ts=None, shown=None, reposts=1, due_at=now))


async def retire_card(tx: Tx, card: Card) -> None:
    """Never draw the card again."""
    await tx.execute(_update_card(card.id).values(state="retired", due_at=None, intent_at=None))


async def mark_card_gone(tx: Tx, card: Card) -> None:
    """Record that the message isn't there any more, or isn't ours to edit."""
    await tx.execute(_update_card(card.id).values(state="gone", due_at=None))


async def add_card_mention(tx: Tx, card: Card, user: str, now: datetime) -> None:
    """Mention the build's author on the card."""
    await tx.execute(_update_card(card.id).values(mentions=user, due_at=now))


def _update_card(card_id: str) -> sa.Update:
    return sa.update(cards).where(cards.c.id == card_id)


async def find_next_card_due(tx: Tx) -> datetime | None:
    """Return when the next card is due."""
    when: datetime | None = await tx.scalar(sa.select(sa.func.min(cards.c.due_at)).where(cards.c.state == "live"))
    return when


async def count_due_messages(tx: Tx, now: datetime) -> int:
    """Return how many cards and queued messages are overdue."""
    due_cards = (cards.c.state == "live", cards.c.due_at <= now)
    due_messages = (notices.c.state == "due", notices.c.due_at <= now)
    count = await tx.scalar(sa.select(sa.func.count()).select_from(cards).where(*due_cards)) or 0
    return count + (await tx.scalar(sa.select(sa.func.count()).select_from(notices).where(*due_messages)) or 0)


async def record_card_event(tx: Tx, card: Card, transition: str, now: datetime, detail: JsonObject) -> None:
    """Write an audit row about a card: what happened to it, for the requester."""
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
