"""Builds and jobs of the simulator go through the states that Buildkite documents."""

import pytest

from simulators.buildkite.models import Build
from simulators.buildkite.sim import BuildkiteSim
from simulators.buildkite.values import Refusal
from tests.sim.buildkite.manual_clock import ManualClock


def states(build: Build) -> list[str]:
    return [job.state for job in build.jobs]


def record_events(sim: BuildkiteSim) -> list[str]:
    """Return a list that collects the names of all events from now on."""
    events: list[str] = []
    sim.listeners.append(lambda event, _subject: events.append(event))
    return events


def test_jobs_wait_for_their_step_before(sim: BuildkiteSim) -> None:
    """Jobs behind a wait step wait until everything before it has passed."""
    build = sim.create_build("web")
    assert states(build) == ["scheduled", "scheduled", "scheduled", "waiting", "waiting"]
    sim.run_build(build)
    assert states(build) == ["passed"] * 5
    assert (build.state, build.blocked, build.failing_at) == ("passed", False, None)


def test_advance_takes_one_natural_step_at_a_time(sim: BuildkiteSim) -> None:
    """Three free agents take three jobs, then the oldest job ends."""
    build = sim.create_build("web")
    for _ in range(3):
        assert sim.advance(build)
    assert states(build)[:3] == ["running"] * 3
    assert sim.advance(build)
    assert states(build)[:3] == ["passed", "running", "running"]


def test_blocked_build_says_passed_and_blocked(sim: BuildkiteSim) -> None:
    """A build at a block step keeps the step's blocked_state; `blocked` is the only sign."""
    events = record_events(sim)
    build = sim.create_build("deploy-prod")
    sim.run_build(build)
    assert (build.state, build.blocked) == ("passed", True)
    assert build.finished_at is not None
    assert states(build) == ["passed", "blocked", "blocked"]
    assert events.count("build.finished") == 1


def test_unblocked_build_runs_and_finishes_again(sim: BuildkiteSim) -> None:
    """After an unblock the same build continues, and `build.finished` is sent a second time."""
    events = record_events(sim)
    build = sim.create_build("deploy-prod")
    sim.run_build(build)
    sim.unblock(build.jobs[1].id, {"release-name": "1.2", "ring": "half"})
    assert (build.state, build.blocked, build.finished_at) == ("running", False, None)
    assert build.meta_data == {"release-name": "1.2", "ring": "half"}
    sim.run_build(build)
    assert (build.state, build.blocked) == ("passed", False)
    assert (events.count("build.finished"), events.count("job.activated")) == (2, 1)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "release-name is required"),
        ({"release-name": "1", "ring": "nobody"}, "ring is not one of the options"),
    ],
)
def test_block_step_checks_its_fields(sim: BuildkiteSim, fields: dict[str, str], words: str) -> None:
    """A missing required field or an unknown choice is refused."""
    build = sim.create_build("deploy-prod")
    sim.run_build(build)
    with pytest.raises(Refusal, match=words):
        sim.unblock(build.jobs[1].id, fields)


def test_failure_makes_the_build_failing_first(sim: BuildkiteSim) -> None:
    """After a hard failure the build is failing while other jobs still run, and `failing_at` stays."""
    build = sim.create_build("mobile")
    sim.start_job(build.jobs[0].id)
    sim.start_job(build.jobs[1].id)
    sim.finish_job(build.jobs[0].id, 1)
    assert build.state == "failing"
    sim.finish_job(build.jobs[1].id)
    assert build.state == "failed"
    sim.retry_job(build.jobs[0].id)
    sim.run_build(build)
    assert build.state == "passed"
    assert build.failing_at is not None


def test_jobs_behind_a_failure_stay_closed(sim: BuildkiteSim) -> None:
    """Behind a failure a wait step is waiting_failed and a block step blocked_failed."""
    web, deploy = sim.create_build("web"), sim.create_build("deploy-prod")
    sim.run_build(web, fail={"lint"})
    sim.run_build(deploy, fail={"test"})
    assert states(web)[3:] == ["waiting_failed", "waiting_failed"]
    assert states(deploy)[1:] == ["blocked_failed", "blocked_failed"]


def test_retry_makes_a_new_job(sim: BuildkiteSim) -> None:
    """A retried job points at the new one, and its build runs again."""
    events = record_events(sim)
    build = sim.create_build("web")
    sim.run_build(build, fail={"lint"})
    old = build.jobs[0]
    fresh = sim.retry_job(old.id)
    assert (old.retried_in, old.retry_type, fresh.retry_of) == (fresh, "manual", old)
    assert fresh.id != old.id
    assert build.state == "running"
    sim.run_build(build)
    assert build.state == "passed"
    assert events.count("build.finished") == 2


def test_a_job_is_retried_once_only(sim: BuildkiteSim) -> None:
    """A job that was retried or has passed can't be retried."""
    build = sim.create_build("web")
    sim.run_build(build, fail={"lint"})
    passed = next(job for job in build.jobs if job.state == "passed")
    with pytest.raises(Refusal, match="Only failed, timed out or canceled jobs can be retried"):
        sim.retry_job(passed.id)
    old = build.jobs[0].id
    sim.retry_job(old)
    with pytest.raises(Refusal, match="already been retried"):
        sim.retry_job(old)


def test_automatic_retry_saves_the_build(sim: BuildkiteSim) -> None:
    """A step with automatic retries runs again on its own, and the build doesn't become failing."""
    build = sim.create_build("api")
    sim.run_build(build)
    again = sim.create_build("api")
    sim.start_job(again.find_job("build").id)
    sim.finish_job(again.find_job("build").id)
    first = again.find_job("test")
    sim.start_job(first.id)
    sim.finish_job(first.id, 1)
    assert (first.retry_type, again.find_job("test").state, again.failing_at) == ("automatic", "scheduled", None)
    sim.run_build(again, fail={"test"})
    assert again.state == "failed"


def test_soft_failure_lets_the_build_pass(sim: BuildkiteSim) -> None:
    """A soft-failed job is failed with an exit status, and its build passes."""
    build = sim.create_build("api")
    sim.run_build(build, fail={"audit"})
    audit = build.find_job("audit")
    assert (audit.state, audit.exit_status, audit.soft_failed, build.state) == ("failed", 1, True, "passed")


def test_cancel_waits_for_running_jobs(sim: BuildkiteSim) -> None:
    """Canceling ends jobs that haven't started at once; running ones become canceling, then canceled."""
    build = sim.create_build("web")
    sim.start_job(build.jobs[0].id)
    sim.cancel_build(build)
    assert build.state == "canceling"
    assert states(build) == ["canceling", *["canceled"] * 4]
    sim.run_build(build)
    assert (build.state, build.jobs[0].signal_reason) == ("canceled", "cancel")


def test_finished_build_cannot_be_canceled(sim: BuildkiteSim) -> None:
    """Only scheduled, running and failing builds can be canceled; a blocked one has finished."""
    build = sim.create_build("deploy-prod")
    sim.run_build(build)
    with pytest.raises(Refusal) as refused:
        sim.cancel_build(build)
    assert refused.value.status == 422


def test_canceled_builds_take_no_retry_and_no_unblock(sim: BuildkiteSim) -> None:
    """Jobs of a canceled build can be neither retried nor unblocked."""
    build = sim.create_build("deploy-prod")
    sim.cancel_build(build)
    with pytest.raises(Refusal, match="Jobs from canceled builds cannot be retried"):
        sim.retry_job(build.jobs[0].id)
    with pytest.raises(Refusal, match="Jobs from canceled builds cannot be unblocked"):
        sim.unblock(build.jobs[1].id)


def test_newer_build_skips_the_queued_one(sim: BuildkiteSim) -> None:
    """With skip_queued_branch_builds a waiting build of the branch is skipped, one of another branch isn't."""
    events = record_events(sim)
    first, other = sim.create_build("api"), sim.create_build("api", "feature")
    sim.create_build("api")
    assert (first.state, other.state) == ("skipped", "scheduled")
    assert "build.skipped" in events


def test_rebuild_copies_and_names_its_source(sim: BuildkiteSim) -> None:
    """A rebuild has its own number and the first build's branch, commit, message, env and meta-data."""
    build = sim.create_build("web", message="Fix", env={"A": "1"}, meta_data={"k": "v"}, commit="abc")
    again = sim.rebuild(build)
    assert (again.number, again.rebuilt_from) == (2, build)
    assert (again.commit, again.message, again.env, again.meta_data) == ("abc", "Fix", {"A": "1"}, {"k": "v"})


def test_triggered_build_decides_its_trigger_job(sim: BuildkiteSim) -> None:
    """A synchronous trigger step runs as long as its build and ends like it."""
    sim.pipeline("release", steps=[{"trigger": "web", "label": "Web"}])
    build = sim.create_build("release")
    inner = build.jobs[0].triggered
    assert inner is not None
    assert (inner.source, build.jobs[0].state) == ("trigger_job", "running")
    sim.run_build(build, fail={"lint"})
    assert (inner.state, build.jobs[0].state, build.state) == ("failed", "failed", "failed")


def test_same_seed_gives_the_same_ids(clock: ManualClock) -> None:
    """Two organizations of one seed have the same ids; those of another seed differ."""
    item, two, three = (BuildkiteSim(now=clock, seed=seed).id for seed in (1, 1, 2))
    assert item == two != three
