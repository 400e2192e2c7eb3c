"""An index of all subscriptions that finds the candidates for a build quickly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from bot.notifications.direct.model import expand_addresses
from bot.notifications.subscriptions.globs import GlobMap
from bot.notifications.subscriptions.model import ObservedBuild, Subscription, matches_build
from bot.notifications.subscriptions.queries import find_all_subscriptions, get_subscriptions_version
from bot.operations.git_names import normalise_reported_branch
from bot.store.transactions import Tx

_ANY_PERSON = ""
_ByPerson = dict[str, list[Subscription]]
_ByBranch = GlobMap[_ByPerson]


class SubscriptionIndex:
    """Indexes subscriptions by pipeline, then branch, then creator; the rest of a rule is checked one by one."""

    def __init__(self, subscriptions: Iterable[Subscription] = ()) -> None:
        self.all = tuple(subscriptions)
        self.states = frozenset(state for subscription in self.all for state in subscription.states)
        self._by_pipeline: GlobMap[_ByBranch] = GlobMap(lambda: GlobMap(dict))
        for subscription in self.all:
            branches = self._by_pipeline.get_or_make(subscription.pipeline)
            people = branches.get_or_make(normalise_reported_branch(subscription.branch or "*"))
            for person in subscription.creators or (_ANY_PERSON,):
                people.setdefault(person, []).append(subscription)

    def find_candidates(self, pipeline: str, branch: str, people: Iterable[str]) -> dict[str, Subscription]:
        """Return the subscriptions for a pipeline, a branch and any of these people, by id, in whatever state."""
        who = (_ANY_PERSON, *people)
        return {
            subscription.id: subscription
            for branches in self._by_pipeline.find_matches(pipeline)
            for persons in branches.find_matches(normalise_reported_branch(branch))
            for person in who
            for subscription in persons.get(person, ())
        }

    def find_matching(self, build: ObservedBuild, *, assume_step: bool = False) -> tuple[Subscription, ...]:
        """Return the subscriptions that match this build, in the order of their ids."""
        found = self.find_candidates(build.pipeline, build.branch, build.people)
        return tuple(
            found[id_] for id_ in sorted(found) if matches_build(found[id_], build, assume_step=assume_step)
        )


def list_no_owners() -> Mapping[str, str]:
    """Return no owners of addresses: the default without a subscriptions file."""
    return {}


class SubscriptionCache:
    """Keeps the index in memory and rebuilds it when a subscription changes; a lookup costs one small query.

    `owners` returns user ids by email address from the subscriptions file: the same object while it is unchanged.
    """

    def __init__(self, owners: Callable[[], Mapping[str, str]] = list_no_owners) -> None:
        self._owners = owners
        self._given: Mapping[str, str] = {}
        self._index = SubscriptionIndex()
        self._version = ""

    async def get_index(self, tx: Tx) -> SubscriptionIndex:
        """Return the index of the current subscriptions."""
        version, given = await get_subscriptions_version(tx), self._owners()
        if version != self._version or given != self._given:
            everything = expand_addresses(await find_all_subscriptions(tx), given)
            self._index, self._version, self._given = SubscriptionIndex(everything), version, given
        return self._index

    def get_owners(self) -> Mapping[str, str]:
        """Return the user ids by email address from the subscriptions file."""
        return self._owners()
