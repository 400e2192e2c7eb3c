"""Commands that list a build's jobs and retry one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from bot.buildkite.models import JOB_RETRIABLE, Build, Job
from bot.errors import Conflict, NothingToDo, UsageError
from bot.execution.resolve.build import pin_build
from bot.execution.resolve.job import JobContext, label_job, pin_job
from bot.operations.acts.model import name_build, name_job
from bot.operations.acts.service import Acts
from bot.operations.addresses import BuildArgs, JobArgs
from bot.operations.build_wording import link_build
from bot.operations.operation import Effect, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply, sort_buttons
from bot.slack.blockkit.blocks import join_dotted, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, link, md
from commands.job.job_table import count_jobs, make_job_table
from commands.job.results import JobList, JobResult, count_states, describe_job, describe_jobs

JobState = Literal[
    "pending",
    "waiting",
    "blocked",
    "unblocked",
    "scheduled",
    "assigned",
    "accepted",
    "running",
    "passed",
    "failed",
    "timed_out",
    "canceling",
    "canceled",
    "skipped",
    "broken",
    "expired",
]
ROWS_LIMIT = 40
BUTTONS_LIMIT = 3
_RETRIES = ("build retry", "job retry")


class JobListArgs(BuildArgs):
    """Arguments of `job list`."""

    state: Annotated[tuple[JobState, ...], Opt(short="s", hint="failed,running"), Field(description="State")] = ()


class JobRetryArgs(JobArgs):
    """Arguments of `job retry`."""


@operation(
    "job list",
    label="Jobs",
    also=("job ls", "build jobs"),
    needs=Permission.READ,
    effect=Effect.READS,
    scopes=("read_builds",),
    pin=pin_build,
    examples=("job list web 101", "job list web 101 --state failed", "job list"),
)
async def list_(args: JobListArgs, ctx: JobContext) -> Reply[JobList]:
    """List the jobs of a build."""
    if args.pipeline is None or args.number is None:
        raise UsageError("Which build do you mean?", "Name it: `web 101`.", "pipeline")
    build = await ctx.builds.build(args.pipeline, args.number)
    jobs = [job for job in build.jobs if job.type != "waiter" and (not args.state or job.state in args.state)]
    more = f"and {len(jobs) - ROWS_LIMIT} more" if len(jobs) > ROWS_LIMIT else ""
    text = md("Jobs of {ref}", ref=link_build(build))
    return Reply(
        data=JobList(
            message=text,
            pipeline=args.pipeline,
            number=args.number,
            jobs=describe_jobs(jobs),
            counts=count_states(build),
        ),
        text=text,
        table=make_job_table(jobs, ROWS_LIMIT),
        footer=join_dotted([more, count_jobs(build)]),
        buttons=_make_buttons(build, jobs),
        builds=(build,),
    )


def _make_buttons(build: Build, jobs: list[Job]) -> tuple[Button, ...]:
    """Return buttons for the first failed jobs (log, retry) and blocked steps (unblock)."""
    failed = [job for job in jobs if job.failed and job.type == "script"][:BUTTONS_LIMIT]
    gates = [job for job in jobs if job.awaits_unblock][:BUTTONS_LIMIT]
    return sort_buttons(
        [
            *(_make_unblock_button(build, job) for job in gates),
            *(Button(f"Retry: {job.title}"[:75], _make_call("job retry", build, job)) for job in failed),
            *(Button(f"Log: {job.title}"[:75], _make_call("job log", build, job)) for job in failed),
        ]
    )


def _make_unblock_button(build: Build, job: Job) -> Button:
    call = _make_call("job unblock", build, job)
    return Button(f"Unblock: {job.title}"[:75], call, "primary", form=True)


def _make_call(name: str, build: Build, job: Job) -> Call:
    return Call(name, {"pipeline": build.ref.pipeline, "number": str(build.number), "job": job.id})


def _is_retriable(job: Job) -> bool:
    return job.type == "script" and job.state in JOB_RETRIABLE and not job.retried


@dataclass(frozen=True)
class JobRetryContext(JobContext):
    """The jobs, and what people did before."""

    acts: Acts


async def _pin(args: JobRetryArgs, ctx: JobRetryContext) -> JobRetryArgs:
    return await pin_job(args, ctx, _is_retriable, "failed")


async def _probe(args: JobRetryArgs, ctx: JobRetryContext) -> Reply[JobResult] | None:
    """Return the reply if the job was retried: it then names the job that replaced it."""
    old = await ctx.jobs.job(args.job or "")
    return _reply_retried(old, args) if old.retried_in_job_id else None


@operation(
    "job retry",
    needs=Permission.BUILD,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_builds",),
    phrase="retry {job} of {build}",
    pin=_pin,
    label_values=label_job,
    probe=_probe,
    examples=("job retry web 101 Test", "job retry 0198d108-a532-4a62-9bd7-b2e744bf5c01", "job retry"),
)
async def retry(args: JobRetryArgs, ctx: JobRetryContext) -> Reply[JobResult]:
    """Retry one failed job."""
    if not (args.pipeline and args.number and args.job):
        raise UsageError("Which job do you mean?", "Name it, or ask in the thread of a build.", "job")
    try:
        return _reply_retried(await ctx.jobs.retry_job(args.pipeline, args.number, args.job), args)
    except Conflict as conflict:
        job = await ctx.jobs.job(args.job)
        if not (job.retried or job.retried_in_job_id):
            raise
        by = await ctx.acts.describe_last(_RETRIES, name_job(job.id))
        by = by or await ctx.acts.describe_last(_RETRIES, name_build(args.pipeline, args.number))
        raise NothingToDo(md("{job} was already retried{by}.", job=_link_job(job), by=by)) from conflict


def _reply_retried(job: Job, args: JobRetryArgs) -> Reply[JobResult]:
    text = md("retried {job} of {ref}", job=_link_job(job), ref=f"{args.pipeline}#{args.number}")
    return Reply(data=describe_job(job, args, text), text=text, private=False)


def _link_job(job: Job) -> Mrkdwn:
    return link(job.web_url or "", shorten(job.title, 100))
