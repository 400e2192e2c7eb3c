"""Decides whether a card that only a subscription wants may be posted now.

A post notifies people and can't be taken back, so more is checked than for an edit: confirmation, quiet hours,
mutes, and the current permissions of the person who subscribed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import structlog

from bot.access.policy.rules import Target
from bot.access.read_permission import ReadPermission
from bot.buildkite.models import Build
from bot.builds.cards.queries import retire_card, withdraw_card
from bot.builds.cards.subscribed_cards import SubscriptionMatcher
from bot.builds.fold.build_fold import BuildFold
from bot.builds.fold.merge import lacks_job_details
from bot.builds.model import Card, TrackedBuild
from bot.errors import Unavailable
from bot.history.model import run_from_build
from bot.history.queries import has_later_verdict
from bot.notifications.direct.model import collect_addresses, is_personal
from bot.notifications.queries import find_channel_settings
from bot.notifications.subscriptions.index import SubscriptionCache
from bot.notifications.subscriptions.model import Subscription
from bot.notifications.subscriptions.queries import find_subscription
from bot.runtime.clock import Clock
from bot.slack.blockkit.blocks import message, section
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md
from bot.slack.drafts import Held, Withdrawn
from bot.slack.queries import enqueue_message
from bot.slack.types import Actor, Thread, Via
from bot.store.transactions import Transactions, Tx

# A wrong edit can be corrected, a notification can't: an unconfirmed end isn't posted until a read has confirmed
# it. If Buildkite doesn't answer within ten seconds, late news would be worse than the small risk of wrong news.
UNCONFIRMED_HOLD = timedelta(seconds=10)
_RECHECK_SECONDS, _SLACK_RETRY_SECONDS = 0.5, 30.0
FindActor = Callable[[str, Thread, Via], Awaitable[Actor]]
OpenDirectMessage = Callable[[str, str], Awaitable[Thread]]
log = structlog.stdlib.get_logger(__name__)


class Admission:
    """Checks cards of subscriptions, and replies to them, before they are posted.

    `permission` is the one that the subscriber needs. `find_actor` returns a person as they are now,
    `open_direct_message` the thread with a person; both raise Unavailable.
    """

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        subscribers: SubscriptionCache,
        find_actor: FindActor,
        permission: ReadPermission,
        open_direct_message: OpenDirectMessage,
        bot: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._subscribers = subscribers
        self._find_actor = find_actor
        self._permission = permission
        self._open_direct_message = open_direct_message
        self._bot = bot

    async def admit_card(self, card: Card, tracked: TrackedBuild) -> Held | Withdrawn | None:
        """Return None if the card may be posted now, or how long to hold it; withdraw it if it isn't wanted."""
        now = self._clock.now()
        if tracked.unconfirmed and now - (card.created_at or now) < UNCONFIRMED_HOLD:
            return Held(_RECHECK_SECONDS)
        # Only a list has shown the build: a subscription to a step can't tell yet whether it wants it.
        lacks_steps = lacks_job_details(tracked)
        async with self._store.read() as tx:
            wanting = await self._find_wanting(tx, card, tracked, now)
            if not wanting and lacks_steps and await self._find_wanting(tx, card, tracked, now, assume_steps=True):
                return Held(_RECHECK_SECONDS)
            # A card held back by quiet hours is no news once a later build has passed or failed.
            overtaken = any(rule.quiet for rule in wanting) and await has_later_verdict(tx, tracked.build)
        if not wanting or overtaken:
            return await self._withdraw(card)
        if quiet := _find_quiet_end(wanting, now):
            return Held((quiet - now).total_seconds())
        try:
            allowed = [rule for rule in wanting if await self._may_read(rule, tracked)]
        except Unavailable:
            return Held(_SLACK_RETRY_SECONDS)
        if not allowed:
            return await self._withdraw(card)
        await self._assume_end(tracked)
        return None

    async def check_reply(self, card: Card, tracked: TrackedBuild) -> Held | Withdrawn | None:
        """Return None if a reply to such a card may be posted now: quiet hours hold it, a mute withdraws it.

        In a direct message, only what the person subscribed to is posted.
        """
        now = self._clock.now()
        async with self._store.read() as tx:
            if is_personal(card.subscription) and not await self._find_wanting(tx, card, tracked, now):
                return Withdrawn()
            channel = await find_channel_settings(tx, card.thread.team, card.thread.channel)
            rule = await find_subscription(tx, card.subscription) if card.subscription else None
        if channel.is_muted(now) or (rule and rule.is_muted(now)):
            return Withdrawn()
        quiet = rule.find_quiet_end(now) if rule else None
        return Held((quiet - now).total_seconds()) if quiet else None

    async def retire_unpostable(self, card: Card, problem: str) -> None:
        """Retire a card that can't be posted because the bot isn't in the channel; tell the subscriber once."""
        async with self._store.read() as tx:
            rule = await find_subscription(tx, card.subscription) if card.subscription else None
        thread = await self._find_subscriber_thread(rule)
        async with self._store.write() as tx:
            await retire_card(tx, card)
            if rule and thread:
                text = _render_uninvited(rule, self._bot)
                notice = message(text, [section(text, block_id="uninvited")])
                await enqueue_message(tx, f"uninvited:{rule.id}", thread, notice, self._clock.now())
        log.warning("subscription cannot post", subscription=card.subscription, code=problem)

    async def _withdraw(self, card: Card) -> Withdrawn:
        """Remove a card that was never posted, unless the build has changed meanwhile."""
        async with self._store.write() as tx:
            await withdraw_card(tx, card)
        return Withdrawn()

    async def _find_subscriber_thread(self, rule: Subscription | None) -> Thread | None:
        if rule is None or not rule.created_by:
            return None
        try:
            return await self._open_direct_message(rule.team, rule.created_by)
        except Unavailable:
            return None

    async def _find_wanting(
        self, tx: Tx, card: Card, tracked: TrackedBuild, now: datetime, *, assume_steps: bool = False
    ) -> tuple[Subscription, ...]:
        """Return the subscriptions of the card's channel that want the build as it is now.

        `assume_steps` adds those to steps of which nothing is known.
        """
        channel = await find_channel_settings(tx, card.thread.team, card.thread.channel)
        if tracked.deleted or channel.is_muted(now):
            return ()
        matcher = SubscriptionMatcher(await self._subscribers.get_index(tx), now)
        return _select_for_channel(
            await matcher.find_wanting(tx, tracked.build, include_unknown_steps=assume_steps), card
        )

    async def _may_read(self, subscription: Subscription, tracked: TrackedBuild) -> bool:
        """Return whether the subscriber may read the build; a subscription from the file needs no permission."""
        if not subscription.created_by:
            return True
        actor = await self._find_actor(
            subscription.created_by, Thread(subscription.team, subscription.channel), "schedule"
        )
        if is_personal(subscription.id) and not self._is_own_build(actor, tracked.build):
            return False
        return self._permission.allows(actor, Target(tracked.build.ref.pipeline, tracked.build.branch))

    def _is_own_build(self, actor: Actor, build: Build) -> bool:
        """Return whether the build carries an address that the person has now, not one that they once had."""
        run = run_from_build(build, self._clock.now())
        addresses = collect_addresses(actor.id, [actor.email], self._subscribers.get_owners())
        return not addresses.isdisjoint({run.creator, run.author})

    async def _assume_end(self, tracked: TrackedBuild) -> None:
        """Take an unconfirmed end as confirmed before it is posted, so that a later run is a new generation."""
        if tracked.unconfirmed and tracked.build.inactive:
            async with self._store.write() as tx:
                await BuildFold(self._clock.now(), webhooks_arriving=True).assume_end(tx, tracked.build.id)


def _select_for_channel(rules: Sequence[Subscription], card: Card) -> tuple[Subscription, ...]:
    return tuple(rule for rule in rules if (rule.team, rule.channel) == (card.thread.team, card.thread.channel))


def _find_quiet_end(wanting: Sequence[Subscription], now: datetime) -> datetime | None:
    """Return when quiet hours end for the first of the subscriptions; None if one of them may post now."""
    until = [rule.find_quiet_end(now) for rule in wanting]
    quiet = [moment for moment in until if moment is not None]
    return min(quiet) if len(quiet) == len(until) else None


def _render_uninvited(rule: Subscription, bot: str) -> Mrkdwn:
    return md(
        "I couldn't post in {channel}, where you subscribed to {pipeline}. Type {invite} there: your subscription "
        "is kept, and later builds will be posted.",
        channel=Mrkdwn(f"<#{rule.channel}>") if rule.channel.isalnum() else "that channel",
        pipeline=code(rule.pipeline),
        invite=code(f"/invite @{bot}"),
    )
