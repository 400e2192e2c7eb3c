"""The simulator's objects have all documented keys."""

import json
from pathlib import Path
from typing import Any

import pytest

from simulators.buildkite import agent_views, job_views, payloads, views
from simulators.buildkite.rest import clusters
from simulators.buildkite.rest.services import render_service
from simulators.buildkite.seed_demo import seed_demo
from simulators.buildkite.sim import BuildkiteSim

FIXTURES = Path(__file__).parents[1] / "fixtures" / "rest"


def render_objects() -> dict[str, Any]:
    """Return one object of each kind, by the name of its fixture."""
    sim = BuildkiteSim()
    seed_demo(sim)
    sim.pipeline("release", steps=[{"trigger": "web"}])
    build = sim.create_build("deploy-prod")
    sim.run_build(build)
    whole = job_views.render_build(sim, build, jobs=build.jobs)
    return {
        "build_failed": whole | {"job_state_counts": views.count_states(build.jobs)},
        "job_manual_blocked": job_views.render_job(sim, build.jobs[1]),
        "job_trigger": job_views.render_job(sim, sim.create_build("release").jobs[0]),
        "job_waiter": job_views.render_job(sim, sim.create_build("web").jobs[3]),
        "pipeline_created": views.render_pipeline(sim, build.pipeline, full=True),
        "agent_paused": agent_views.render_agent(sim, sim.find_agent("deploy-1")),
        "cluster": clusters.render_cluster(sim, sim.cluster),
        "queue_paused": clusters.render_queue(sim, sim.cluster, sim.cluster.queues[0]),
        "organization": payloads.render_organization(sim),
        "user": views.render_user(sim.user),
        "notification_service_webhook": render_service(sim, sim.add_webhook("http://127.0.0.1:9/", "t")),
    }


@pytest.mark.parametrize("name", sorted(render_objects()))
def test_no_documented_key_is_missing(name: str) -> None:
    """The object and the objects nested in it have every documented key."""
    documented = json.loads((FIXTURES / f"{name}.json").read_text())
    assert find_missing(documented, render_objects()[name]) == []


def find_missing(documented: Any, given: Any, at: str = "") -> list[str]:
    """Return the paths of documented keys that aren't given; of lists only the first items are compared."""
    if isinstance(documented, list) and isinstance(given, list) and documented and given:
        return find_missing(documented[0], given[0], f"{at}/0")
    if (
        not isinstance(documented, dict)
        or not isinstance(given, dict)
        or at.endswith(("env", "meta_data", "states"))
    ):
        return []
    absent = [f"{at}/{key}" for key in documented if key not in given]
    return absent + [
        path
        for key in documented.keys() & given.keys() - {"settings"}
        for path in find_missing(documented[key], given[key], f"{at}/{key}")
    ]
