"""The build calls of the REST API."""

from simulators.buildkite import builds, jobs
from simulators.buildkite.filters import chosen
from simulators.buildkite.http_types import Answer, Ask, Operation
from simulators.buildkite.job_views import build as build_view
from simulators.buildkite.models import Build, Job
from simulators.buildkite.paging import paged
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.views import View, state_counts

ORG = "/v2/organizations/{org}"
PIPELINE = ORG + "/pipelines/{pipeline}"
BUILD = PIPELINE + "/builds/{number:int}"


def wanted(sim: ServerState, ask: Ask) -> Build:
    """The build that the path names; raises Refusal 404."""
    return sim.find_build(ask.params["pipeline"], ask.params["number"])


def _jobs(ask: Ask, build: Build) -> list[Job]:
    return build.jobs if ask.flag("include_retried_jobs") else build.current_jobs


def _view(sim: ServerState, ask: Ask, build: Build) -> View:
    jobs = None if ask.flag("exclude_jobs") else _jobs(ask, build)
    states = ask.words("job_states")
    if jobs is not None and states:
        jobs = [job for job in jobs if job.state in states]
    return build_view(sim, build, jobs=jobs, with_pipeline=not ask.flag("exclude_pipeline"))


def _whole(sim: ServerState, build: Build) -> View:
    return build_view(sim, build, jobs=build.current_jobs)


def _visible(sim: ServerState, ask: Ask) -> list[Build]:
    return [build for build in sim.builds if ask.token.sees(build.pipeline.slug)]


def list_all(sim: ServerState, ask: Ask) -> Answer:
    return paged(ask, chosen(ask, _visible(sim, ask)), lambda build: _view(sim, ask, build))


def list_of_pipeline(sim: ServerState, ask: Ask) -> Answer:
    pipeline = sim.find_pipeline(ask.params["pipeline"])
    own = [build for build in sim.builds if build.pipeline is pipeline]
    return paged(ask, chosen(ask, own), lambda build: _view(sim, ask, build))


def get(sim: ServerState, ask: Ask) -> Answer:
    build = wanted(sim, ask)
    counts = state_counts(_jobs(ask, build))
    return Answer(200, _view(sim, ask, build) | {"job_state_counts": counts})


def create(sim: ServerState, ask: Ask) -> Answer:
    pipeline = sim.find_pipeline(ask.params["pipeline"])
    return Answer(201, _whole(sim, builds.from_body(sim, pipeline, ask.json, ask.token.user)))


def cancel(sim: ServerState, ask: Ask) -> Answer:
    build = wanted(sim, ask)
    builds.cancel(sim, build)
    return Answer(200, _whole(sim, build))


def rebuild(sim: ServerState, ask: Ask) -> Answer:
    return Answer(200, _whole(sim, builds.rebuild(sim, wanted(sim, ask), ask.token.user)))


def retry_failed_jobs(sim: ServerState, ask: Ask) -> Answer:
    build = wanted(sim, ask)
    states = ask.json.get("states") or ask.query.get("states")
    count = jobs.retry_failed(sim, build, states, ask.token.user)
    return Answer(202, _whole(sim, build) | {"retried_jobs_count": count})


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
