"""All subscriptions, arranged so that a build meets only those that may want it."""

from __future__ import annotations

from collections.abc import Iterable

from bot.core.globs import Globs
from bot.core.subscription import Seen, Subscription, wants

_ANYBODY = ""
_ByPerson = dict[str, list[Subscription]]
_ByBranch = Globs[_ByPerson]


class Index:
    """By pipeline, then by branch, then by creator; what is left is asked one by one."""

    def __init__(self, subscriptions: Iterable[Subscription] = ()) -> None:
        self.all = tuple(subscriptions)
        self.states = frozenset(state for one in self.all for state in one.states)
        self._by_pipeline: Globs[_ByBranch] = Globs(lambda: Globs(dict))
        for one in self.all:
            people = self._by_pipeline.at(one.pipeline).at(one.branch or "*")
            for person in one.creators or (_ANYBODY,):
                people.setdefault(person, []).append(one)

    def about(self, pipeline: str, branch: str, people: Iterable[str]) -> dict[str, Subscription]:
        """Those about this pipeline and branch and one of these people, by id, whatever the state."""
        who = (_ANYBODY, *people)
        return {
            one.id: one
            for branches in self._by_pipeline.fitting(pipeline)
            for persons in branches.fitting(branch)
            for person in who
            for one in persons.get(person, ())
        }

    def wanting(self, build: Seen, *, perhaps: bool = False) -> tuple[Subscription, ...]:
        """The subscriptions that want this build as it is, in the order of their ids."""
        found = self.about(build.pipeline, build.branch, build.people)
        return tuple(found[id_] for id_ in sorted(found) if wants(found[id_], build, perhaps=perhaps))
