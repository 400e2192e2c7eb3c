"""The environment of a job: the names in it, never a value."""

from __future__ import annotations

from collections.abc import Iterable

from bot.buildkite.models import Job
from bot.errors import UsageError
from bot.execution.context import Context
from bot.execution.resolve.job import pin_job
from bot.operations.addresses import AtJob
from bot.operations.operation import Effect, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import lines, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, join, link, md

_BUILDKITES = ("BUILDKITE", "CI")
_NAME_LIMIT = 100


class Env(AtJob):
    """Whose environment to show."""


def _runs(job: Job) -> bool:
    return job.type == "script" and (job.state == "running" or job.failed)


async def _pin(args: Env, ctx: Context) -> Env:
    return await pin_job(args, ctx, _runs, "running or failed", others=lambda job: job.type == "script")


@operation(
    "job env",
    needs=Permission.ENV,
    effect=Effect.READ,
    pin=_pin,
    examples=("job env Test -p web -n 101", "job env"),
)
async def env(args: Env, ctx: Context) -> Reply:
    """Show the names of a job's environment variables, without their values."""
    if not (args.pipeline and args.number and args.job):
        raise UsageError("Which job do you mean?", "Name it, or ask in the thread of a build.", "job")
    job = await ctx.buildkite.job(args.job)
    names = sorted(await ctx.buildkite.job_env(args.pipeline, args.number, args.job))
    name = link(job.web_url or "", shorten(job.title, 100))
    ref = f"{args.pipeline}#{args.number}"
    head = md("{name} of {ref} has {count} environment variables.", name=name, ref=ref, count=len(names))
    vendors = [name for name in names if name.split("_")[0] in _BUILDKITES]
    own = [name for name in names if name not in vendors]
    text = lines([head, _listed(Mrkdwn("*Its own*"), own), _listed(Mrkdwn("*Buildkite's*"), vendors)])
    return Reply(text=text, footer="Names only: a value may be a secret.")


def _listed(title: Mrkdwn, names: Iterable[str]) -> Mrkdwn:
    shown = join([code(shorten(name, _NAME_LIMIT)) for name in names], " ")
    return lines([title, shown]) if shown else Mrkdwn("")
