"""Command that shows stacks: the controllers that start an agent for each waiting job."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bot.buildkite.agent_api import DEFAULT_QUEUE, AgentApi
from bot.buildkite.stack_models import ScheduledJob, StackConfiguration
from bot.errors import NotFound
from bot.execution.context import Caller
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, local_time, md
from commands.cluster.results import StackData, StackList, WaitingJob

UNSET = Mrkdwn(
    "I can't list stacks because I have no agent token.\n"
    "Ask the bot's operator to set `BUILDKITE_AGENT_TOKEN` (Buildkite → Agents → a cluster → Agent Tokens)."
)
JOBS_LIMIT = 500


class StacksArgs(Args):
    """Arguments of `stacks`."""

    stack: Annotated[
        str | None,
        Opt(positional=True),
        Field(pattern=r"^[A-Za-z0-9_-]{1,80}$", description="Stack key"),
    ] = None
    queue: Annotated[
        str,
        Opt(short="q"),
        Field(min_length=1, max_length=200, description="Queue key (default: the default queue)"),
    ] = DEFAULT_QUEUE


@dataclass(frozen=True)
class StacksContext:
    """The Agent API, where the bot has an agent token."""

    caller: Caller
    agent_api: AgentApi | None


@operation(
    "admin stacks",
    former=("stacks",),
    needs=Permission.READ,
    effect=Effect.READS,
    examples=("admin stacks", "admin stacks k8s-main --queue deploy"),
)
async def stacks(args: StacksArgs, ctx: StacksContext) -> Reply[StackList]:
    """List the stacks visible to the agent token, or the jobs waiting for one of them."""
    if ctx.agent_api is None:
        return Reply(data=StackList(message=UNSET), text=UNSET)
    if args.stack:
        return await _reply_waiting_jobs(args.stack, args.queue, ctx.agent_api)
    try:
        found = await ctx.agent_api.stacks()
    except NotFound as error:
        return _reply_unlisted(error, ctx)
    return _reply_stacks(found)


def _reply_unlisted(error: NotFound, ctx: StacksContext) -> Reply[StackList]:
    """Explain how to ask for one stack: Buildkite's older API lists stacks, the newer one reads them by key."""
    how = code(f"{ctx.caller.command} admin stacks <key>")
    text = md("Buildkite doesn't list stacks for this token. {hint}", hint=error.hint)
    footer = md("If you know a stack's key, list its waiting jobs with {how}.", how=how)
    return Reply(data=StackList(message=text), text=text, footer=footer)


def _reply_stacks(found: StackConfiguration) -> Reply[StackList]:
    listed = tuple(map(StackData.from_stack, sorted(found.stacks, key=lambda stack: stack.key)))
    rows = tuple(map(_render_stack, listed))
    count = "1 stack" if len(rows) == 1 else f"{len(rows)} stacks"
    columns = ("Stack", "Type", "Queue", "State", "Seen")
    table = Table(columns, rows, count, noun="stack", empty="There are no stacks.")
    data = StackList(
        message=table.summary,
        stacks=listed,
        queues=tuple(sorted(queue.key for queue in found.queues)),
        paused_queues=tuple(sorted(queue.key for queue in found.queues if queue.dispatch_paused)),
    )
    facts = {
        "Queues": ", ".join(data.queues),
        "Paused": ", ".join(data.paused_queues),
        "Also returned": ", ".join(found.others),
    }
    return Reply(data=data, fields=tuple((label, value) for label, value in facts.items() if value), table=table)


def _render_stack(stack: StackData) -> tuple[str, ...]:
    seen = local_time(stack.seen_at, "{date_short_pretty} {time}") if stack.seen_at else ""
    return stack.key, stack.type or "", stack.queue or "", stack.state or "", seen


async def _reply_waiting_jobs(stack: str, queue: str, api: AgentApi) -> Reply[StackList]:
    jobs = tuple(map(WaitingJob.from_job, await _take_first(api.scheduled_jobs(stack, queue))))
    where = "the default queue" if queue == DEFAULT_QUEUE else f"queue {queue}"
    count = "1 job waiting" if len(jobs) == 1 else f"{len(jobs)} jobs waiting"
    empty = f"No jobs are waiting for the stack {stack} in {where}."
    columns = ("Build", "Branch", "Step", "Rules", "Since")
    rows = tuple(map(_render_job, jobs))
    table = Table(columns, rows, f"{count} for {stack} in {where}", noun="job", empty=empty)
    return Reply(data=StackList(message=table.summary, waiting_jobs=jobs), table=table)


async def _take_first(scheduled: AsyncGenerator[ScheduledJob, None]) -> tuple[ScheduledJob, ...]:
    """Return the oldest jobs: more than JOBS_LIMIT are of no use in a chat."""
    jobs: list[ScheduledJob] = []
    async with aclosing(scheduled):
        async for job in scheduled:
            jobs.append(job)
            if len(jobs) == JOBS_LIMIT:
                break
    return tuple(jobs)


def _render_job(job: WaitingJob) -> tuple[str, ...]:
    since = local_time(job.scheduled_at, "{date_short_pretty} {time}") if job.scheduled_at else ""
    return f"{job.pipeline}#{job.number}", job.branch, job.step_key or "", " ".join(job.rules), since
