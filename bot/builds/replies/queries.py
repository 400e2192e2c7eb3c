"""Queries on the outbox: replies and public answers to post once.

The outbox is the table `notices`, which keeps its first name.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.builds.model import QueuedMessage
from bot.builds.replies.kinds import END_KINDS
from bot.builds.rows import message_from_row
from bot.slack.blockkit.blocks import Message
from bot.slack.drafts import Postponement
from bot.store.tables import builds, cards, notices
from bot.store.transactions import Tx

# Messages to post are `due`, posted ones to edit are `stale`.
_OPEN = ("due", "stale")
# An end that no read has confirmed yet.
_IS_UNCONFIRMED_END = sa.and_(
    notices.c.kind.in_(END_KINDS),
    notices.c.intent_at.is_(None),
    sa.exists()
    .where(cards.c.id == notices.c.card_id, builds.c.id == cards.c.build_id)
    .where(builds.c.doubt > builds.c.settled),
)


async def find_due_messages(tx: Tx, now: datetime, limit: int, hold: timedelta) -> tuple[QueuedMessage, ...]:
    """Return messages to post or edit, oldest first, without unconfirmed ends younger than `hold`."""
    found = await tx.execute(
        sa.select(notices)
        .where(notices.c.state.in_(_OPEN), notices.c.due_at <= now)
        .where(sa.not_(sa.and_(_IS_UNCONFIRMED_END, notices.c.created_at > now - hold)))
        .order_by(notices.c.id)
        .limit(limit)
    )
    return tuple(message_from_row(row) for row in found.mappings())


async def find_next_message_due(tx: Tx, now: datetime, hold: timedelta) -> datetime | None:
    """Return when the next queued message is due; an unconfirmed end at the latest after `hold`."""
    held = sa.and_(_IS_UNCONFIRMED_END, notices.c.created_at > now - hold)
    free = sa.func.min(sa.case((sa.not_(held), notices.c.due_at)))
    oldest = sa.func.min(sa.case((held, notices.c.created_at)))
    found = (await tx.execute(sa.select(free, oldest).where(notices.c.state.in_(_OPEN)))).one()
    return min((at for at in (found[0], found[1] and found[1] + hold) if at), default=None)


async def mark_message_begun(tx: Tx, queued: QueuedMessage, now: datetime) -> None:
    """Record that the message is about to be posted."""
    await tx.execute(_update_message(queued).values(intent_at=now))


async def mark_message_posted(tx: Tx, queued: QueuedMessage, ts: str, body: Message | None) -> None:
    """Record that the message is in Slack; `body` is kept of a reply whose buttons may be withdrawn later.

    An answer whose buttons were withdrawn while it was being posted is to be edited. A reply is drawn once more:
    its build may have changed meanwhile.
    """
    is_outdated = sa.true() if body else notices.c.about.is_distinct_from(queued.about)
    due = sa.case((is_outdated, notices.c.due_at), else_=None)
    change = {"ts": ts, "state": sa.case((is_outdated, "stale"), else_="done"), "due_at": due, "intent_at": None}
    kept = {"body": asdict(body)} if body else {}
    await tx.execute(_update_message(queued).values({**change, **kept}))


async def mark_message_edited(tx: Tx, queued: QueuedMessage, body: Message | None) -> None:
    """Record what the message shows now, unless it's to be edited again; None if no button is left to withdraw."""
    change = {"state": "done", "due_at": None, "attempts": 0, "body": asdict(body) if body else sa.null()}
    await tx.execute(_update_message(queued).where(notices.c.due_at == queued.due_at).values(change))


async def mark_replies_outdated(tx: Tx, card_id: str, now: datetime) -> None:
    """Mark the replies to a card that have buttons: those that make no sense any more are to be removed."""
    has_buttons = (notices.c.card_id == card_id, notices.c.state == "done", notices.c.body.is_not(None))
    await tx.execute(sa.update(notices).where(*has_buttons).values(state="stale", due_at=now))


async def postpone_message(tx: Tx, queued: QueuedMessage, postponement: Postponement) -> None:
    """Post the message later, unless it was dropped meanwhile."""
    change = {"due_at": postponement.due_at, "attempts": postponement.attempts}
    kept = {} if postponement.keeps_intent else {"intent_at": None}
    await tx.execute(_update_message(queued).where(notices.c.state.in_(_OPEN)).values({**change, **kept}))


async def move_message(tx: Tx, queued: QueuedMessage, channel: str, now: datetime) -> None:
    """Post the message in another channel, because it can't be posted in its own."""
    await tx.execute(_update_message(queued).values(channel=channel, thread_ts="", intent_at=None, due_at=now))


async def drop_message(tx: Tx, queued: QueuedMessage) -> None:
    """Never post the message."""
    await tx.execute(_update_message(queued).values(state="dropped", due_at=None))


def _update_message(queued: QueuedMessage) -> sa.Update:
    return sa.update(notices).where(notices.c.id == queued.id)


async def delete_message(tx: Tx, queued: QueuedMessage) -> None:
    """Delete a queued message, as if it had never been queued."""
    await tx.execute(sa.delete(notices).where(notices.c.id == queued.id))


async def revive_reply(tx: Tx, card_id: str, kind: str, generation: int, now: datetime) -> None:
    """Queue a reply that was recorded but not posted."""
    reply = (notices.c.card_id == card_id, notices.c.kind == kind, notices.c.episode == generation)
    unposted = (notices.c.state == "dropped", notices.c.ts.is_(None), notices.c.intent_at.is_(None))
    await tx.execute(sa.update(notices).where(*reply, *unposted).values(state="due", due_at=now, created_at=now))
