"""Whether the lines of a log may stand on a card, where everybody in the channel reads them."""

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
    """Judges by the policy: `log` is the operation that shows a log to the one who asks.

    Without a policy file every reader of the channel may see what a job printed. With one, somebody has to
    vouch for the card who may ask for that very log in that very channel: whoever asked for the card, or
    whoever made the subscription. A card for which nobody vouches shows no log: one of a subscription that a
    file made, for example.
    """

    def __init__(
        self,
        store: Transactions,
        people: PeopleDirectory,
        rules: Callable[[], Rules],
        clock: Clock,
        log: Operation,
    ) -> None:
        self._store = store
        self._people = people
        self._rules = rules
        self._clock = clock
        self._log = log

    async def may(self, card: Card, build: Build) -> bool:
        """Whether the card may show the end of a log. Raises Unavailable while Slack does not say who that is."""
        rules = self._rules()
        if rules is DEFAULT:
            return True
        user = card.asked_by or await self._subscriber(card)
        if not user:
            return False
        actor = await self._people.find_actor(user, card.thread, "schedule")
        target = Target(build.ref.pipeline, build.branch)
        return isinstance(decide(rules, actor, self._log, target, self._clock.now()), Allow)

    async def _subscriber(self, card: Card) -> str | None:
        async with self._store.read() as tx:
            found = await find_subscription(tx, card.subscription) if card.subscription else None
        return found.created_by if found else None
