"""Command that changes the priority of a waiting job."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.buildkite.models import Job
from bot.errors import UsageError
from bot.execution.resolve.job import JobContext, label_job, pin_job
from bot.operations.addresses import JobArgs
from bot.operations.operation import Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.mrkdwn import link, md
from commands.job.results import JobResult, describe_job

# Once a job has an agent, its priority no longer matters.
_WAITING = frozenset({"pending", "waiting", "blocked", "limiting", "limited", "scheduled"})


class JobReprioritizeArgs(JobArgs):
    """Arguments of `job reprioritize`."""

    priority: Annotated[
        int,
        Opt(positional=True, hint="10"),
        Field(ge=-1_000_000, le=1_000_000, description="Priority (higher runs first, default 0)"),
    ]


def _is_waiting(job: Job) -> bool:
    return job.type == "script" and job.state in _WAITING


async def _pin(args: JobReprioritizeArgs, ctx: JobContext) -> JobReprioritizeArgs:
    return await pin_job(args, ctx, _is_waiting, "waiting")


async def _probe(args: JobReprioritizeArgs, ctx: JobContext) -> Reply[JobResult] | None:
    job = await ctx.jobs.job(args.job or "")
    return _reply_moved(job, args) if job.priority and job.priority.number == args.priority else None


@operation(
    "job reprioritize",
    also=("job priority",),
    needs=Permission.BUILD,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_builds",),
    pin=_pin,
    label_values=label_job,
    probe=_probe,
    examples=("job reprioritize web 101 Test 10", "job reprioritize 0198d108-a532-4a62-9bd7-b2e744bf5c01 -5"),
)
async def reprioritize(args: JobReprioritizeArgs, ctx: JobContext) -> Reply[JobResult]:
    """Change a waiting job's priority."""
    if not args.job:
        raise UsageError("Which job do you mean?", "Name it, or ask in the thread of a build.", "job")
    return _reply_moved(await ctx.jobs.reprioritize_job(args.job, args.priority), args)


def _reply_moved(job: Job, args: JobReprioritizeArgs) -> Reply[JobResult]:
    name, ref = link(job.web_url or "", shorten(job.title, 100)), f"{args.pipeline}#{args.number}"
    text = md("set the priority of {job} of {ref} to {priority}", job=name, ref=ref, priority=args.priority)
    return Reply(data=describe_job(job, args, text), text=text, private=False)
