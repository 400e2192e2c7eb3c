"""The job calls of the REST API, in both forms of path."""

from simulators.buildkite import jobs
from simulators.buildkite.http_types import ApiRequest, ApiResponse, Handler, Operation
from simulators.buildkite.job_views import render_job
from simulators.buildkite.models import Job
from simulators.buildkite.paging import paginate_by_cursor
from simulators.buildkite.rest.builds import BUILD, ORG, find_requested_build
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.values import Refusal, refuse_missing
from simulators.buildkite.views import build_web_url

_ACCEPTED = (
    "pending waiting waiting_failed blocked blocked_failed unblocked unblocked_failed scheduled assigned accepted"
    " running passed failed timed_out timing_out canceled canceling skipped broken expired limited"
)
STATES = frozenset(_ACCEPTED.split())


def find_requested_job(sim: ServerState, request: ApiRequest) -> Job:
    """Find the job of the request's path. Raise Refusal 404 if it isn't part of that build."""
    job = sim.find_job(request.params["job"])
    if "number" in request.params and job.build is not find_requested_build(sim, request):
        raise refuse_missing("job")
    if not request.token.sees(job.build.pipeline.slug):
        raise refuse_missing("job")
    return job


def both_paths(method: str, path: str, scope: str, handler: Handler) -> tuple[Operation, Operation]:
    """Return a job call below its build and its shorter form below the organization."""
    long, short = BUILD + "/jobs/{job}" + path, ORG + "/jobs/{job}" + path
    return Operation(method, long, scope, handler), Operation(method, short, scope, handler)


def list_of_build(sim: ServerState, request: ApiRequest) -> ApiResponse:
    build, states = find_requested_build(sim, request), request.words("state")
    if set(states) - STATES:
        raise Refusal(400, f"Invalid job state: {', '.join(sorted(set(states) - STATES))}")
    jobs_of_build = build.jobs if request.flag("include_retried_jobs", True) else build.current_jobs
    key = request.query.get("step_key")
    matching = [
        job for job in jobs_of_build if key in (None, job.step.key) and (not states or job.state in states)
    ]
    return paginate_by_cursor(request, matching, lambda job: render_job(sim, job), lambda job: job.id)


def get(sim: ServerState, request: ApiRequest) -> ApiResponse:
    return ApiResponse(200, render_job(sim, find_requested_job(sim, request)))


def retry(sim: ServerState, request: ApiRequest) -> ApiResponse:
    return ApiResponse(200, render_job(sim, jobs.retry(sim, find_requested_job(sim, request), request.token.user)))


def reprioritize(sim: ServerState, request: ApiRequest) -> ApiResponse:
    job, priority = find_requested_job(sim, request), request.json.get("priority")
    if not isinstance(priority, int) or isinstance(priority, bool):
        raise Refusal(400, "Priority must be an integer")
    job.priority = priority
    sim.emit("job.changed", job)
    return ApiResponse(200, render_job(sim, job))


def unblock(sim: ServerState, request: ApiRequest) -> ApiResponse:
    job, unblocker = find_requested_job(sim, request), request.json.get("unblocker")
    by = sim.find_user(unblocker) if unblocker else request.token.user
    if job.manual and by is None:
        raise Refusal(422, "Unblocker is not a valid user id for this organization")
    jobs.unblock(sim, job, by or request.token.user, request.json.get("fields"))
    return ApiResponse(200, render_job(sim, job))


def env(sim: ServerState, request: ApiRequest) -> ApiResponse:
    job = find_requested_job(sim, request)
    build = job.build
    environment = {
        "CI": "true",
        "BUILDKITE": "true",
        "BUILDKITE_BRANCH": build.branch,
        "BUILDKITE_BUILD_ID": build.id,
        "BUILDKITE_BUILD_NUMBER": str(build.number),
        "BUILDKITE_BUILD_URL": build_web_url(sim, build),
        "BUILDKITE_COMMAND": job.step.command or "",
        "BUILDKITE_COMMIT": build.commit,
        "BUILDKITE_JOB_ID": job.id,
        "BUILDKITE_MESSAGE": build.message or "",
        "BUILDKITE_ORGANIZATION_SLUG": sim.org,
        "BUILDKITE_PIPELINE_SLUG": build.pipeline.slug,
        **build.env,
        **job.env,
    }
    return ApiResponse(200, {"env": environment})


OPERATIONS = (
    Operation("GET", BUILD + "/jobs", "read_builds", list_of_build),
    *both_paths("GET", "", "read_builds", get),
    *both_paths("PUT", "/retry", "write_builds", retry),
    *both_paths("PUT", "/reprioritize", "write_builds", reprioritize),
    *both_paths("PUT", "/unblock", "write_builds", unblock),
    *both_paths("GET", "/env", "read_job_env", env),
)
