"""The place of a job among those that wait for the same agents."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.buildkite.models import Job
from bot.errors import UsageError
from bot.execution.context import Context
from bot.execution.resolve.job import job_label, pin_job
from bot.operations.addresses import AtJob
from bot.operations.operation import Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.mrkdwn import link, md

# A job that has an agent is moved no more.
_WAITING = frozenset({"pending", "waiting", "blocked", "limiting", "limited", "scheduled"})


class Reprioritize(AtJob):
    """Which job to move up or down."""

    priority: Annotated[
        int,
        Opt(positional=True, hint="10"),
        Field(ge=-1_000_000, le=1_000_000, description="Priority: the highest goes first, 0 is usual"),
    ]


def _waits(job: Job) -> bool:
    return job.type == "script" and job.state in _WAITING


async def _pin(args: Reprioritize, ctx: Context) -> Reprioritize:
    return await pin_job(args, ctx, _waits, "waiting")


async def _probe(args: Reprioritize, ctx: Context) -> Reply | None:
    job = await ctx.buildkite.job(args.job or "")
    return _moved(job, args) if job.priority and job.priority.number == args.priority else None


@operation(
    "job reprioritize",
    needs=Permission.BUILD,
    pin=_pin,
    labels=job_label,
    probe=_probe,
    examples=('job priority "Test" 10 -p web -n 101', "job reprioritize 0198d108-a532-4a62-9bd7-b2e744bf5c01 -5"),
)
async def reprioritize(args: Reprioritize, ctx: Context) -> Reply:
    """Let a job that waits run before or after others."""
    if not args.job:
        raise UsageError("Which job do you mean?", "Name it, or ask in the thread of a build.", "job")
    return _moved(await ctx.buildkite.reprioritize_job(args.job, args.priority), args)


def _moved(job: Job, args: Reprioritize) -> Reply:
    name, ref = link(job.web_url or "", shorten(job.title, 100)), f"{args.pipeline}#{args.number}"
    text = md("set the priority of {job} of {ref} to {priority}", job=name, ref=ref, priority=args.priority)
    return Reply(text=text, private=False)
