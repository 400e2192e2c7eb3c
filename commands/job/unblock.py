"""Command that unblocks a build waiting at a block step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from bot.buildkite.endpoints.pipelines import PipelineCalls
from bot.buildkite.models import Job
from bot.errors import Ambiguous, NotFound, NothingToDo, Refused, UsageError
from bot.execution.resolve.build import resolve_build
from bot.execution.resolve.job import JobContext, pin_job
from bot.operations.acts.model import describe_moment, name_job
from bot.operations.acts.service import Acts
from bot.operations.addresses import JobArgs
from bot.operations.operation import Effect, Labels, Opt, Permission, operation
from bot.operations.operation import FormField as Input
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import NAME_LIMIT, shorten
from bot.slack.blockkit.mrkdwn import md
from commands.job import block_step
from commands.job.results import JobResult, describe_job


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
    """The jobs, the pipelines whose steps have the fields to fill in, and what people did before."""

    pipelines: PipelineCalls
    acts: Acts


async def _pin(args: JobUnblockArgs, ctx: JobUnblockContext) -> JobUnblockArgs:
    """Fill in the job. Raise NothingToDo for a build whose block step was passed already."""
    try:
        return await pin_job(args, ctx, lambda job: job.awaits_unblock, "blocked")
    except Ambiguous:
        raise
    except UsageError as error:
        if args.job is None and (done := await _explain_unblocked_build(args, ctx)):
            raise done from error
        raise


async def _explain_unblocked_build(args: JobUnblockArgs, ctx: JobUnblockContext) -> NothingToDo | None:
    """Return who unblocked the build that is meant, and when; None if it has no block step that was passed."""
    ref = await resolve_build(args.pipeline, args.number, ctx)
    jobs = (await ctx.builds.build(ref.pipeline, ref.number)).jobs
    passed = [job for job in jobs if _is_unblocked(job)]
    oldest = datetime.min.replace(tzinfo=UTC)
    last = max(passed, key=lambda job: job.unblocked_at or oldest, default=None)
    return await _explain_unblocked(last, ctx) if last else None


def _is_unblocked(job: Job) -> bool:
    return job.unblocked_by is not None or (job.state or "").startswith("unblocked")


async def _explain_unblocked(job: Job, ctx: JobUnblockContext) -> NothingToDo:
    """Return who unblocked a job, and when: Buildkite names the bot's user for what the bot did for someone."""
    by = await ctx.acts.describe_last(("job unblock",), name_job(job.id))
    if not by and job.unblocked_by and job.unblocked_by.name:
        by = md(" by {who}", who=shorten(job.unblocked_by.name, NAME_LIMIT))
        if job.unblocked_at:
            by = md("{by} {time}", by=by, time=describe_moment(job.unblocked_at, ctx.acts.now()))
    return NothingToDo(md("Already unblocked{by}.", by=by))


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


async def _probe(args: JobUnblockArgs, ctx: JobUnblockContext) -> Reply[JobResult] | None:
    job = await ctx.jobs.job(args.job or "")
    if not _is_unblocked(job):
        return None
    return _reply_unblocked(job, args, ctx, await _read_fields(args, job, ctx))


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
    examples=("job unblock", "job unblock web 101 release release-name=1.42 ring=canary"),
)
async def unblock(args: JobUnblockArgs, ctx: JobUnblockContext) -> Reply[JobResult]:
    """Unblock a build."""
    if not (args.pipeline and args.number and args.job):
        raise UsageError("Which job do you mean?", "Name it, or ask in the thread of a build.", "job")
    job = await ctx.jobs.job(args.job)
    if _is_unblocked(job):
        raise await _explain_unblocked(job, ctx)
    fields = await _read_fields(args, job, ctx) if job.awaits_unblock else None
    values = dict(args.fields) if fields is None else block_step.fill_fields(fields, args.fields)
    unblocked = await ctx.jobs.unblock_job(args.job, values, await _find_unblocker(ctx))
    return _reply_unblocked(unblocked, args, ctx, fields, values)


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


def _reply_unblocked(
    job: Job,
    args: JobUnblockArgs,
    ctx: JobUnblockContext,
    fields: tuple[Input, ...] | None,
    values: Mapping[str, str] | None = None,
) -> Reply[JobResult]:
    """Announce what was unblocked, and with which answers; the build is named where its thread doesn't name it."""
    answers = block_step.describe_answers(fields or (), args.fields if values is None else values)
    text = md(
        "unblocked “{step}”{ref}{answers}",
        step=shorten(job.title, 100),
        ref="" if ctx.caller.thread.ts else f" of {args.pipeline}#{args.number}",
        answers=md(": {answers}", answers=answers) if answers else "",
    )
    return Reply(data=describe_job(job, args, text), text=text, private=False)
