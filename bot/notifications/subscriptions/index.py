"""All subscriptions, arranged so that a build meets only those that may want it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from bot.notifications.direct.model import expand_addresses
from bot.notifications.subscriptions.globs import Globs
from bot.notifications.subscriptions.model import Seen, Subscription, wants
from bot.notifications.subscriptions.queries import find_all_subscriptions, get_subscriptions_version
from bot.operations.git_names import tidy
from bot.store.transactions import Tx

_ANYBODY = ""
_ByPerson = dict[str, list[Subscription]]
_ByBranch = Globs[_ByPerson]


class SubscriptionIndex:
    """By pipeline, then by branch, then by creator; what is left is asked one by one."""

    def __init__(self, subscriptions: Iterable[Subscription] = ()) -> None:
        self.all = tuple(subscriptions)
        self.states = frozenset(state for item in self.all for state in item.states)
        self._by_pipeline: Globs[_ByBranch] = Globs(lambda: Globs(dict))
        for item in self.all:
            people = self._by_pipeline.at(item.pipeline).at(tidy(item.branch or "*"))
            for person in item.creators or (_ANYBODY,):
                people.setdefault(person, []).append(item)

    def about(self, pipeline: str, branch: str, people: Iterable[str]) -> dict[str, Subscription]:
        """Those about this pipeline and branch and one of these people, by id, whatever the state."""
        who = (_ANYBODY, *people)
        return {
            item.id: item
            for branches in self._by_pipeline.fitting(pipeline)
            for persons in branches.fitting(tidy(branch))
            for person in who
            for item in persons.get(person, ())
        }

    def wanting(self, build: Seen, *, perhaps: bool = False) -> tuple[Subscription, ...]:
        """The subscriptions that want this build as it is, in the order of their ids."""
        found = self.about(build.pipeline, build.branch, build.people)
        return tuple(found[id_] for id_ in sorted(found) if wants(found[id_], build, perhaps=perhaps))


def nobody() -> Mapping[str, str]:
    """The default of what is listed of people."""
    return {}


class SubscriptionCache:
    """Reads all subscriptions again when one has changed; until then a look costs one small query.

    `owners` gives the user id by e-mail address as the file of subscriptions has it; the same object while that
    is the same.
    """

    def __init__(self, owners: Callable[[], Mapping[str, str]] = nobody) -> None:
        self._owners = owners
        self._given: Mapping[str, str] = {}
        self._index = SubscriptionIndex()
        self._version = ""

    async def index(self, tx: Tx) -> SubscriptionIndex:
        """The subscriptions that hold now."""
        version, given = await get_subscriptions_version(tx), self._owners()
        if version != self._version or given != self._given:
            everything = expand_addresses(await find_all_subscriptions(tx), given)
            self._index, self._version, self._given = SubscriptionIndex(everything), version, given
        return self._index

    def owners(self) -> Mapping[str, str]:
        """The user id by e-mail address, as the file has it."""
        return self._owners()
