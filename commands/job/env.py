"""Command that lists the names of a job's environment variables, never their values."""

from __future__ import annotations

from collections.abc import Iterable

from bot.buildkite.models import Job
from bot.errors import UsageError
from bot.execution.resolve.job import JobContext, pin_job
from bot.operations.addresses import JobArgs
from bot.operations.operation import Effect, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import join_lines, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, join, link, md
from commands.job.results import EnvironmentNames, JobData

_BUILDKITE_PREFIXES = ("BUILDKITE", "CI")
_NAME_LIMIT = 100


class JobEnvArgs(JobArgs):
    """Arguments of `job env`."""


def _has_started(job: Job) -> bool:
    return job.type == "script" and (job.state == "running" or job.failed)


async def _pin(args: JobEnvArgs, ctx: JobContext) -> JobEnvArgs:
    return await pin_job(
        args, ctx, _has_started, "running or failed", is_alternative=lambda job: job.type == "script"
    )


@operation(
    "job env",
    needs=Permission.ENV,
    effect=Effect.READS,
    scopes=("read_job_env",),
    pin=_pin,
    examples=("job env web 101 Test", "job env"),
)
async def env(args: JobEnvArgs, ctx: JobContext) -> Reply[EnvironmentNames]:
    """List the names of a job's environment variables, without values."""
    if not (args.pipeline and args.number and args.job):
        raise UsageError("Which job do you mean?", "Name it, or ask in the thread of a build.", "job")
    job = await ctx.jobs.job(args.job)
    names = sorted(await ctx.jobs.job_env(args.pipeline, args.number, args.job))
    name = link(job.web_url or "", shorten(job.title, 100))
    ref = f"{args.pipeline}#{args.number}"
    head = md("{name} of {ref} has {count} environment variables.", name=name, ref=ref, count=len(names))
    vendors = [name for name in names if name.split("_")[0] in _BUILDKITE_PREFIXES]
    own = [name for name in names if name not in vendors]
    text = join_lines(
        [
            head,
            _render_names(Mrkdwn("*Set by the pipeline*"), own),
            _render_names(Mrkdwn("*Set by Buildkite*"), vendors),
        ]
    )
    data = EnvironmentNames(
        message=head, pipeline=args.pipeline, number=args.number, job=JobData.from_job(job), names=tuple(names)
    )
    return Reply(data=data, text=text, footer="Names only, because values may be secrets.")


def _render_names(title: Mrkdwn, names: Iterable[str]) -> Mrkdwn:
    codes = join([code(shorten(name, _NAME_LIMIT)) for name in names], " ")
    return join_lines([title, codes]) if codes else Mrkdwn("")
