"""Stores the topics that people want direct messages about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping

from bot.notifications.direct.model import (
    build_personal_rule,
    collect_addresses,
    make_personal_rule_id,
    select_build_topics,
    sort_topics,
)
from bot.notifications.direct.queries import silence_subscription
from bot.notifications.subscriptions.model import Subscription
from bot.notifications.subscriptions.queries import delete_subscriptions, find_subscription, save_subscription
from bot.runtime.clock import Clock
from bot.slack.types import Actor, Thread
from bot.store.transactions import Store


def list_no_owners() -> Mapping[str, str]:
    """Return no owners of addresses: the default without a subscriptions file."""
    return {}


class DirectMessageService:
    """The topics that people want direct messages about.

    `direct` opens the DM with a person, or raises Unavailable; `given` returns user ids by email address.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        direct: Callable[[str, str], Awaitable[Thread]],
        given: Callable[[], Mapping[str, str]],
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._direct = direct
        self._given = given
        self._wake = wake

    def find_addresses(self, actor: Actor) -> frozenset[str]:
        """Return the addresses that make a build this person's."""
        return collect_addresses(actor.id, [actor.email], self._given())

    async def find_topics(self, actor: Actor) -> tuple[str, ...]:
        """Return the topics of this person, after updating the stored address to the one that Slack shows now."""
        async with self._store.read() as tx:
            subscription = await find_subscription(tx, make_personal_rule_id(actor.team, actor.id))
        if subscription is None:
            return ()
        if set(subscription.creators) != self._get_slack_addresses(actor):
            await self._save(actor, subscription.channel, subscription.states, subscription)
        return subscription.states

    async def choose(self, actor: Actor, topics: Iterable[str]) -> None:
        """Send direct messages about these topics only, from now on. Raise Unavailable."""
        chosen = sort_topics(topics)
        before = await self.find_topics(actor)
        if chosen:
            channel = (await self._direct(actor.team, actor.id)).channel
            await self._save(actor, channel, chosen)
        if before and not select_build_topics(chosen):
            await self._stop(actor, whole=not chosen)
        self._wake()

    async def _save(
        self, actor: Actor, channel: str, topics: Iterable[str], before: Subscription | None = None
    ) -> None:
        now = before.created_at if before else self._clock.now()
        async with self._store.write() as tx:
            rule = build_personal_rule(
                actor.team, actor.id, channel, topics, self._get_slack_addresses(actor), now
            )
            await save_subscription(tx, rule)

    async def _stop(self, actor: Actor, *, whole: bool) -> None:
        id_ = make_personal_rule_id(actor.team, actor.id)
        async with self._store.write() as tx:
            if whole:
                await delete_subscriptions(tx, [id_])
            await silence_subscription(tx, id_, self._clock.now())

    def _get_slack_addresses(self, actor: Actor) -> set[str]:
        """Return the address that Slack shows. Those of the file aren't stored, because the file may change."""
        return {actor.email.strip().lower()} if actor.email and actor.email.strip() else set()
