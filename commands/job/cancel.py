"""One job that is canceled while its build goes on."""

from __future__ import annotations

from bot.buildkite.endpoints.graphql import SCOPE, no_access
from bot.buildkite.models import Job
from bot.errors import Refused, UsageError
from bot.execution.context import Context
from bot.execution.resolve.job import job_label, pin_job
from bot.operations.addresses import AtJob
from bot.operations.operation import Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, link, md

_OVER = frozenset({"passed", "failed", "canceled", "canceling", "timed_out", "skipped", "broken", "expired"})
_CANCELED = frozenset({"canceling", "canceled"})


class Cancel(AtJob):
    """Which job to cancel."""


def _cancelable(job: Job) -> bool:
    return job.type == "script" and job.state not in _OVER


async def _pin(args: Cancel, ctx: Context) -> Cancel:
    return await pin_job(args, ctx, _cancelable, "unfinished")


async def _ask(args: Cancel, ctx: Context) -> Mrkdwn | None:
    """Whether to: once it is clear that the token may do it at all. Raises Refused."""
    scopes = (await ctx.buildkite.access_token()).scopes
    if SCOPE not in scopes:
        raise _instead(no_access("Its scopes do not include graphql."), args, ctx)
    job = await ctx.buildkite.job(args.job or "")
    if not _cancelable(job):
        return None  # Buildkite's refusal says more than a question would.
    state, ref = (job.state or "unknown").replace("_", " "), f"{args.pipeline}#{args.number}"
    return md("Cancel {job} of {ref}? It is {state}.", job=_named(job), ref=ref, state=state)


async def _probe(args: Cancel, ctx: Context) -> Reply | None:
    job = await ctx.buildkite.job(args.job or "")
    return _canceled(job, args) if job.state in _CANCELED else None


@operation(
    "job cancel",
    needs=Permission.BUILD,
    pin=_pin,
    labels=job_label,
    confirm=_ask,
    probe=_probe,
    examples=('job cancel "Test" -p web -n 101', "job cancel"),
)
async def cancel(args: Cancel, ctx: Context) -> Reply:
    """Cancel one job and let its build go on; needs a token with GraphQL access."""
    if not args.job:
        raise UsageError("Which job do you mean?", "Name it, or ask in the thread of a build.", "job")
    job = await ctx.buildkite.job(args.job)
    try:
        await ctx.buildkite.cancel_job(args.job)
    except Refused as refused:
        raise _instead(refused, args, ctx) from refused
    return _canceled(job, args)


def _instead(refused: Refused, args: Cancel, ctx: Context) -> Refused:
    """What is missing, who can mend it, and what can be done without it."""
    ref = f"{args.pipeline} {args.number}"
    who = "Connect a token of yours that has it" if ctx.account else "Whoever runs me can give it that access"
    hint = f"{refused.hint} {who}; or stop the whole build: `{ctx.command} build cancel {ref}`."
    return Refused(refused.message, hint.strip(), refused.rule)


def _canceled(job: Job, args: Cancel) -> Reply:
    text = md("canceled {job} of {ref}", job=_named(job), ref=f"{args.pipeline}#{args.number}")
    return Reply(text=text, private=False)


def _named(job: Job) -> Mrkdwn:
    return link(job.web_url or "", shorten(job.title, 100))
