"""The stack calls of the Agent API; stacks are controllers that start agents for waiting jobs."""

from typing import Any

from simulators.buildkite.http_types import ApiRequest, ApiResponse, Operation
from simulators.buildkite.models import Job
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.values import Refusal, iso, refuse_missing

DEFAULT = "__default__"
STACK = "/v3/stacks/{stack}"
_LIMIT = 1000


def find_queue_key(job: Job) -> str:
    return next((rule[6:] for rule in job.step.rules if rule.startswith("queue=")), "default")


def list_stacks(sim: ServerState, _request: ApiRequest) -> ApiResponse:
    """List stacks. Only an OpenAPI document has this call; the vendor's pages don't mention it."""
    if not sim.lists_stacks:
        raise Refusal(404, "Not Found")
    queues = [{"key": queue.key, "dispatch_paused": queue.paused} for queue in sim.cluster.queues]
    return ApiResponse(200, {"stacks": list(sim.stacks.values()), "queues": queues})


def _find_queue(sim: ServerState, key: str | None) -> Any:
    wanted = "default" if key == DEFAULT else key
    for queue in sim.cluster.queues:
        if queue.key == wanted:
            return queue
    raise refuse_missing("queue")


def register(sim: ServerState, request: ApiRequest) -> ApiResponse:
    """Register a stack: 201 for a new one, 200 for a known one."""
    key, kind = request.json.get("key"), request.json.get("type")
    if not key or kind not in ("kubernetes", "elastic", "custom"):
        raise Refusal(422, "key and type are required")
    queue, known = _find_queue(sim, request.json.get("queue_key")), key in sim.stacks
    ident = sim.stacks[key]["id"] if known else sim.new_id()
    sim.stacks[key] = {
        "id": ident,
        "organization_uuid": sim.id,
        "key": key,
        "type": kind,
        "cluster_queue_key": queue.key,
        "metadata": request.json.get("metadata") or {},
        "last_connected_on": iso(sim.now()),
        "state": "connected",
    }
    return ApiResponse(200 if known else 201, sim.stacks[key])


def _find_stack(sim: ServerState, request: ApiRequest) -> dict[str, Any]:
    found = sim.stacks.get(request.params["stack"])
    if found is None:
        raise refuse_missing("stack")
    return found


def deregister(sim: ServerState, request: ApiRequest) -> ApiResponse:
    del sim.stacks[_find_stack(sim, request)["key"]]
    return ApiResponse(204)


def _find_scheduled(sim: ServerState, queue: str) -> list[Job]:
    jobs = [job for build in sim.builds for job in build.current_jobs if job.kind == "script"]
    return [job for job in jobs if job.state == "scheduled" and find_queue_key(job) == queue]


def _render_job(job: Job) -> dict[str, Any]:
    build = job.build
    return {
        "id": job.id,
        "priority": job.priority,
        "agent_query_rules": list(job.step.rules),
        "scheduled_at": iso(job.scheduled_at),
        "pipeline": {"slug": build.pipeline.slug, "uuid": build.pipeline.id},
        "build": {"number": build.number, "branch": build.branch, "uuid": build.id},
        "step": {"key": job.step.key},
    }


def scheduled_jobs(sim: ServerState, request: ApiRequest) -> ApiResponse:
    """List scheduled jobs, oldest first; `after` is the id of the previous page's last job."""
    _find_stack(sim, request)
    if "queue_key" not in request.query:
        raise Refusal(400, "queue_key is required")
    queue = _find_queue(sim, request.query["queue_key"])
    size = min(_LIMIT, int(request.query.get("limit", _LIMIT)))
    jobs, after = _find_scheduled(sim, queue.key), request.query.get("after")
    first = next((at + 1 for at, job in enumerate(jobs) if job.id == after), 0)
    page, more = jobs[first : first + size], len(jobs) > first + size
    return ApiResponse(
        200,
        {
            "jobs": [_render_job(job) for job in page],
            "page_info": {"has_next_page": more, "end_cursor": page[-1].id if page else None},
            "cluster_queue": {"id": queue.id, "dispatch_paused": queue.paused},
        },
    )


def job_states(sim: ServerState, request: ApiRequest) -> ApiResponse:
    _find_stack(sim, request)
    wanted = request.json.get("job_uuids")
    if not isinstance(wanted, list) or len(wanted) > _LIMIT:
        raise Refusal(400, "job_uuids is required")
    known = {job.id: job.state for build in sim.builds for job in build.jobs}
    return ApiResponse(200, {"states": {job: known[job] for job in map(str, wanted) if job in known}})


OPERATIONS = (
    Operation("GET", "/v3/stacks", None, list_stacks),
    Operation("POST", "/v3/stacks/register", None, register),
    Operation("POST", STACK + "/deregister", None, deregister),
    Operation("GET", STACK + "/scheduled-jobs", None, scheduled_jobs),
    Operation("POST", STACK + "/jobs/get-states", None, job_states),
)
