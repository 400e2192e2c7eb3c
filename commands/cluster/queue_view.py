"""`queue view`: one queue with its agents, what it is busy with, and why it is paused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from bot.buildkite.catalog import Placed
from bot.buildkite.models import Agent, Queue
from bot.buildkite.resources import Cluster
from bot.errors import KitestringError
from bot.execution.context import Context
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, join, link, md, when
from bot.slack.blockkit.tables import Table


class View(Args):
    """Which queue to show."""

    queue: Annotated[str, Opt(positional=True, suggest="queue"), Field(min_length=1, description="Queue")]


async def _pin(args: View, ctx: Context) -> View:
    """Replace whatever names the queue by its id."""
    return args.model_copy(update={"queue": (await ctx.catalog.find_queue(args.queue)).queue.id})


@operation("queue view", needs=Permission.READ, effect=Effect.READ, pin=_pin, examples=("queue view deploy",))
async def view(args: View, ctx: Context) -> Reply:
    """Show a queue: whether it is paused and why, its agents, the jobs that wait and run."""
    placed = await ctx.catalog.find_queue(args.queue)
    queue = await ctx.buildkite.queue(placed.cluster.id, placed.queue.id)
    agents = [found async for found in ctx.buildkite.agents(cluster_queue_id=queue.id)]
    facts = _facts(Placed(placed.cluster, queue), agents, await _jobs(placed, ctx))
    text = md("Queue {name} is {state}.", name=link(queue.web_url, queue.key), state=_state(queue))
    return Reply(text=text, fields=facts, table=_table(agents), buttons=_buttons(queue, ctx))


def _state(queue: Queue) -> str:
    return "paused: it hands out no jobs" if queue.dispatch_paused else "open"


def _facts(placed: Placed, agents: Sequence[Agent], jobs: str) -> tuple[tuple[str, str], ...]:
    queue = placed.queue
    facts = {
        "Cluster": link(placed.cluster.web_url, placed.cluster.name),
        "Description": shorten(queue.description or "", 500),
        "Paused": _pause(queue),
        "Agents": _counted(agents),
        "Jobs": jobs,
        "Hosted": queue.shape,
        "Default": "yes" if queue.id == placed.cluster.default_queue_id else "",
        "Id": code(queue.id),
    }
    return tuple((label, value) for label, value in facts.items() if value.strip())


def _pause(queue: Queue) -> Mrkdwn:
    if not queue.dispatch_paused:
        return Mrkdwn("")
    by = queue.dispatch_paused_by.name if queue.dispatch_paused_by else None
    at = queue.dispatch_paused_at
    parts = [
        md("by {name}", name=by) if by else Mrkdwn(""),
        md("since {moment}", moment=when(at, "{date_short_pretty} {time}")) if at else Mrkdwn(""),
        md("{note}", note=shorten(queue.dispatch_paused_note or "", 500)),
    ]
    return join([part for part in parts if part], ", ") or Mrkdwn("yes")


def _counted(agents: Sequence[Agent]) -> str:
    """`3: 2 idle, 1 running`."""
    states = Counter(agent.activity for agent in agents)
    said = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return f"{len(agents)}: {said}" if agents else "none connected"


async def _jobs(placed: Placed, ctx: Context) -> str:
    """What the Agent API counts, where its token is for that cluster; nothing where nobody can say."""
    if ctx.agent_api is None:
        return ""
    try:
        metrics = await ctx.agent_api.metrics()
    except KitestringError as error:
        return f"not known: {error.message}"
    if not _same(metrics.cluster.get("name"), placed.cluster, await ctx.catalog.clusters()):
        return ""
    found = metrics.jobs.queues.get(placed.queue.key)
    if found is None:
        return "none unfinished"
    return f"{found.running} running, {found.scheduled} scheduled, {found.waiting} waiting"


def _same(name: object, cluster: Cluster, known: Sequence[Cluster]) -> bool:
    """Older answers do not name the cluster: then there has to be one only."""
    return name == cluster.name or (name is None and len(known) == 1)


def _table(agents: Sequence[Agent]) -> Table:
    rows = tuple(
        (
            link(agent.web_url, agent.name),
            agent.activity,
            agent.hostname or "",
            agent.job.title if agent.job else "",
        )
        for agent in sorted(agents, key=lambda item: item.name)
    )
    count = "1 agent" if len(rows) == 1 else f"{len(rows)} agents"
    empty = "No agent is connected to this queue: its jobs wait."
    return Table(("Agent", "State", "Host", "Job"), rows, count, noun="agent", empty=empty)


def _buttons(queue: Queue, ctx: Context) -> tuple[Button, ...]:
    """For those who may press them somewhere."""
    given = {"queue": queue.id}
    resume = Button("Resume", Call("queue resume", given), "primary", reads=f"Resume queue {queue.key}")
    pause = Button("Pause", Call("queue pause", given), form=True, reads=f"Pause queue {queue.key}")
    button = resume if queue.dispatch_paused else pause
    allowed = button.call is not None and ctx.allowed(ctx.registry[button.call.operation])
    return (button,) if allowed else ()
