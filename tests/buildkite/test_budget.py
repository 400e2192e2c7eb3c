"""The request budget decides which request may start when."""

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.buildkite.request_budget import Budget, BudgetState, parse_window
from bot.buildkite.request_order import MINUTE, Purpose, count_share
from bot.errors import BudgetUsedUp
from bot.runtime.clock import ManualClock

PEOPLE_RESERVE = count_share(Purpose.PEOPLE, 50)
BACKGROUND_PER_MINUTE = 50 - PEOPLE_RESERVE
PEOPLE, OTHER = Purpose.PEOPLE, Purpose.OTHER


def headers(remaining: int, reset: int, limit: int = 50) -> dict[str, str]:
    prefix = "RateLimit-User-"
    return {f"{prefix}Limit": str(limit), f"{prefix}Remaining": str(remaining), f"{prefix}Reset": str(reset)}


def make_clock() -> ManualClock:
    return ManualClock(datetime(2026, 8, 21, tzinfo=UTC))


moves = st.lists(
    st.one_of(
        st.tuples(st.just("background"), st.just(0)),
        st.tuples(st.just("urgent"), st.just(0)),
        st.tuples(st.just("end"), st.just(0)),
        st.tuples(st.just("pass"), st.integers(1, 70)),
        st.tuples(st.just("report"), st.integers(0, 50)),
        st.tuples(st.just("hold"), st.integers(1, 60)),
    ),
    max_size=150,
)


@given(moves)
def test_background_work_never_uses_the_reserve(steps: list[tuple[str, int]]) -> None:
    """Background work starts only while more than the reserve is left, and at most thirty times a minute."""
    state, now, starts = BudgetState(), 1000.0, list[float]()
    for step, amount in steps:
        if step in ("background", "urgent"):
            purpose = PEOPLE if step == "urgent" else OTHER
            if state.compute_delay(now, purpose):
                continue
            left = min(state.user.count_left(now), state.organization.count_left(now))
            assert left > (0 if purpose is PEOPLE else PEOPLE_RESERVE)
            assert now >= state.held_until
            starts += [] if purpose is PEOPLE else [now]
            state = state.start(now, purpose)
        elif step == "end" and state.in_flight:
            state = state.end()
        elif step == "pass":
            now += amount
        elif step == "report":
            state = state.apply_headers(headers(amount, 30), now)
        elif step == "hold":
            state = state.hold(amount, now)
        assert len([start for start in starts if start > now - MINUTE]) <= BACKGROUND_PER_MINUTE


@given(moves)
def test_a_request_may_start_after_its_delay(steps: list[tuple[str, int]]) -> None:
    """After the computed delay, if nothing else happened, the request may start."""
    state, now = BudgetState(), 1000.0
    for step, amount in steps:
        now += amount if step == "pass" else 0
        state = state.apply_headers(headers(amount, 30), now) if step == "report" else state
        state = state.hold(amount, now) if step == "hold" else state
        if step in ("background", "urgent"):
            purpose = PEOPLE if step == "urgent" else OTHER
            now += state.compute_delay(now, purpose)
            assert state.compute_delay(now, purpose) == pytest.approx(0, abs=1e-6)
            state = state.start(now, purpose)


def test_unreadable_headers_change_nothing() -> None:
    """Headers that are absent or aren't numbers are ignored."""
    assert parse_window({}, "RateLimit-", 0.0) is None
    assert (
        parse_window(
            {"RateLimit-Limit": "many", "RateLimit-Remaining": "1", "RateLimit-Reset": "1"}, "RateLimit-", 0
        )
        is None
    )


def test_requests_in_flight_are_counted() -> None:
    """Requests sent after an answer are subtracted from the number it reports."""
    state = BudgetState().start(0.0, PEOPLE).start(0.0, PEOPLE).end()
    assert state.apply_headers(headers(40, 30), 0.0).user.count_left(1.0) == 39


def test_a_raised_limit_applies_at_once() -> None:
    """If Buildkite allows more than assumed, its number applies from the first answer on."""
    state = BudgetState().start(0.0, PEOPLE).end().apply_headers(headers(499, 60, limit=500), 0.0)
    assert (state.user.count_left(1.0), state.user.limit) == (499, 500)
    assert (
        state.apply_headers(headers(450, 59, limit=500), 1.0)
        .apply_headers(headers(470, 59, limit=500), 1.0)
        .user.count_left(1.0)
        == 450
    )


async def test_people_go_first() -> None:
    """When both wait for the reset, the person's request starts before an earlier background request."""
    clock = make_clock()
    budget = Budget(clock)
    budget.hold(5)
    order: list[str] = []

    async def ask(name: str, purpose: Purpose) -> None:
        async with budget.wait_for_turn(purpose, patience=60):
            order.append(name)

    waiting = [asyncio.create_task(ask("poller", Purpose.STATES)), asyncio.create_task(ask("person", PEOPLE))]
    await clock.wait_for_sleepers(2)
    assert order == []
    clock.advance(5)
    await asyncio.gather(*waiting)
    assert order == ["person", "poller"]


async def test_a_wait_beyond_patience_is_refused_at_once() -> None:
    """A wait longer than the patience is refused at once, with the remaining seconds."""
    budget = Budget(make_clock())
    budget.apply_headers(headers(0, 42))
    with pytest.raises(BudgetUsedUp) as caught:
        async with budget.wait_for_turn(PEOPLE, patience=8):
            pass
    assert caught.value.retry_after == 42


async def test_the_reserve_is_for_people() -> None:
    """With twenty requests left, background work waits for the next minute while people continue."""
    clock = make_clock()
    budget = Budget(clock)
    budget.apply_headers(headers(PEOPLE_RESERVE, 30))
    started: list[str] = []

    async def poll() -> None:
        async with budget.wait_for_turn(OTHER, patience=60):
            started.append("poller")

    waiting = asyncio.create_task(poll())
    await clock.wait_for_sleepers(1)
    async with budget.wait_for_turn(PEOPLE, patience=8):
        assert started == []
    clock.advance(30)
    await waiting
    assert started == ["poller"]


async def test_a_canceled_request_leaves_the_queue() -> None:
    """A request canceled while waiting doesn't hold up the others."""
    clock = make_clock()
    budget = Budget(clock)
    budget.hold(5)

    async def ask(purpose: Purpose) -> None:
        async with budget.wait_for_turn(purpose, patience=60):
            pass

    canceled, other = asyncio.create_task(ask(PEOPLE)), asyncio.create_task(ask(OTHER))
    await clock.wait_for_sleepers(2)
    canceled.cancel()
    await asyncio.wait({canceled})
    clock.advance(5)
    await other
    assert canceled.cancelled()


async def test_a_turn_granted_too_late_is_returned() -> None:
    """A request canceled at the very moment of its turn doesn't count as in flight forever."""
    clock = make_clock()
    budget = Budget(clock)
    budget.hold(5)

    async def ask() -> None:
        async with budget.wait_for_turn(PEOPLE, patience=60):
            pass

    first, second = asyncio.create_task(ask()), asyncio.create_task(ask())
    await clock.wait_for_sleepers(2)
    clock.advance(5)
    second.cancel()
    await asyncio.wait({first, second})
    assert second.cancelled()
    budget.apply_headers(headers(40, 30))
    assert budget.snapshot().remaining == 40


def test_a_snapshot_shows_the_tighter_limit() -> None:
    """The snapshot has the remaining requests of the tighter limit and the time until its reset."""
    budget = Budget(make_clock())
    budget.apply_headers(headers(12, 33))
    assert budget.snapshot() == (12, 50, 33, 0)
