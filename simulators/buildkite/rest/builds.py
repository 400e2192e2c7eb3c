"""The build calls of the REST API."""

from simulators.buildkite import builds, jobs
from simulators.buildkite.filters import filter_builds
from simulators.buildkite.http_types import ApiRequest, ApiResponse, Operation
from simulators.buildkite.job_views import render_build
from simulators.buildkite.models import Build, Job
from simulators.buildkite.paging import paginate
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.views import View, count_states

ORG = "/v2/organizations/{org}"
PIPELINE = ORG + "/pipelines/{pipeline}"
BUILD = PIPELINE + "/builds/{number:int}"


def find_requested_build(sim: ServerState, request: ApiRequest) -> Build:
    """Find the build of the request's path. Raise Refusal 404."""
    return sim.find_build(request.params["pipeline"], request.params["number"])


def _pick_jobs(request: ApiRequest, build: Build) -> list[Job]:
    return build.jobs if request.flag("include_retried_jobs") else build.current_jobs


def _render(sim: ServerState, request: ApiRequest, build: Build) -> View:
    jobs = None if request.flag("exclude_jobs") else _pick_jobs(request, build)
    states = request.words("job_states")
    if jobs is not None and states:
        jobs = [job for job in jobs if job.state in states]
    return render_build(sim, build, jobs=jobs, with_pipeline=not request.flag("exclude_pipeline"))


def _render_whole(sim: ServerState, build: Build) -> View:
    return render_build(sim, build, jobs=build.current_jobs)


def _find_visible(sim: ServerState, request: ApiRequest) -> list[Build]:
    return [build for build in sim.builds if request.token.sees(build.pipeline.slug)]


def list_all(sim: ServerState, request: ApiRequest) -> ApiResponse:
    return paginate(
        request, filter_builds(request, _find_visible(sim, request)), lambda build: _render(sim, request, build)
    )


def list_of_pipeline(sim: ServerState, request: ApiRequest) -> ApiResponse:
    pipeline = sim.find_pipeline(request.params["pipeline"])
    own = [build for build in sim.builds if build.pipeline is pipeline]
    return paginate(request, filter_builds(request, own), lambda build: _render(sim, request, build))


def get(sim: ServerState, request: ApiRequest) -> ApiResponse:
    build = find_requested_build(sim, request)
    counts = count_states(_pick_jobs(request, build))
    return ApiResponse(200, _render(sim, request, build) | {"job_state_counts": counts})


def create(sim: ServerState, request: ApiRequest) -> ApiResponse:
    pipeline = sim.find_pipeline(request.params["pipeline"])
    return ApiResponse(201, _render_whole(sim, builds.from_body(sim, pipeline, request.json, request.token.user)))


def cancel(sim: ServerState, request: ApiRequest) -> ApiResponse:
    build = find_requested_build(sim, request)
    builds.cancel(sim, build)
    return ApiResponse(200, _render_whole(sim, build))


def rebuild(sim: ServerState, request: ApiRequest) -> ApiResponse:
    return ApiResponse(
        200, _render_whole(sim, builds.rebuild(sim, find_requested_build(sim, request), request.token.user))
    )


def retry_failed_jobs(sim: ServerState, request: ApiRequest) -> ApiResponse:
    build = find_requested_build(sim, request)
    states = request.json.get("states") or request.query.get("states")
    count = jobs.retry_failed(sim, build, states, request.token.user)
    return ApiResponse(202, _render_whole(sim, build) | {"retried_jobs_count": count})


OPERATIONS = (
    Operation("GET", "/v2/builds", "read_builds", list_all),
    Operation("GET", ORG + "/builds", "read_builds", list_all),
    Operation("GET", PIPELINE + "/builds", "read_builds", list_of_pipeline),
    Operation("POST", PIPELINE + "/builds", "write_builds", create),
    Operation("GET", BUILD, "read_builds", get),
    Operation("PUT", BUILD + "/cancel", "write_builds", cancel),
    Operation("PUT", BUILD + "/rebuild", "write_builds", rebuild),
    Operation("PUT", BUILD + "/retry_failed_jobs", "write_builds", retry_failed_jobs),
)
