"""The laws of pacing and of merging jobs hold for any history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.buildkite.models import Build, Job
from bot.buildkite.states import _JOB_RANK, rank_job
from bot.builds.fold import merge
from bot.builds.model import TrackedBuild
from bot.builds.polling.schedule import plan_next_read
from bot.runtime.token_bucket import SlidingWindow, backoff_seconds, full_bucket

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
STATES = [*sorted(_JOB_RANK), "passed", "failed", "canceled", "timed_out", "expired", "unblocked", None]
JOBS = st.builds(Job, id=st.just("job-1"), state=st.sampled_from(STATES), retried=st.booleans())
SECONDS = st.floats(0, 10, allow_nan=False)


@given(st.lists(st.tuples(SECONDS, st.booleans()), max_size=60), st.floats(0.1, 5), st.integers(1, 10))
def test_a_bucket_keeps_to_its_rate_and_burst(steps: list[tuple[float, bool]], rate: float, burst: int) -> None:
    """In any period, no more tokens are taken than were added, plus one burst."""
    bucket, now, taken = full_bucket(rate, burst, 0.0), 0.0, 0
    for seconds, wants in steps:
        now += seconds
        if wants and bucket.wait_seconds(now) == 0:
            bucket, taken = bucket.take(now), taken + 1
        assert taken <= now * rate + burst + 1e-6


@given(st.lists(st.tuples(SECONDS, st.booleans()), max_size=60), st.integers(2, 9), st.integers(0, 3))
def test_a_window_keeps_to_its_limit(steps: list[tuple[float, bool]], most: int, spare: int) -> None:
    """A caller with a reserve leaves it in every minute, and waiting as long as told is enough."""
    window, now, taken = SlidingWindow(most), 0.0, list[float]()
    for seconds, wants in steps:
        now += seconds
        if wants and window.wait_seconds(now, spare) == 0:
            window = window.take(now)
            taken.append(now)
        assert sum(at > now - 60 for at in taken) <= max(most - spare, 1)
        assert window.wait_seconds(now + window.wait_seconds(now, spare) + 1e-6, spare) == 0


@given(st.lists(SECONDS, max_size=20), st.floats(0, 100), st.floats(0, 100))
def test_a_paused_bucket_gives_nothing(gaps: list[float], first: float, second: float) -> None:
    """A bucket paused twice stays paused until the later time, and waiting as long as told is enough."""
    bucket = full_bucket(1.0, 3.0, 0.0).pause_until(first).pause_until(second)
    now = 0.0
    for gap in gaps:
        now += gap
        wait = bucket.wait_seconds(now)
        assert wait >= max(first, second) - now
        assert bucket.wait_seconds(now + wait + 1e-6) == 0


@given(st.integers(-5, 1000), st.floats(0.1, 10), st.floats(10, 600))
def test_backoff_grows_and_is_bounded(attempts: int, base: float, most: float) -> None:
    """A later attempt waits no shorter than an earlier one, and none longer than the limit."""
    wait = backoff_seconds(attempts, base, most)
    assert min(base, most) <= wait <= most
    assert wait <= backoff_seconds(attempts + 1, base, most)


@st.composite
def tracked_builds(draw: st.DrawFn) -> TrackedBuild:
    """Generate any state of a tracked build."""
    moments = st.none() | st.timedeltas(timedelta(days=-70), timedelta(days=2)).map(lambda apart: NOW + apart)
    state = draw(
        st.sampled_from(["creating", "scheduled", "running", "failing", "passed", "failed", "canceled", "odd"])
    )
    build = Build(
        id="b",
        number=1,
        state=state,
        url="https://api.buildkite.com/v2/organizations/acme/pipelines/web/builds/1",
        blocked=draw(st.booleans()),
        finished_at=draw(moments),
    )
    reported = draw(st.integers(0, 3))
    return TrackedBuild(
        build,
        seen_at=draw(moments) or NOW,
        read_at=draw(moments),
        changes_reported=reported,
        changes_confirmed=draw(st.integers(0, reported)),
        deleted=draw(st.booleans()),
        read_end=draw(moments),
    )


@given(tracked_builds(), st.timedeltas(timedelta(days=-40), timedelta(days=1)), st.booleans())
def test_the_next_read_is_always_defined(known: TrackedBuild, followed: timedelta, alive: bool) -> None:
    """Every state has a next read or none, and an unconfirmed build is always read."""
    due = plan_next_read(known, NOW, NOW + followed, webhooks_arriving=alive)
    assert due is not None or not known.unconfirmed


@given(st.none() | JOBS, JOBS)
def test_a_job_never_steps_back(known: Job | None, job: Job) -> None:
    """Whatever is reported about an attempt, its state never goes back and a retry is never forgotten."""
    after = merge.merge_job(known, job)
    assert rank_job(after) == max(rank_job(item) for item in (known, job) if item)
    assert after.retried == (job.retried or (known is not None and known.retried))


@given(st.none() | JOBS, JOBS)
def test_a_repeated_report_changes_nothing(known: Job | None, job: Job) -> None:
    """Applying the same report twice has no further effect."""
    once = merge.merge_job(known, job)
    assert merge.merge_job(once, job) == once


@given(st.lists(JOBS, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_reports_does_not_matter(jobs: list[Job], order: object) -> None:
    """Reports of different rank lead to the same rank and the same retry in any order."""
    shuffled = list(jobs)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    ends = []
    for history in (jobs, shuffled):
        known: Job | None = None
        for job in history:
            known = merge.merge_job(known, job)
        assert known is not None
        ends.append((rank_job(known), known.retried))
    assert ends[0] == ends[1]
