"""Block steps that are passed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from bot.buildkite.models import Job
from bot.errors import NotFound, Refused, UsageError
from bot.execution.context import Context
from bot.execution.resolve.job import job_label, pin_job
from bot.operations.addresses import AtJob
from bot.operations.operation import Field as Input
from bot.operations.operation import Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.mrkdwn import bold, md
from commands.job import block_step


class Unblock(AtJob):
    """Which block step to pass, and what it asks for."""

    fields: Annotated[
        dict[str, str],
        Opt(positional=True, also=("--data",), form=False, hint="release-name=1.42"),
        Field(default_factory=dict, description="What the step asks for"),
    ]


async def _pin(args: Unblock, ctx: Context) -> Unblock:
    return await pin_job(args, ctx, lambda job: job.waits, "blocked")


async def _fields(given: Mapping[str, Any], ctx: Context) -> tuple[Input, ...]:
    """The inputs of the step that is meant, for a form; none when they cannot be known."""
    known = {key: value for key, value in given.items() if key in Unblock.model_fields and key != "fields"}
    args = Unblock.model_validate(known)
    pinned = args if args.pipeline and args.number and args.job else await _pin(args, ctx)
    return await _asked(pinned, await ctx.buildkite.job(pinned.job or ""), ctx) or ()


async def _asked(args: Unblock, job: Job, ctx: Context) -> tuple[Input, ...] | None:
    pipeline = await ctx.buildkite.pipeline(args.pipeline or "")
    return block_step.fields(pipeline.configuration, job)


async def _probe(args: Unblock, ctx: Context) -> Reply | None:
    job = await ctx.buildkite.job(args.job or "")
    done = job.unblocked_by is not None or (job.state or "").startswith("unblocked")
    return _unblocked(job, args) if done else None


@operation(
    "job unblock",
    needs=Permission.BUILD,
    pin=_pin,
    probe=_probe,
    fields=_fields,
    labels=job_label,
    form=True,
    examples=("job unblock", "job unblock release -p web -n 101 release-name=1.42 ring=canary"),
)
async def unblock(args: Unblock, ctx: Context) -> Reply:
    """Let a build go on past its block step."""
    if not (args.pipeline and args.number and args.job):
        raise UsageError("Which job do you mean?", "Name it, or ask in the thread of a build.", "job")
    job = await ctx.buildkite.job(args.job)
    asked = await _asked(args, job, ctx) if job.waits else None
    values = dict(args.fields) if asked is None else block_step.filled(asked, args.fields)
    await ctx.buildkite.unblock_job(args.job, values, await _unblocker(ctx))
    return _unblocked(job, args)


async def _unblocker(ctx: Context) -> str | None:
    """The person's own user at Buildkite: of the token, else by e-mail; None where members may not be listed."""
    if ctx.account:
        return ctx.account.buildkite_id or None
    if not ctx.actor.email:
        return None
    try:
        return await ctx.catalog.user_of(ctx.actor.email)
    except (Refused, NotFound):
        return None


def _unblocked(job: Job, args: Unblock) -> Reply:
    step, ref = bold(shorten(job.title, 100)), f"{args.pipeline}#{args.number}"
    return Reply(text=md("unblocked {step} of {ref}", step=step, ref=ref), private=False)
