"""Command that shows a queue with its agents and jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from bot.access.policy.service import PolicyService
from bot.buildkite.agent_api import AgentApi
from bot.buildkite.catalog import Catalog
from bot.buildkite.endpoints.agents import AgentCalls
from bot.buildkite.endpoints.clusters import ClusterCalls
from bot.buildkite.resources import Agent, Cluster, PlacedQueue, Queue
from bot.errors import KitestringError
from bot.execution.context import Caller
from bot.operations.acts.model import Act, name_queue
from bot.operations.acts.service import Acts
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, join, link, local_time, md
from commands.agent.results import AgentData
from commands.cluster.results import QueueData, QueueReport

# An act is recorded when Buildkite has answered, which may take as long as a call.
_SAME_PAUSE = timedelta(minutes=2)


class QueueViewArgs(Args):
    """Arguments of `queue view`."""

    queue: Annotated[str, Opt(positional=True, suggest="queue"), Field(min_length=1, description="Queue")]


@dataclass(frozen=True)
class QueueViewContext:
    """A queue's state, agents and jobs, and what the person may do with it."""

    caller: Caller
    policy: PolicyService
    catalog: Catalog
    clusters: ClusterCalls
    agents: AgentCalls
    agent_api: AgentApi | None
    acts: Acts


async def _pin(args: QueueViewArgs, ctx: QueueViewContext) -> QueueViewArgs:
    """Replace the queue's key with its id."""
    return args.model_copy(update={"queue": (await ctx.catalog.find_queue(args.queue)).queue.id})


@operation(
    "queue view",
    also=("queue show",),
    implied_by="noun",
    needs=Permission.READ,
    effect=Effect.READS,
    scopes=("read_agents", "read_clusters"),
    pin=_pin,
    examples=("queue view deploy",),
)
async def view(args: QueueViewArgs, ctx: QueueViewContext) -> Reply[QueueReport]:
    """Show a queue's state, agents and unfinished jobs."""
    placed = await ctx.catalog.find_queue(args.queue)
    queue = await ctx.clusters.queue(placed.cluster.id, placed.queue.id)
    agents = [found async for found in ctx.agents.agents(cluster_queue_id=queue.id)]
    by = await ctx.acts.find_last(("queue pause",), name_queue(queue.id)) if queue.dispatch_paused else None
    now, jobs = PlacedQueue(placed.cluster, queue), await _count_jobs(placed, ctx)
    text = md("Queue {name} is {state}.", name=link(queue.web_url, queue.key), state=_describe_state(queue))
    return Reply(
        data=QueueReport(
            message=text,
            queue=QueueData.from_place(now, paused_by=_find_pauser(queue, by)),
            agents=tuple(AgentData.from_agent(agent) for agent in agents),
            jobs=jobs or None,
        ),
        text=text,
        fields=_collect_facts(now, agents, jobs, by),
        table=_render_agents(agents),
        buttons=_make_buttons(queue, ctx),
    )


def _describe_state(queue: Queue) -> str:
    return "paused and dispatches no jobs" if queue.dispatch_paused else "open"


def _collect_facts(
    placed: PlacedQueue, agents: Sequence[Agent], jobs: str, last_pause: Act | None
) -> tuple[tuple[str, str], ...]:
    queue = placed.queue
    facts = {
        "Cluster": link(placed.cluster.web_url, placed.cluster.name),
        "Description": shorten(queue.description or "", 500),
        "Paused": _describe_pause(queue, last_pause),
        "Agents": _count_agents(agents),
        "Jobs": jobs,
        "Hosted": queue.shape,
        "Default": "yes" if queue.id == placed.cluster.default_queue_id else "",
        "Id": code(queue.id),
    }
    return tuple((label, value) for label, value in facts.items() if value.strip())


def _describe_pause(queue: Queue, last_pause: Act | None) -> Mrkdwn:
    if not queue.dispatch_paused:
        return Mrkdwn("")
    at, by = queue.dispatch_paused_at, _find_pauser(queue, last_pause)
    parts = [
        md("by {name}", name=by) if by else Mrkdwn(""),
        md("since {moment}", moment=local_time(at, "{date_short_pretty} {time}")) if at else Mrkdwn(""),
        md("{note}", note=shorten(queue.dispatch_paused_note or "", 500)),
    ]
    return join([part for part in parts if part], ", ") or Mrkdwn("yes")


def _find_pauser(queue: Queue, last_pause: Act | None) -> str | None:
    """Return who paused a queue.

    Buildkite names the owner of the token. If it was the bot's, the person asked the bot at about that time.
    """
    at = queue.dispatch_paused_at
    if last_pause and (at is None or abs(last_pause.at - at) < _SAME_PAUSE):
        return last_pause.who
    return queue.dispatch_paused_by.name if queue.dispatch_paused_by else None


def _count_agents(agents: Sequence[Agent]) -> str:
    """Return `3: 2 idle, 1 running`."""
    states = Counter(agent.activity for agent in agents)
    counts = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return f"{len(agents)}: {counts}" if agents else "none connected"


async def _count_jobs(placed: PlacedQueue, ctx: QueueViewContext) -> str:
    """Return the Agent API's job counts, or an empty text if its token is for another cluster or not set."""
    if ctx.agent_api is None:
        return ""
    try:
        metrics = await ctx.agent_api.metrics()
    except KitestringError as error:
        return f"unknown: {error.message}"
    if not _is_named(metrics.cluster.get("name"), placed.cluster, await ctx.catalog.list_clusters()):
        return ""
    found = metrics.jobs.queues.get(placed.queue.key)
    if found is None:
        return "none unfinished"
    return f"{found.running} running, {found.scheduled} scheduled, {found.waiting} waiting"


def _is_named(name: object, cluster: Cluster, known: Sequence[Cluster]) -> bool:
    """Return whether the name is this cluster's. Older answers don't name it; then it must be the only one."""
    return name == cluster.name or (name is None and len(known) == 1)


def _render_agents(agents: Sequence[Agent]) -> Table:
    rows = tuple(
        (
            link(agent.web_url, agent.name),
            agent.activity,
            agent.hostname or "",
            agent.job.title if agent.job else "",
        )
        for agent in sorted(agents, key=lambda agent: agent.name)
    )
    count = "1 agent" if len(rows) == 1 else f"{len(rows)} agents"
    empty = "No agent is connected to this queue, so its jobs are waiting."
    return Table(("Agent", "State", "Host", "Job"), rows, count, noun="agent", empty=empty)


def _make_buttons(queue: Queue, ctx: QueueViewContext) -> tuple[Button, ...]:
    """Return the button if the person may use it."""
    given = {"queue": queue.id}
    resume = Button("Resume", Call("queue resume", given), "primary", spoken_label=f"Resume queue {queue.key}")
    pause = Button("Pause", Call("queue pause", given), form=True, spoken_label=f"Pause queue {queue.key}")
    button = resume if queue.dispatch_paused else pause
    allowed = button.call is not None and ctx.policy.is_allowed(ctx.caller.actor, button.call.operation)
    return (button,) if allowed else ()
