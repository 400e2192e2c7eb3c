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
from bot.slack.posting import PostDelayed, PostRejected
from bot.slack.queries import enqueue_message
from bot.slack.types import Actor, Thread, Via
from bot.store.transactions import Transactions, Tx

# An edit can be taken back, a ping cannot: nothing is posted in doubt, but for doubt that lasts this long.
UNCONFIRMED_HOLD = timedelta(seconds=10)
_RECHECK_SECONDS, _SLACK_RETRY_SECONDS = 0.5, 30.0
FindActor = Callable[[str, Thread, Via], Awaitable[Actor]]
OpenDirectMessage = Callable[[str, str], Awaitable[Thread]]
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
        find_actor: FindActor,
        rules: Callable[[], Rules],
        read_operation: Operation,
        open_direct_message: OpenDirectMessage,
        bot: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._subscribers = subscribers
        self._find_actor = find_actor
        self._rules = rules
        self._read_operation = read_operation
        self._open_direct_message = open_direct_message
        self._bot = bot

    async def check_card(self, card: Card, tracked: TrackedBuild) -> PostDelayed | PostRejected | None:
        """Later, never as things are, or now (None)."""
        now = self._clock.now()
        doubted = tracked.unconfirmed and now - (card.created_at or now) < UNCONFIRMED_HOLD
        if doubted:
            return PostDelayed(_RECHECK_SECONDS)
        async with self._store.read() as tx:
            wanting = await self._find_wanting(tx, card, tracked, now)
            overtaken = any(item.quiet for item in wanting) and await has_later_verdict(tx, tracked.build)
        if not wanting or overtaken:
            return PostRejected("overtaken" if overtaken else "not wanted")
        if quiet := _find_quiet_end(wanting, now):
            return PostDelayed((quiet - now).total_seconds())
        try:
            allowed = [item for item in wanting if await self._may_read(item, tracked, now)]
        except Unavailable:
            return PostDelayed(_SLACK_RETRY_SECONDS)
        if not allowed:
            return PostRejected("not allowed")
        await self._assume_end(tracked)
        return None

    async def check_reply(self, card: Card, tracked: TrackedBuild) -> PostDelayed | PostRejected | None:
        """The same for what is said below such a card: quiet hours hold it, a mute drops it.

        In the DM with a person only what that person wants to be told of is said.
        """
        now = self._clock.now()
        async with self._store.read() as tx:
            if is_personal(card.subscription) and not await self._find_wanting(tx, card, tracked, now):
                return PostRejected("not wanted")
            chosen = await find_channel_settings(tx, card.thread.team, card.thread.channel)
            rule = await find_subscription(tx, card.subscription) if card.subscription else None
        if chosen.muted(now) or (rule and rule.muted(now)):
            return PostRejected("muted")
        quiet = rule.quiet_until(now) if rule else None
        return PostDelayed((quiet - now).total_seconds()) if quiet else None

    async def withdraw(self, card: Card) -> None:
        """As if it had never been wanted, unless more has become known meanwhile."""
        async with self._store.write() as tx:
            await withdraw_card(tx, card)

    async def retire_unpostable(self, card: Card, problem: str) -> None:
        """The bot is not where the card belongs: whoever made the subscription is told, once."""
        async with self._store.read() as tx:
            rule = await find_subscription(tx, card.subscription) if card.subscription else None
        door = await self._find_subscriber_thread(rule)
        async with self._store.write() as tx:
            await update_card(tx, card.id, state="retired", due_at=None, intent_at=None)
            if rule and door:
                text = _render_uninvited(rule, self._bot)
                body = asdict(message(text, [section(text, block_id="uninvited")]))
                await enqueue_message(tx, f"uninvited:{rule.id}", "answer", door, self._clock.now(), body=body)
        log.warning("subscription cannot post", subscription=card.subscription, code=problem)

    async def _find_subscriber_thread(self, rule: Subscription | None) -> Thread | None:
        if rule is None or not rule.created_by:
            return None
        try:
            return await self._open_direct_message(rule.team, rule.created_by)
        except Unavailable:
            return None

    async def _find_wanting(
        self, tx: Tx, card: Card, tracked: TrackedBuild, now: datetime
    ) -> tuple[Subscription, ...]:
        """The subscriptions of the card's channel that want the build as it is known now."""
        chosen = await find_channel_settings(tx, card.thread.team, card.thread.channel)
        if tracked.deleted or chosen.muted(now):
            return ()
        return _select_for_channel(
            await SubscriptionMatcher(await self._subscribers.index(tx), now).wanting(tx, tracked.build), card
        )

    async def _may_read(self, subscription: Subscription, tracked: TrackedBuild, now: datetime) -> bool:
        """What stands in the file was allowed by who wrote it; else its maker must be allowed to read it there."""
        if not subscription.created_by:
            return True
        actor = await self._find_actor(
            subscription.created_by, Thread(subscription.team, subscription.channel), "schedule"
        )
        if is_personal(subscription.id) and not self._is_own_build(actor, tracked.build):
            return False
        target = Target(tracked.build.ref.pipeline, tracked.build.branch)
        return isinstance(decide(self._rules(), actor, self._read_operation, target, now), Allow)

    def _is_own_build(self, actor: Actor, build: Build) -> bool:
        """Whether an address that they have now, not one that they once had, is on the build."""
        run = run_from_build(build, self._clock.now())
        mine = known_addresses(actor.id, [actor.email], self._subscribers.owners())
        return not mine.isdisjoint({run.creator, run.author})

    async def _assume_end(self, tracked: TrackedBuild) -> None:
        """An end that is told in doubt is taken for true, so that a later life is a new one."""
        if tracked.unconfirmed and tracked.build.inactive:
            async with self._store.write() as tx:
                await BuildFold(self._clock.now(), webhooks_arriving=True).assume_end(tx, tracked.build.id)


def _select_for_channel(found: Sequence[Subscription], card: Card) -> tuple[Subscription, ...]:
    return tuple(item for item in found if (item.team, item.channel) == (card.thread.team, card.thread.channel))


def _find_quiet_end(wanting: Sequence[Subscription], now: datetime) -> datetime | None:
    """When the first of them may speak; None: one may now."""
    until = [item.quiet_until(now) for item in wanting]
    held = [moment for moment in until if moment is not None]
    return min(held) if len(held) == len(until) else None


def _render_uninvited(rule: Subscription, bot: str) -> Mrkdwn:
    return md(
        "I cannot post in {channel}, where you subscribed to {pipeline}. Type {invite} there; the subscription is "
        "kept, and posts what comes after that.",
        channel=Mrkdwn(f"<#{rule.channel}>") if rule.channel.isalnum() else "that channel",
        pipeline=code(rule.pipeline),
        invite=code(f"/invite @{bot}"),
    )
