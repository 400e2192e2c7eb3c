"""Command that unblocks a build waiting at a block step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bot.buildkite.endpoints.pipelines import PipelineCalls
from bot.buildkite.models import Job
from bot.errors import NotFound, Refused, UsageError
from bot.execution.resolve.job import JobContext, pin_job
from bot.operations.addresses import JobArgs
from bot.operations.operation import Effect, Labels, Opt, Permission, operation
from bot.operations.operation import FormField as Input
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.mrkdwn import bold, md
from commands.job import block_step


class JobUnblockArgs(JobArgs):
    """Arguments of `job unblock`."""

    fields: Annotated[
        dict[str, str],
        Opt(
            positional=True,
            aliases=("--data",),
            in_form=False,
            hint="release-name=1.42",
            secret=True,
            approvers_see=True,
        ),
        Field(default_factory=dict, description="Values for the step's fields"),
    ]


@dataclass(frozen=True)
class JobUnblockContext(JobContext):
    """The jobs, and the pipelines whose steps have the fields to fill in."""

    pipelines: PipelineCalls


async def _pin(args: JobUnblockArgs, ctx: JobUnblockContext) -> JobUnblockArgs:
    return await pin_job(args, ctx, lambda job: job.awaits_unblock, "blocked")


async def _find_inputs(given: Mapping[str, object], ctx: JobUnblockContext) -> tuple[Input, ...]:
    """Return the form inputs for the step's fields, or none if the fields can't be found."""
    known = {key: value for key, value in given.items() if key in JobUnblockArgs.model_fields and key != "fields"}
    args = JobUnblockArgs.model_validate(known)
    pinned = args if args.pipeline and args.number and args.job else await _pin(args, ctx)
    return await _read_fields(pinned, await ctx.jobs.job(pinned.job or ""), ctx) or ()


async def _read_fields(args: JobUnblockArgs, job: Job, ctx: JobUnblockContext) -> tuple[Input, ...] | None:
    pipeline = await ctx.pipelines.pipeline(args.pipeline or "")
    return block_step.find_fields(pipeline.configuration, job)


async def _label_values(args: JobUnblockArgs, ctx: JobUnblockContext) -> Labels:
    """Return the step's name, and its fields by label with their values. Raise UsageError if one is missing."""
    job = await ctx.jobs.job(args.job or "")
    fields = await _read_fields(args, job, ctx) if job.awaits_unblock else None
    return {"job": job.title, **({"fields": block_step.label_answers(fields, args.fields)} if fields else {})}


async def _probe(args: JobUnblockArgs, ctx: JobUnblockContext) -> Reply | None:
    job = await ctx.jobs.job(args.job or "")
    done = job.unblocked_by is not None or (job.state or "").startswith("unblocked")
    return _reply_unblocked(job, args) if done else None


@operation(
    "job unblock",
    also=("unblock", "build unblock"),
    label="Unblock",
    needs=Permission.BUILD,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_builds",),
    phrase="unblock {job} in {build}",
    pin=_pin,
    probe=_probe,
    load_fields=_find_inputs,
    label_values=_label_values,
    opens_form=True,
    examples=("job unblock", "job unblock release -p web -n 101 release-name=1.42 ring=canary"),
)
async def unblock(args: JobUnblockArgs, ctx: JobUnblockContext) -> Reply:
    """Unblock a build."""
    if not (args.pipeline and args.number and args.job):
        raise UsageError("Which job do you mean?", "Name it, or ask in the thread of a build.", "job")
    job = await ctx.jobs.job(args.job)
    fields = await _read_fields(args, job, ctx) if job.awaits_unblock else None
    values = dict(args.fields) if fields is None else block_step.fill_fields(fields, args.fields)
    await ctx.jobs.unblock_job(args.job, values, await _find_unblocker(ctx))
    return _reply_unblocked(job, args)


async def _find_unblocker(ctx: JobUnblockContext) -> str | None:
    """Return the id of the person's Buildkite user: their token's, or else the one with their e-mail address.

    Return None if the token may not list the organization's members.
    """
    if ctx.caller.account:
        return ctx.caller.account.buildkite_id or None
    if not ctx.caller.actor.email:
        return None
    try:
        return await ctx.catalog.find_user_id(ctx.caller.actor.email)
    except (Refused, NotFound):
        return None


def _reply_unblocked(job: Job, args: JobUnblockArgs) -> Reply:
    step, ref = bold(shorten(job.title, 100)), f"{args.pipeline}#{args.number}"
    return Reply(text=md("unblocked {step} of {ref}", step=step, ref=ref), private=False)
