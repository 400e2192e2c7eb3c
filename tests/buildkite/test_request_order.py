"""Requests start in the order of their purposes, and none of them starves."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from bot.buildkite.request_budget import BudgetState
from bot.buildkite.request_order import MINUTE, Demand, Purpose, count_share, may_start
from tests.sampling import many_examples

BACKGROUND = [purpose for purpose in Purpose if purpose is not Purpose.PEOPLE]
LIMITS = st.sampled_from([50, 75, 200])
PURPOSES = st.sampled_from(list(Purpose))
# Which purposes want a request in each second of some minutes.
SECONDS = st.lists(st.sets(PURPOSES), min_size=3, max_size=8)


def fill(limit: int, starts: list[tuple[float, Purpose]]) -> Demand:
    """Return the demand after these requests, as far as they were allowed to start."""
    demand = Demand()
    for now, purpose in sorted(starts):
        if may_start(purpose, demand, limit - demand.count_started(now, Purpose), limit, now):
            demand = demand.start(now, purpose)
    return demand


STARTS = st.lists(st.tuples(st.floats(0, 59), PURPOSES), max_size=80)


@example(50, [(float(second), Purpose.STATES) for second in range(59)], Purpose.ENDS)
@given(LIMITS, STARTS, PURPOSES)
def test_a_share_is_never_used_by_others(limit: int, starts: list[tuple[float, Purpose]], other: Purpose) -> None:
    """However much the others ask for, states and ends find the rest of their shares, and people find theirs."""
    demand = fill(limit, [start for start in starts if start[1] is not other])
    left = limit - demand.count_started(59, Purpose)
    if other in (Purpose.PEOPLE, Purpose.STATES, Purpose.ENDS):
        without_people = [start for start in demand.started if start[1] is not Purpose.PEOPLE]
        demand = Demand(tuple(without_people))
        left = limit - len(without_people) if other is not Purpose.PEOPLE else left
        for _ in range(count_share(other, limit)):
            assert may_start(other, demand, left, limit, 59)
            demand, left = demand.start(59, other), left - 1


@given(LIMITS, STARTS, st.lists(PURPOSES, min_size=2, max_size=6, unique=True))
def test_beyond_its_share_a_purpose_lets_those_before_it_go(
    limit: int, starts: list[tuple[float, Purpose]], waiting: list[Purpose]
) -> None:
    """Of the purposes that wait and have used up their shares, only the first may start."""
    demand = fill(limit, starts)
    for purpose in waiting:
        demand = demand.wait(59, purpose, 10)
    left = limit - demand.count_started(59, Purpose)
    exceeded = [
        purpose
        for purpose in sorted(waiting)
        if purpose is not Purpose.PEOPLE
        and demand.count_started(59, [purpose]) >= count_share(purpose, limit)
        and not demand.is_overdue(59, purpose)
    ]
    allowed = [purpose for purpose in exceeded if may_start(purpose, demand, left, limit, 59)]
    assert allowed == exceeded[: len(allowed)]
    assert len(allowed) <= 1


@many_examples(60)
@given(LIMITS, SECONDS, PURPOSES, st.integers(0, 40))
def test_whatever_is_asked_for_starts_within_two_minutes(
    limit: int, wants: list[set[Purpose]], patient: Purpose, others: int
) -> None:
    """A purpose that keeps asking gets a request every two minutes, whatever the others ask for.

    `others` are requests that somebody else sends with the same token at the beginning of each minute.
    """
    state, waited_since = BudgetState(), 0.0
    taken = min(others, limit - 8)
    for second in range(60 * 5):
        now = float(second)
        if second % 60 == 0:
            headers = {"Limit": str(limit), "Remaining": str(limit - taken), "Reset": "60"}
            state = state.apply_headers({f"RateLimit-User-{key}": value for key, value in headers.items()}, now)
        for purpose in sorted({patient, *wants[second % len(wants)]}):
            for _ in range(1 if purpose is patient else 3):
                delay = state.compute_delay(now, purpose)
                if delay:
                    state = state.wait(now, purpose, delay)
                    break
                state = state.start(now, purpose).end()
                waited_since = now if purpose is patient else waited_since
        assert now - waited_since <= 2 * MINUTE, (purpose, now)


@given(LIMITS, STARTS, PURPOSES)
def test_the_delay_is_the_first_moment_at_which_a_request_may_start(
    limit: int, starts: list[tuple[float, Purpose]], purpose: Purpose
) -> None:
    """Nothing may start before its delay, and everything after it, unless something else happens."""
    demand = fill(limit, starts)
    state = BudgetState(demand=demand)
    delay = state.compute_delay(59, purpose)
    assert state.compute_delay(59 + delay, purpose) == 0
    assert not delay or state.compute_delay(59 + delay / 2, purpose) > 0


def test_the_shares_fit_into_a_minute() -> None:
    """All shares together are less than a minute's requests, so that each can be had."""
    assert all(sum(count_share(purpose, limit) for purpose in Purpose) <= limit for limit in range(10, 500))
