"""`stacks`: the controllers that start an agent for each job that waits."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from pydantic import Field

from bot.buildkite.agent_api import DEFAULT_QUEUE, AgentApi
from bot.buildkite.stack_models import Configuration, ScheduledJob, Stack
from bot.errors import NotFound
from bot.execution.context import Context
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md, when
from bot.slack.blockkit.tables import Table

UNSET = Mrkdwn(
    "I have no agent token, so I cannot ask for stacks.\n"
    "Whoever runs me sets `BUILDKITE_AGENT_TOKEN` (Buildkite → Agents → a cluster → Agent Tokens)."
)
MOST = 500


class Wanted(Args):
    """Which stack, and which of its queues."""

    stack: Annotated[
        str | None,
        Opt(positional=True),
        Field(pattern=r"^[A-Za-z0-9_-]{1,80}$", description="Key that the stack was registered with"),
    ] = None
    queue: Annotated[
        str,
        Opt(short="q"),
        Field(min_length=1, max_length=200, description="Queue key; the default queue without it"),
    ] = DEFAULT_QUEUE


@operation(
    "stacks", needs=Permission.READ, effect=Effect.READ, examples=("stacks", "stacks k8s-main --queue deploy")
)
async def stacks(args: Wanted, ctx: Context) -> Reply:
    """Show the stacks that the agent token sees, or the jobs that wait for one of them."""
    if ctx.agent_api is None:
        return Reply(text=UNSET)
    if args.stack:
        return await _waiting(args.stack, args.queue, ctx.agent_api)
    try:
        found = await ctx.agent_api.stacks()
    except NotFound as error:
        return _unlisted(error, ctx)
    return _listed(found)


def _unlisted(error: NotFound, ctx: Context) -> Reply:
    """Older documents have a list, newer ones only calls about a stack whose key one knows."""
    how = code(f"{ctx.command} stacks <key>")
    text = md("Buildkite lists no stacks for this token. {said}", said=error.hint)
    return Reply(text=text, footer=md("What waits for a stack whose key you know: {how}", how=how))


def _listed(found: Configuration) -> Reply:
    rows = tuple(_row(stack) for stack in sorted(found.stacks, key=lambda item: item.key))
    count = "1 stack" if len(rows) == 1 else f"{len(rows)} stacks"
    columns = ("Stack", "Type", "Queue", "State", "Seen")
    table = Table(columns, rows, count, noun="stack", empty="There are no stacks.")
    paused = sorted(queue.key for queue in found.queues if queue.dispatch_paused)
    facts = {
        "Queues": ", ".join(sorted(queue.key for queue in found.queues)),
        "Paused": ", ".join(paused),
        "It also speaks of": ", ".join(found.others),
    }
    return Reply(fields=tuple((label, value) for label, value in facts.items() if value), table=table)


def _row(stack: Stack) -> tuple[str, ...]:
    seen = when(stack.last_connected_on, "{date_short_pretty} {time}") if stack.last_connected_on else ""
    return stack.key, stack.type or "", stack.cluster_queue_key or "", stack.state or "", seen


async def _waiting(stack: str, queue: str, api: AgentApi) -> Reply:
    jobs = await _first(api.scheduled_jobs(stack, queue))
    where = "the default queue" if queue == DEFAULT_QUEUE else f"queue {queue}"
    count = "1 job waits" if len(jobs) == 1 else f"{len(jobs)} jobs wait"
    empty = f"No job waits for the stack {stack} in {where}."
    columns = ("Build", "Branch", "Step", "Rules", "Since")
    rows = tuple(map(_job, jobs))
    return Reply(table=Table(columns, rows, f"{count} for {stack} in {where}", noun="job", empty=empty))


async def _first(listed: AsyncGenerator[ScheduledJob, None]) -> tuple[ScheduledJob, ...]:
    """The oldest of them: who reads a chat needs no more."""
    jobs: list[ScheduledJob] = []
    async with aclosing(listed):
        async for job in listed:
            jobs.append(job)
            if len(jobs) == MOST:
                break
    return tuple(jobs)


def _job(scheduled_job: ScheduledJob) -> tuple[str, ...]:
    since = when(scheduled_job.scheduled_at, "{date_short_pretty} {time}") if scheduled_job.scheduled_at else ""
    build = f"{scheduled_job.pipeline.slug}#{scheduled_job.build.number}"
    return (
        build,
        scheduled_job.build.branch,
        scheduled_job.step.key or "",
        " ".join(scheduled_job.agent_query_rules),
        since,
    )
