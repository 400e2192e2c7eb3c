"""Queues: list them, pause one, let it hand out jobs again."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import Field

from bot.buildkite.catalog import Placed
from bot.execution.context import Context
from bot.operations.operation import Args, Effect, NoArgs, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, link, md
from bot.slack.blockkit.tables import Table

Q = TypeVar("Q", bound="AtQueue")
NONE = "There is no queue in any cluster."
HINT = "Agents that belong to no cluster have queues that only their tags name: `agent list` shows those."


class AtQueue(Args):
    """A queue, by its key or id."""

    queue: Annotated[str, Opt(positional=True, suggest="queue"), Field(min_length=1, description="Queue")]


class Pause(AtQueue):
    """Which queue to pause, and why."""

    note: Annotated[str | None, Opt(short="n"), Field(max_length=500, description="Why")] = None


class Resume(AtQueue):
    """Which queue to resume."""


async def _pin(args: Q, ctx: Context) -> Q:
    """Replace whatever names the queue by its id."""
    return args.model_copy(update={"queue": (await ctx.catalog.find_queue(args.queue)).queue.id})


@operation("queue list", needs=Permission.READ, effect=Effect.READ, examples=("queue list",))
async def list_(_: NoArgs, ctx: Context) -> Reply:
    """List the queues, whether they are paused, and their agents."""
    agents = await ctx.catalog.agents()
    counts: dict[str, int] = {}
    for agent in agents:
        counts[agent.queue or "default"] = counts.get(agent.queue or "default", 0) + 1
    rows = tuple(_row(queue, counts.get(queue.queue.key, 0)) for queue in await ctx.catalog.queues())
    count = "1 queue" if len(rows) == 1 else f"{len(rows)} queues"
    return Reply(table=Table(("Queue", "Cluster", "State", "Agents", "Note"), rows, count, empty=NONE, hint=HINT))


def _row(placed: Placed, agents: int) -> tuple[str, ...]:
    queue = placed.queue
    state = "paused" if queue.dispatch_paused else "open"
    where = link(placed.cluster.web_url, placed.cluster.name)
    return _name(placed), where, state, str(agents), queue.dispatch_paused_note or ""


async def _probe_pause(args: Pause, ctx: Context) -> Reply | None:
    ctx.catalog.forget_queues()
    queue = await ctx.catalog.find_queue(args.queue)
    return _paused(queue, args) if queue.queue.dispatch_paused else None


async def _ask_pause(args: Pause, ctx: Context) -> Mrkdwn | None:
    queue = await ctx.catalog.find_queue(args.queue)
    agents = [agent for agent in await ctx.catalog.agents() if (agent.queue or "default") == queue.queue.key]
    busy = sum(agent.job is not None for agent in agents)
    return md(
        "Pause queue {queue}? Its {agents} agents take no new jobs until somebody resumes it; "
        "{busy} running jobs go on.",
        queue=code(queue.queue.key),
        agents=len(agents),
        busy=busy,
    )


@operation(
    "queue pause",
    needs=Permission.AGENTS,
    pin=_pin,
    confirm=_ask_pause,
    probe=_probe_pause,
    form=True,
    examples=('queue pause deploy --note "release freeze"',),
)
async def pause(args: Pause, ctx: Context) -> Reply:
    """Let a queue hand out no more jobs."""
    queue = await ctx.catalog.find_queue(args.queue)
    await ctx.buildkite.pause_queue(queue.cluster.id, queue.queue.id, args.note)
    ctx.catalog.forget_queues()
    return _paused(queue, args)


def _paused(placed: Placed, args: Pause) -> Reply:
    note = md(": {note}", note=shorten(args.note, 300)) if args.note else ""
    text = md("paused queue {name}{note}", name=_name(placed), note=note)
    call = Call("queue resume", {"queue": placed.queue.id}, yes=True)
    return Reply(
        text=text, buttons=(Button("Resume", call, reads=f"Resume queue {placed.queue.key}"),), private=False
    )


async def _probe_resume(args: Resume, ctx: Context) -> Reply | None:
    ctx.catalog.forget_queues()
    queue = await ctx.catalog.find_queue(args.queue)
    return None if queue.queue.dispatch_paused else _resumed(queue)


@operation(
    "queue resume", needs=Permission.AGENTS, pin=_pin, probe=_probe_resume, examples=("queue resume deploy",)
)
async def resume(args: Resume, ctx: Context) -> Reply:
    """Let a paused queue hand out jobs again."""
    queue = await ctx.catalog.find_queue(args.queue)
    await ctx.buildkite.resume_queue(queue.cluster.id, queue.queue.id)
    ctx.catalog.forget_queues()
    return _resumed(queue)


def _resumed(placed: Placed) -> Reply:
    return Reply(text=md("resumed queue {name}", name=_name(placed)), private=False)


def _name(placed: Placed) -> Mrkdwn:
    return link(placed.queue.web_url, placed.queue.key)
