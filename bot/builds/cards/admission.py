"""Whether a card that nobody asked for may be posted now: a post pings, and cannot be taken back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

import structlog

from bot.access.policy.decide import decide
from bot.access.policy.rules import Allow, Rules, Target
from bot.buildkite.models import Build
from bot.builds.cards.queries import update_card, withdraw_card
from bot.builds.cards.subscribed_cards import SubscriptionMatcher
from bot.builds.fold.build_fold import BuildFold
from bot.builds.model import Card, TrackedBuild
from bot.errors import Unavailable
from bot.history.model import run_from_build
from bot.history.queries import has_later_verdict
from bot.notifications.direct.model import is_personal, known_addresses
from bot.notifications.queries import find_channel_settings
from bot.notifications.subscriptions.index import SubscriptionCache
from bot.notifications.subscriptions.model import Subscription
from bot.notifications.subscriptions.queries import find_subscription
from bot.operations.operation import Operation
from bot.runtime.clock import Clock
from bot.slack.blockkit.blocks import message, section
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md
from bot.slack.posting import Later, Never
from bot.slack.queries import enqueue_message
from bot.slack.types import Actor, Thread, Via
from bot.store.transactions import Transactions, Tx

# An edit can be taken back, a ping cannot: nothing is posted in doubt, but for doubt that lasts this long.
DOUBT_HOLDS = timedelta(seconds=10)
_BREATH, _SLACK_SILENT = 0.5, 30.0
Who = Callable[[str, Thread, Via], Awaitable[Actor]]
Direct = Callable[[str, str], Awaitable[Thread]]
log = structlog.stdlib.get_logger(__name__)


class Admission:
    """`reads` is the operation whose permission a subscription's maker needs for what it posts.

    `who` says who somebody is at this moment, `direct` gives the DM with a person; both raise Unavailable.
    """

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        subscribers: SubscriptionCache,
        who: Who,
        rules: Callable[[], Rules],
        reads: Operation,
        direct: Direct,
        bot: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._subscribers = subscribers
        self._who = who
        self._rules = rules
        self._reads = reads
        self._direct = direct
        self._bot = bot

    async def card(self, card: Card, tracked: TrackedBuild) -> Later | Never | None:
        """Later, never as things are, or now (None)."""
        now = self._clock.now()
        doubted = tracked.unconfirmed and now - (card.created_at or now) < DOUBT_HOLDS
        if doubted:
            return Later(_BREATH)
        async with self._store.read() as tx:
            wanting = await self._wanting(tx, card, tracked, now)
            overtaken = any(item.quiet for item in wanting) and await has_later_verdict(tx, tracked.build)
        if not wanting or overtaken:
            return Never("overtaken" if overtaken else "not wanted")
        if quiet := _quiet(wanting, now):
            return Later((quiet - now).total_seconds())
        try:
            allowed = [item for item in wanting if await self._may(item, tracked, now)]
        except Unavailable:
            return Later(_SLACK_SILENT)
        if not allowed:
            return Never("not allowed")
        await self._take_for_true(tracked)
        return None

    async def reply(self, card: Card, tracked: TrackedBuild) -> Later | Never | None:
        """The same for what is said below such a card: quiet hours hold it, a mute drops it.

        In the DM with a person only what that person wants to be told of is said.
        """
        now = self._clock.now()
        async with self._store.read() as tx:
            if is_personal(card.subscription) and not await self._wanting(tx, card, tracked, now):
                return Never("not wanted")
            chosen = await find_channel_settings(tx, card.thread.team, card.thread.channel)
            rule = await find_subscription(tx, card.subscription) if card.subscription else None
        if chosen.muted(now) or (rule and rule.muted(now)):
            return Never("muted")
        quiet = rule.quiet_until(now) if rule else None
        return Later((quiet - now).total_seconds()) if quiet else None

    async def withdraw(self, card: Card) -> None:
        """As if it had never been wanted, unless more has become known meanwhile."""
        async with self._store.write() as tx:
            await withdraw_card(tx, card)

    async def unpostable(self, card: Card, problem: str) -> None:
        """The bot is not where the card belongs: whoever made the subscription is told, once."""
        async with self._store.read() as tx:
            rule = await find_subscription(tx, card.subscription) if card.subscription else None
        door = await self._door(rule)
        async with self._store.write() as tx:
            await update_card(tx, card.id, state="retired", due_at=None, intent_at=None)
            if rule and door:
                text = _uninvited(rule, self._bot)
                body = asdict(message(text, [section(text, block_id="uninvited")]))
                await enqueue_message(tx, f"uninvited:{rule.id}", "answer", door, self._clock.now(), body=body)
        log.warning("subscription cannot post", subscription=card.subscription, code=problem)

    async def _door(self, rule: Subscription | None) -> Thread | None:
        if rule is None or not rule.created_by:
            return None
        try:
            return await self._direct(rule.team, rule.created_by)
        except Unavailable:
            return None

    async def _wanting(self, tx: Tx, card: Card, tracked: TrackedBuild, now: datetime) -> tuple[Subscription, ...]:
        """The subscriptions of the card's channel that want the build as it is known now."""
        chosen = await find_channel_settings(tx, card.thread.team, card.thread.channel)
        if tracked.deleted or chosen.muted(now):
            return ()
        return _of(
            await SubscriptionMatcher(await self._subscribers.index(tx), now).wanting(tx, tracked.build), card
        )

    async def _may(self, subscription: Subscription, tracked: TrackedBuild, now: datetime) -> bool:
        """What stands in the file was allowed by who wrote it; else its maker must be allowed to read it there."""
        if not subscription.created_by:
            return True
        actor = await self._who(
            subscription.created_by, Thread(subscription.team, subscription.channel), "schedule"
        )
        if is_personal(subscription.id) and not self._theirs(actor, tracked.build):
            return False
        target = Target(tracked.build.ref.pipeline, tracked.build.branch)
        return isinstance(decide(self._rules(), actor, self._reads, target, now), Allow)

    def _theirs(self, actor: Actor, build: Build) -> bool:
        """Whether an address that they have now, not one that they once had, is on the build."""
        run = run_from_build(build, self._clock.now())
        mine = known_addresses(actor.id, [actor.email], self._subscribers.owners())
        return not mine.isdisjoint({run.creator, run.author})

    async def _take_for_true(self, tracked: TrackedBuild) -> None:
        """An end that is told in doubt is taken for true, so that a later life is a new one."""
        if tracked.unconfirmed and tracked.build.settled:
            async with self._store.write() as tx:
                await BuildFold(self._clock.now(), alive=True).assume_end(tx, tracked.build.id)


def _of(found: Sequence[Subscription], card: Card) -> tuple[Subscription, ...]:
    return tuple(item for item in found if (item.team, item.channel) == (card.thread.team, card.thread.channel))


def _quiet(wanting: Sequence[Subscription], now: datetime) -> datetime | None:
    """When the first of them may speak; None: one may now."""
    until = [item.quiet_until(now) for item in wanting]
    held = [moment for moment in until if moment is not None]
    return min(held) if len(held) == len(until) else None


def _uninvited(rule: Subscription, bot: str) -> Mrkdwn:
    return md(
        "I cannot post in {channel}, where you subscribed to {pipeline}. Type {invite} there; the subscription is "
        "kept, and posts what comes after that.",
        channel=Mrkdwn(f"<#{rule.channel}>") if rule.channel.isalnum() else "that channel",
        pipeline=code(rule.pipeline),
        invite=code(f"/invite @{bot}"),
    )
