"""Keeps what people want to be told of by direct message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping

from bot.notifications.direct.model import (
    build_wishes,
    in_display_order,
    known_addresses,
    personal_rule,
    personal_rule_id,
)
from bot.notifications.direct.queries import silence_subscription
from bot.notifications.subscriptions.model import Subscription
from bot.notifications.subscriptions.queries import delete_subscriptions, find_subscription, save_subscription
from bot.runtime.clock import Clock
from bot.slack.types import Actor, Thread
from bot.store.transactions import Store


def nobody() -> Mapping[str, str]:
    """The default of what the file of subscriptions says of addresses."""
    return {}


class DirectMessageService:
    """`direct` opens the DM with a person, or raises Unavailable; `given` is the user id by e-mail address."""

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

    def addresses(self, actor: Actor) -> frozenset[str]:
        """The addresses by which this person is known at Buildkite."""
        return known_addresses(actor.id, [actor.email], self._given())

    async def wishes(self, actor: Actor) -> tuple[str, ...]:
        """What this person is told of; the address that Slack shows now takes the place of an older one."""
        async with self._store.read() as tx:
            subscription = await find_subscription(tx, personal_rule_id(actor.team, actor.id))
        if subscription is None:
            return ()
        if set(subscription.creators) != self._own(actor):
            await self._put(actor, subscription.channel, subscription.states, subscription)
        return subscription.states

    async def choose(self, actor: Actor, wishes: Iterable[str]) -> None:
        """Tell them of these from now on, and of nothing else. Raises Unavailable."""
        chosen = in_display_order(wishes)
        before = await self.wishes(actor)
        if chosen:
            channel = (await self._direct(actor.team, actor.id)).channel
            await self._put(actor, channel, chosen)
        if before and not build_wishes(chosen):
            await self._end(actor, whole=not chosen)
        self._wake()

    async def _put(
        self, actor: Actor, channel: str, wishes: Iterable[str], before: Subscription | None = None
    ) -> None:
        now = before.created_at if before else self._clock.now()
        async with self._store.write() as tx:
            item = personal_rule(actor.team, actor.id, channel, wishes, self._own(actor), now)
            await save_subscription(tx, item)

    async def _end(self, actor: Actor, *, whole: bool) -> None:
        id_ = personal_rule_id(actor.team, actor.id)
        async with self._store.write() as tx:
            if whole:
                await delete_subscriptions(tx, [id_])
            await silence_subscription(tx, id_, self._clock.now())

    def _own(self, actor: Actor) -> set[str]:
        """What Slack shows; what the file gives is looked up whenever it is needed."""
        return {actor.email.strip().lower()} if actor.email and actor.email.strip() else set()
