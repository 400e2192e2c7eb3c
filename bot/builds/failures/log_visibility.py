"""Decides whether a card may show log lines, which everyone in the channel can read."""

from __future__ import annotations

from collections.abc import Callable

from bot.access.policy.decide import DEFAULT, decide
from bot.access.policy.rules import Allow, Rules, Target
from bot.buildkite.models import Build
from bot.builds.model import Card
from bot.notifications.subscriptions.queries import find_subscription
from bot.operations.operation import Operation
from bot.runtime.clock import Clock
from bot.slack.people import PeopleDirectory
from bot.store.transactions import Transactions


class LogVisibility:
    """Decides by the policy; `log_operation` is the operation that shows a log to the person who asks.

    Without a policy file, every reader of the channel may see what a job printed. With one, the requester of the
    card or the owner of the subscription must be allowed to read that log in that channel. A card with neither,
    such as one from the subscriptions file, shows no log.
    """

    def __init__(
        self,
        store: Transactions,
        people: PeopleDirectory,
        rules: Callable[[], Rules],
        clock: Clock,
        log_operation: Operation,
    ) -> None:
        self._store = store
        self._people = people
        self._rules = rules
        self._clock = clock
        self._log_operation = log_operation

    async def may_show_log(self, card: Card, build: Build) -> bool:
        """Return whether the card may show the end of a log. Raise Unavailable while Slack doesn't answer."""
        rules = self._rules()
        if rules is DEFAULT:
            return True
        user = card.asked_by or await self._find_subscriber(card)
        if not user:
            return False
        actor = await self._people.find_actor(user, card.thread, "schedule")
        target = Target(build.ref.pipeline, build.branch)
        return isinstance(decide(rules, actor, self._log_operation, target, self._clock.now()), Allow)

    async def _find_subscriber(self, card: Card) -> str | None:
        async with self._store.read() as tx:
            found = await find_subscription(tx, card.subscription) if card.subscription else None
        return found.created_by if found else None
