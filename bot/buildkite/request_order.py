"""Decides which request may start next: by its purpose, in a fixed order in which none can starve."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from types import MappingProxyType

# Seconds: Buildkite's limits count requests a minute. https://buildkite.com/docs/apis/rest-api/limits
MINUTE = 60.0
# Seconds by which sums of times may be off.
_ROUNDING = 1e-6
# Seconds for which a purpose that didn't come back at the time it was given still counts as waiting.
_GRACE_SECONDS = 5.0


class Purpose(IntEnum):
    """Purposes of requests, the most important first.

    A person is waiting for the answer; the state of a tracked build; ends that are to be announced; what programs
    ask with API tokens; why a build failed; why a build waits; and everything else.
    """

    PEOPLE = 0
    STATES = 1
    ENDS = 2
    PROGRAMS = 3
    FAILURES = 4
    WAITING = 5
    OTHER = 6


# Requests of a minute that each purpose can count on, if a minute has fifty. All but people's get thirty together,
# and what is left of those goes in the order of the purposes.
_LIMIT = 50
_SHARES: Mapping[Purpose, int] = MappingProxyType(
    {
        Purpose.PEOPLE: 20,
        Purpose.STATES: 5,
        Purpose.ENDS: 3,
        Purpose.PROGRAMS: 4,
        Purpose.FAILURES: 12,
        Purpose.WAITING: 2,
        Purpose.OTHER: 2,
    }
)
_BACKGROUND = tuple(purpose for purpose in Purpose if purpose is not Purpose.PEOPLE)
# These come when webhooks come, not when somebody planned them, so their shares are kept even while none waits.
_ALWAYS_KEPT = frozenset({Purpose.STATES, Purpose.ENDS})


@dataclass(frozen=True)
class Wait:
    """The time `since` when a purpose has been waiting for a request, and `until` when it counts as waiting."""

    since: float
    until: float


@dataclass(frozen=True)
class Demand:
    """Requests of the last minute, as times by purpose, and the purposes that wait; all in monotonic seconds."""

    started: tuple[tuple[float, Purpose], ...] = ()
    waits: Mapping[Purpose, Wait] = field(default_factory=dict)

    def start(self, now: float, purpose: Purpose) -> Demand:
        """Return the demand after a request has started."""
        recent = tuple(start for start in self.started if start[0] > now - MINUTE)
        # It may want more than this one: until it should have been back, nothing after it takes its turn.
        wait = self.waits.get(purpose)
        waits = {**self.waits, purpose: replace(wait, since=now)} if wait else self.waits
        return Demand((*recent, (now, purpose)), waits)

    def wait(self, now: float, purpose: Purpose, seconds: float) -> Demand:
        """Return the demand after a request wasn't allowed to start, and will come back in so many seconds."""
        known = self.waits.get(purpose)
        since = known.since if known and known.until >= now else now
        return replace(self, waits={**self.waits, purpose: Wait(since, now + seconds + _GRACE_SECONDS)})

    def count_started(self, now: float, purposes: Iterable[Purpose]) -> int:
        """Return how many requests for these purposes have started in the last minute."""
        counted = frozenset(purposes)
        return sum(at > now - MINUTE + _ROUNDING and purpose in counted for at, purpose in self.started)

    def is_waiting(self, now: float, purpose: Purpose) -> bool:
        """Return whether a request for this purpose is waiting."""
        wait = self.waits.get(purpose)
        return wait is not None and wait.until >= now

    def is_overdue(self, now: float, purpose: Purpose) -> bool:
        """Return whether this purpose has waited for a minute in which it started nothing."""
        wait = self.waits.get(purpose)
        waited = wait is not None and wait.until >= now and wait.since <= now - MINUTE + _ROUNDING
        return waited and not self.count_started(now, [purpose])


def count_share(purpose: Purpose, limit: int) -> int:
    """Return how many requests of a minute this purpose can count on, if the minute has `limit` of them."""
    share = _SHARES[purpose] * limit // _LIMIT
    # Programs get what's left of a tiny limit, which then may be nothing until they have waited for a minute.
    return share if purpose is Purpose.PROGRAMS else max(share, 1)


def may_start(purpose: Purpose, demand: Demand, left: int, limit: int, now: float) -> bool:
    """Return whether a request may start, if Buildkite allows `left` more of the minute's `limit`.

    People's requests always may; they leave one to each purpose that has waited for a minute in vain. All others
    leave people their share. Within its own share, a purpose leaves those before it what is left of theirs. Beyond
    it, a purpose goes only if none before it waits, and leaves everyone the rest of their shares. The shares of
    others than people add up to less than a minute's requests, so whatever is asked for comes to its turn.
    """
    if purpose is Purpose.PEOPLE:
        return left > sum(demand.is_overdue(now, other) for other in _BACKGROUND)
    if demand.is_overdue(now, purpose):
        return left > 0
    reserve = count_share(Purpose.PEOPLE, limit)
    free = min(left - reserve, limit - reserve - demand.count_started(now, _BACKGROUND))
    before = [other for other in _BACKGROUND if other < purpose]
    is_within = _count_unused(purpose, demand, limit, now) > 0
    if not is_within and any(demand.is_waiting(now, other) for other in before):
        return False
    others = before if is_within else [other for other in _BACKGROUND if other is not purpose]
    kept = [other for other in others if other in _ALWAYS_KEPT or demand.is_waiting(now, other)]
    return free > sum(_count_unused(other, demand, limit, now) for other in kept)


def _count_unused(purpose: Purpose, demand: Demand, limit: int, now: float) -> int:
    """Return how much of its share the purpose hasn't used in the last minute."""
    return max(count_share(purpose, limit) - demand.count_started(now, [purpose]), 0)


def list_changes(purpose: Purpose, demand: Demand, now: float) -> list[float]:
    """Return the later times at which `may_start` may change, soonest first, unless something else happens."""
    expiries = [at + MINUTE for at, _purpose in demand.started]
    own = demand.waits.get(purpose)
    overdue = [own.since + MINUTE if own else now + MINUTE]
    lapses = [wait.until + 0.001 for wait in demand.waits.values()]
    return sorted({at for at in (*expiries, *overdue, *lapses) if at > now + _ROUNDING})
