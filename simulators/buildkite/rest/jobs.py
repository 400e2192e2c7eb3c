"""The job calls of the REST API, in both forms of path."""

from simulators.buildkite import jobs
from simulators.buildkite.http_types import Answer, Ask, Handler, Operation
from simulators.buildkite.job_views import job as job_view
from simulators.buildkite.models import Job
from simulators.buildkite.paging import cursored
from simulators.buildkite.rest.builds import BUILD, ORG, wanted
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.values import Refusal, missing
from simulators.buildkite.views import build_web

_ACCEPTED = (
    "pending waiting waiting_failed blocked blocked_failed unblocked unblocked_failed scheduled assigned accepted"
    " running passed failed timed_out timing_out canceled canceling skipped broken expired limited"
)
STATES = frozenset(_ACCEPTED.split())


def named(sim: ServerState, ask: Ask) -> Job:
    """The job that the path names; raises Refusal 404 when it is not of that build."""
    job = sim.find_job(ask.params["job"])
    if "number" in ask.params and job.build is not wanted(sim, ask):
        raise missing("job")
    if not ask.token.sees(job.build.pipeline.slug):
        raise missing("job")
    return job


def both(method: str, path: str, scope: str, handler: Handler) -> tuple[Operation, Operation]:
    """A job call below its build, with its shorter form below the organization."""
    long, short = BUILD + "/jobs/{job}" + path, ORG + "/jobs/{job}" + path
    return Operation(method, long, scope, handler), Operation(method, short, scope, handler)


def list_of_build(sim: ServerState, ask: Ask) -> Answer:
    build, states = wanted(sim, ask), ask.words("state")
    if set(states) - STATES:
        raise Refusal(400, f"Invalid job state: {', '.join(sorted(set(states) - STATES))}")
    found = build.jobs if ask.flag("include_retried_jobs", True) else build.current_jobs
    key = ask.query.get("step_key")
    found = [job for job in found if key in (None, job.step.key) and (not states or job.state in states)]
    return cursored(ask, found, lambda job: job_view(sim, job), lambda job: job.id)


def get(sim: ServerState, ask: Ask) -> Answer:
    return Answer(200, job_view(sim, named(sim, ask)))


def retry(sim: ServerState, ask: Ask) -> Answer:
    return Answer(200, job_view(sim, jobs.retry(sim, named(sim, ask), ask.token.user)))


def reprioritize(sim: ServerState, ask: Ask) -> Answer:
    job, priority = named(sim, ask), ask.json.get("priority")
    if not isinstance(priority, int) or isinstance(priority, bool):
        raise Refusal(400, "Priority must be an integer")
    job.priority = priority
    sim.emit("job.changed", job)
    return Answer(200, job_view(sim, job))


def unblock(sim: ServerState, ask: Ask) -> Answer:
    job, who = named(sim, ask), ask.json.get("unblocker")
    by = sim.find_user(who) if who else ask.token.user
    if job.manual and by is None:
        raise Refusal(422, "Unblocker is not a valid user id for this organization")
    jobs.unblock(sim, job, by or ask.token.user, ask.json.get("fields"))
    return Answer(200, job_view(sim, job))


def env(sim: ServerState, ask: Ask) -> Answer:
    job = named(sim, ask)
    build = job.build
    given = {
        "CI": "true",
        "BUILDKITE": "true",
        "BUILDKITE_BRANCH": build.branch,
        "BUILDKITE_BUILD_ID": build.id,
        "BUILDKITE_BUILD_NUMBER": str(build.number),
        "BUILDKITE_BUILD_URL": build_web(sim, build),
        "BUILDKITE_COMMAND": job.step.command or "",
        "BUILDKITE_COMMIT": build.commit,
        "BUILDKITE_JOB_ID": job.id,
        "BUILDKITE_MESSAGE": build.message or "",
        "BUILDKITE_ORGANIZATION_SLUG": sim.org,
        "BUILDKITE_PIPELINE_SLUG": build.pipeline.slug,
        **build.env,
        **job.env,
    }
    return Answer(200, {"env": given})


OPERATIONS = (
    Operation("GET", BUILD + "/jobs", "read_builds", list_of_build),
    *both("GET", "", "read_builds", get),
    *both("PUT", "/retry", "write_builds", retry),
    *both("PUT", "/reprioritize", "write_builds", reprioritize),
    *both("PUT", "/unblock", "write_builds", unblock),
    *both("GET", "/env", "read_job_env", env),
)
