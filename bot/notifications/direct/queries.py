"""Queries on direct messages: who already follows a build, and who wants to hear about approvals."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from bot.notifications.direct.model import APPROVALS, is_personal, make_personal_rule_id
from bot.notifications.reminders.queries import DueReminder, save_reminder
from bot.notifications.subscriptions.model import Subscription
from bot.notifications.subscriptions.queries import find_all_subscriptions, find_subscription
from bot.slack.types import Thread
from bot.store.tables import cards, notices
from bot.store.transactions import Tx

# The kind of reminder that notifies approvers of a proposal.
APPROVAL_CALL = "approval"


async def find_requesters(tx: Tx, build_id: str) -> frozenset[str]:
    """Return the people who already follow a build, because they started it or asked for its card."""
    notified = (cards.c.state == "live", sa.not_(cards.c.muted), cards.c.asked_by.is_not(None))
    return frozenset(await tx.scalars(sa.select(cards.c.asked_by).where(cards.c.build_id == build_id, *notified)))


async def has_direct_card(tx: Tx, build_id: str, team: str, user: str, state: str) -> bool:
    """Return whether a person has the build's card in their DM and is notified there about this state."""
    id_ = make_personal_rule_id(team, user)
    live = (cards.c.state == "live", sa.not_(cards.c.muted), cards.c.subscription == id_)
    there = await tx.scalar(sa.select(sa.func.count()).where(cards.c.build_id == build_id, *live))
    subscription = await find_subscription(tx, id_) if there else None
    return subscription is not None and state in subscription.states


async def find_call_recipients(tx: Tx) -> tuple[Subscription, ...]:
    """Return the personal rules of people who want to hear about approvals waiting for them."""
    return tuple(
        subscription
        for subscription in await find_all_subscriptions(tx)
        if is_personal(subscription.id) and APPROVALS in subscription.states
    )


async def schedule_call(tx: Tx, proposal_id: str, thread: Thread, requester: str, now: datetime) -> None:
    """Schedule the direct messages to approvers, in the transaction that opens the proposal."""
    id_ = f"{APPROVAL_CALL}:{proposal_id}"
    await save_reminder(tx, DueReminder(id_, APPROVAL_CALL, proposal_id, thread, requester, {}, now), now)


async def silence_subscription(tx: Tx, subscription_id: str, now: datetime) -> None:
    """Mute the cards that a subscription posted, and drop their queued replies.

    A reply whose sending has begun stays: it may have reached Slack, and only the outbox can find out.
    """
    those = sa.select(cards.c.id).where(cards.c.subscription == subscription_id, cards.c.state == "live")
    waiting = (notices.c.card_id.in_(those), notices.c.state == "due", notices.c.intent_at.is_(None))
    await tx.execute(sa.update(notices).where(*waiting).values(state="dropped", due_at=None))
    await tx.execute(sa.update(cards).where(cards.c.id.in_(those)).values(muted=True, due_at=now))
