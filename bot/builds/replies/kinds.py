"""Selects the thread replies that a build's card should have by now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from bot.builds.model import TrackedBuild

END_KINDS = frozenset({"finished", "blocked", "gone"})
# People wait for these phases, so cards and reads of such builds come before all others.
AWAITED_PHASES = ("passed", "failed", "canceled", "blocked")
OVERTAKEN_BY_END = ("running", "resumed", "failing")
# Acts that announce a change themselves, by the kind of reply or the end that would report it again.
_ACTS_BY_CHANGE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"resumed": ("build retry", "job retry", "job unblock"), "canceled": ("build cancel",)}
)
_KINDS_BY_SETTING: Mapping[str, frozenset[str]] = MappingProxyType(
    {"important": END_KINDS | {"failing"}, "end": END_KINDS}
)


def select_kinds(kinds: Iterable[str], updates: str) -> tuple[str, ...]:
    """Return the kinds to post at this setting: all, important (the first failure, and ends) or end.

    A block step counts as an end: the build doesn't continue until someone acts.
    """
    wanted = _KINDS_BY_SETTING.get(updates)
    return tuple(kind for kind in kinds if wanted is None or kind in wanted)


def find_announcing_acts(kind: str, tracked: TrackedBuild) -> tuple[str, ...]:
    """Return the acts that have announced what a reply would say, if a person did one of them just before."""
    return _ACTS_BY_CHANGE.get(tracked.build.phase if kind == "finished" else kind, ())


def find_due_kinds(tracked: TrackedBuild, *, failed: bool) -> tuple[str, ...]:
    """Return the kinds of replies that are true of a build now; each is posted once per generation.

    running, resumed (alive again after an end or a block), failing (once a job that `failed` is known by name),
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
