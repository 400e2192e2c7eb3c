"""Command that cancels one job while its build continues."""

from __future__ import annotations

from dataclasses import dataclass

from bot.buildkite.endpoints.graphql import SCOPE, GraphqlCalls, no_access_error
from bot.buildkite.endpoints.organization import OrganizationCalls
from bot.buildkite.models import Job
from bot.errors import Conflict, NothingToDo, Refused, UsageError
from bot.execution.resolve.job import JobContext, label_job, pin_job
from bot.operations.addresses import JobArgs
from bot.operations.operation import Effect, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, link, md
from commands.job.results import JobResult, describe_job

_ENDED = frozenset({"passed", "failed", "canceled", "canceling", "timed_out", "skipped", "broken", "expired"})
_CANCELED = frozenset({"canceling", "canceled"})


class JobCancelArgs(JobArgs):
    """Arguments of `job cancel`."""


def _is_cancelable(job: Job) -> bool:
    return job.type == "script" and job.state not in _ENDED


@dataclass(frozen=True)
class JobCancelContext(JobContext):
    """The jobs, the GraphQL API that cancels single ones, and the scopes of the token."""

    graphql: GraphqlCalls
    organizations: OrganizationCalls


async def _pin(args: JobCancelArgs, ctx: JobCancelContext) -> JobCancelArgs:
    return await pin_job(args, ctx, _is_cancelable, "unfinished")


async def _ask(args: JobCancelArgs, ctx: JobCancelContext) -> Mrkdwn | None:
    """Ask for confirmation. Raise Refused first if the token can't cancel single jobs: asking would be in vain."""
    scopes = (await ctx.organizations.access_token()).scopes
    if SCOPE not in scopes:
        raise _add_alternatives(no_access_error(""), args, ctx)
    job = await ctx.jobs.job(args.job or "")
    if not _is_cancelable(job):
        return None  # Buildkite's refusal explains more than a question would.
    state, ref = (job.state or "unknown").replace("_", " "), f"{args.pipeline}#{args.number}"
    return md("Cancel {job} of {ref}? It is {state}.", job=_link_job(job), ref=ref, state=state)


async def _probe(args: JobCancelArgs, ctx: JobCancelContext) -> Reply[JobResult] | None:
    job = await ctx.jobs.job(args.job or "")
    return _reply_canceled(job, args) if job.state in _CANCELED else None


@operation(
    "job cancel",
    needs=Permission.BUILD,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("graphql",),
    phrase="cancel {job} of {build}",
    pin=_pin,
    label_values=label_job,
    confirm=_ask,
    probe=_probe,
    examples=("job cancel web#101 Test", "job cancel"),
)
async def cancel(args: JobCancelArgs, ctx: JobCancelContext) -> Reply[JobResult]:
    """Cancel one job and let its build continue. Requires a token with GraphQL access."""
    if not args.job:
        raise UsageError("Which job do you mean?", "Name it, or ask in the thread of a build.", "job")
    job = await ctx.jobs.job(args.job)
    try:
        state = await ctx.graphql.cancel_job(args.job)
    except Refused as refused:
        raise _add_alternatives(refused, args, ctx) from refused
    except Conflict as conflict:
        job = await ctx.jobs.job(args.job)
        if _is_cancelable(job):
            raise
        raise _explain_uncancelable(job) from conflict
    return _reply_canceled(job.model_copy(update={"state": state}), args)


def _explain_uncancelable(job: Job) -> NothingToDo:
    """Return the error for a job that has ended or is being canceled."""
    if job.state in _CANCELED:
        return NothingToDo(md("{job} was already canceled.", job=_link_job(job)))
    end = (job.state or "ended").replace("_", " ")
    return NothingToDo(md("{job} has already {end}; there is nothing to cancel.", job=_link_job(job), end=end))


def _add_alternatives(refused: Refused, args: JobCancelArgs, ctx: JobCancelContext) -> Refused:
    """Return the refusal with a hint about how to get access, and about canceling the whole build instead."""
    ref = f"{args.pipeline} {args.number}"
    remedy = "Connect one" if ctx.caller.account else "Ask the bot's operator for it"
    hint = f"{refused.hint} {remedy}, or cancel the whole build: `{ctx.caller.command} build cancel {ref}`."
    return Refused(refused.message, hint.strip(), refused.rule)


def _reply_canceled(job: Job, args: JobCancelArgs) -> Reply[JobResult]:
    text = md("canceled {job} of {ref}", job=_link_job(job), ref=f"{args.pipeline}#{args.number}")
    return Reply(data=describe_job(job, args, text), text=text, private=False)


def _link_job(job: Job) -> Mrkdwn:
    return link(job.web_url or "", shorten(job.title, 100))
