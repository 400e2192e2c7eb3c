"""Which thread replies a build's card is to have by now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from bot.builds.model import TrackedBuild

END_KINDS = frozenset({"finished", "blocked", "gone"})
# The phases of builds that people wait for: of these a card or a read comes before those of all others.
AWAITED = ("passed", "failed", "canceled", "blocked")
OVERTAKEN_BY_AN_END = ("running", "resumed", "failing")
_CHOSEN: Mapping[str, frozenset[str]] = MappingProxyType({"important": END_KINDS | {"failing"}, "end": END_KINDS})


def select_kinds(kinds: Iterable[str], updates: str) -> tuple[str, ...]:
    """Of these kinds those that are wanted: all, important (the first failure, and ends) or end.

    A gate counts as an end: nothing goes on before somebody acts.
    """
    wanted = _CHOSEN.get(updates)
    return tuple(kind for kind in kinds if wanted is None or kind in wanted)


def due_kinds(tracked: TrackedBuild, *, failed: bool) -> tuple[str, ...]:
    """The kinds of notices that are true of a build now; each is told once an episode.

    running, resumed (alive again after an end or a gate), failing (once a job that `failed` is known by name),
    blocked, finished, gone.
    """
    phase = tracked.build.phase
    if tracked.deleted:
        return ("gone",)
    if phase == "blocked":
        return ("blocked",)
    if tracked.build.ended:
        return ("finished",)
    if phase not in {"running", "failing"}:
        return ()
    begun = "resumed" if tracked.generation else "running"
    return (begun, "failing") if failed else (begun,)
