"""Queries on what people are told by direct message: who asked where, and who wants to be called for approvals."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from bot.notifications.direct.model import APPROVALS, is_personal, personal_rule_id
from bot.notifications.reminders.queries import save_reminder
from bot.notifications.subscriptions.model import Subscription
from bot.notifications.subscriptions.queries import find_all_subscriptions, find_subscription
from bot.slack.types import Thread
from bot.store.tables import cards, notices
from bot.store.transactions import Tx

# The kind of reminder that calls people to a proposal.
APPROVAL_CALL = "approval"


async def find_askers(tx: Tx, build_id: str) -> frozenset[str]:
    """Those who are told of a build already: where they asked for it, or for its card."""
    told = (cards.c.state == "live", sa.not_(cards.c.muted), cards.c.asked_by.is_not(None))
    return frozenset(await tx.scalars(sa.select(cards.c.asked_by).where(cards.c.build_id == build_id, *told)))


async def has_direct_card(tx: Tx, build_id: str, team: str, user: str, state: str) -> bool:
    """Whether a person has a card of the build in their DM, and wants to be told there of this state."""
    id_ = personal_rule_id(team, user)
    live = (cards.c.state == "live", sa.not_(cards.c.muted), cards.c.subscription == id_)
    there = await tx.scalar(sa.select(sa.func.count()).where(cards.c.build_id == build_id, *live))
    subscription = await find_subscription(tx, id_) if there else None
    return subscription is not None and state in subscription.states


async def find_call_recipients(tx: Tx) -> tuple[Subscription, ...]:
    """The wishes of those who want to be called when an approval waits for them."""
    return tuple(
        all_subscription
        for all_subscription in await find_all_subscriptions(tx)
        if is_personal(all_subscription.id) and APPROVALS in all_subscription.states
    )


async def schedule_call(tx: Tx, proposal_id: str, thread: Thread, requester: str, now: datetime) -> None:
    """Schedule the direct messages to approvers, in the transaction that opens the proposal."""
    id_ = f"{APPROVAL_CALL}:{proposal_id}"
    await save_reminder(tx, id_, APPROVAL_CALL, proposal_id, thread, requester, {}, now, now)


async def silence_subscription(tx: Tx, subscription_id: str, now: datetime) -> None:
    """Say nothing more below the cards that it posted; what waits to be said is dropped."""
    those = sa.select(cards.c.id).where(cards.c.subscription == subscription_id, cards.c.state == "live")
    waiting = (notices.c.card_id.in_(those), notices.c.state == "due", notices.c.intent_at.is_(None))
    await tx.execute(sa.update(notices).where(*waiting).values(state="dropped", due_at=None))
    await tx.execute(sa.update(cards).where(cards.c.id.in_(those)).values(muted=True, due_at=now))
