"""The simulated organization stays consistent, whatever people, agents and time do."""

import contextlib
import random

from hypothesis import given
from hypothesis import strategies as st

from simulators.buildkite.models import ACTIVE, Build, Job
from simulators.buildkite.seed_demo import seed_demo
from simulators.buildkite.sim import BuildkiteSim
from simulators.buildkite.values import Refusal
from tests.sampling import many_examples
from tests.sim.buildkite.manual_clock import ManualClock

SHOWN = {"scheduled", "running", "failing", "passed", "failed", "canceling", "canceled", "skipped"}
ENDED = {"passed", "failed", "canceled"}
ACTS = (
    "create",
    "advance",
    "run",
    "fail",
    "retry",
    "unblock",
    "cancel",
    "rebuild",
    "stop",
    "lose",
    "pause",
    "wait",
)


def find_likely_jobs(sim: BuildkiteSim, what: str) -> list[Job]:
    """Return the jobs that an action is usually about."""
    state = {"retry": "failed", "unblock": "blocked"}.get(what)
    return [job for build in sim.builds for job in build.jobs if job.state == state]


def take_action(sim: BuildkiteSim, what: str, rng: random.Random, clock: ManualClock) -> None:
    """Take an action on a random build or agent; a refusal is an answer like any other."""
    build = rng.choice(sim.builds)
    agent = rng.choice(list(sim.agents.values()))
    job = rng.choice(find_likely_jobs(sim, what) or build.jobs).id
    clock.forward(rng.choice((0, 1, 60)))
    doings = {
        "create": lambda: sim.create_build(rng.choice(list(sim.pipelines))),
        "advance": lambda: sim.advance(build),
        "run": lambda: sim.run_build(build),
        "fail": lambda: sim.advance(build, fail={"test", "lint", "ios"}),
        "retry": lambda: sim.retry_job(job),
        "unblock": lambda: sim.unblock(job, {"release-name": "1"}),
        "cancel": lambda: sim.cancel_build(build),
        "rebuild": lambda: sim.rebuild(build),
        "stop": lambda: sim.agent_stop(agent, force=rng.random() < 0.5),
        "lose": lambda: sim.lose_agent(agent.id) if agent.connection_state == "connected" else None,
        "pause": lambda: sim.agent_pause(agent),
        "wait": sim.tick,
    }
    with contextlib.suppress(Refusal):
        doings[what]()


def check_consistency(build: Build) -> None:
    """Check what must hold for every build at any time."""
    states = [job.state for job in build.current_jobs]
    assert build.state in SHOWN
    if build.blocked:
        assert build.finished_at is not None
        assert "blocked" in states
    if build.state in ENDED:
        assert not ACTIVE & set(states)
        assert build.finished_at is not None
    if build.state in ("scheduled", "running", "failing", "canceling"):
        assert ACTIVE & set(states)
        assert build.finished_at is None
    if build.state == "passed" and not build.blocked:
        assert not any(job.hard_failed for job in build.jobs)


@many_examples(50)
@given(st.lists(st.sampled_from(ACTS), min_size=5, max_size=60), st.integers(0, 2**32))
def test_any_history_is_consistent(acts: list[str], seed: int) -> None:
    """After any actions in any order every build and every agent is consistent."""
    clock, rng = ManualClock(), random.Random(seed)
    sim = BuildkiteSim(now=clock, seed=seed)
    seed_demo(sim)
    sim.pipeline(
        "release", steps=[{"trigger": "web"}, "wait", {"block": "Go?"}, {"trigger": "mobile", "async": True}]
    )
    for slug in ("web", "deploy-prod", "release"):
        sim.create_build(slug)
    for what in acts:
        take_action(sim, what, rng, clock)
        for build in sim.builds:
            check_consistency(build)
        for agent in sim.agents.values():
            assert agent.job is None or (agent.job.agent is agent and agent.job.state in ("running", "canceling"))
