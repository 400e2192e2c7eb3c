"""The metrics calls of the Agent API, for the token's cluster."""

from collections.abc import Iterable
from typing import Any

from simulators.buildkite.http_types import ApiRequest, ApiResponse, Operation
from simulators.buildkite.models import Agent, Job
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.stacks import find_queue_key
from simulators.buildkite.values import Refusal

POLL = "Buildkite-Agent-Metrics-Poll-Duration"
_WAITING = ("waiting", "blocked", "pending")


def _agent_counts(agents: Iterable[Agent]) -> dict[str, int]:
    """Count agents. A paused one counts as idle, because the vendor doesn't document what it does."""
    found = [agent for agent in agents if agent.connection_state in ("connected", "stopping")]
    busy = sum(1 for agent in found if agent.job)
    return {"idle": len(found) - busy, "busy": busy, "total": len(found)}


def _job_counts(jobs: Iterable[Job]) -> dict[str, int]:
    states = [job.state for job in jobs]
    counts = {
        "scheduled": states.count("scheduled"),
        "running": states.count("running") + states.count("canceling"),
        "waiting": sum(states.count(state) for state in _WAITING),
    }
    return counts | {"total": sum(counts.values())}


def _command_jobs(sim: ServerState) -> list[Job]:
    return [job for build in sim.builds for job in build.current_jobs if job.kind == "script"]


def _frame(sim: ServerState) -> dict[str, Any]:
    return {"organization": {"slug": sim.org}, "cluster": {"name": sim.cluster.name}}


def metrics(sim: ServerState, _request: ApiRequest) -> ApiResponse:
    jobs, agents = _command_jobs(sim), list(sim.agents.values())
    agent_queues = sorted({agent.queue for agent in agents})
    job_queues = sorted({find_queue_key(job) for job in jobs})
    body = {
        "agents": _agent_counts(agents)
        | {"queues": {key: _agent_counts(a for a in agents if a.queue == key) for key in agent_queues}},
        "jobs": _job_counts(jobs)
        | {"queues": {key: _job_counts(j for j in jobs if find_queue_key(j) == key) for key in job_queues}},
        **_frame(sim),
    }
    return ApiResponse(200, body, {POLL: str(sim.poll_duration)})


def queue_metrics(sim: ServerState, request: ApiRequest) -> ApiResponse:
    key = request.query.get("name")
    if not key:
        raise Refusal(400, "name is required")
    agents = [agent for agent in sim.agents.values() if agent.queue == key]
    jobs = [job for job in _command_jobs(sim) if find_queue_key(job) == key]
    return ApiResponse(200, {"agents": _agent_counts(agents), "jobs": _job_counts(jobs), **_frame(sim)})


def root(sim: ServerState, _request: ApiRequest) -> ApiResponse:
    return ApiResponse(200, {"message": "👋", "timestamp": int(sim.now())})


OPERATIONS = (
    Operation("GET", "/v3", None, root, public=True),
    Operation("GET", "/v3/metrics", None, metrics),
    Operation("GET", "/v3/metrics/queue", None, queue_metrics),
)
