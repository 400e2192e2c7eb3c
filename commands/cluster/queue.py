"""Commands that list, pause and resume queues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import Field

from bot.buildkite.catalog import Catalog
from bot.buildkite.endpoints.clusters import ClusterCalls
from bot.buildkite.resources import PlacedQueue
from bot.errors import Conflict, NothingToDo
from bot.operations.acts.model import name_queue
from bot.operations.acts.service import Acts
from bot.operations.operation import Args, Effect, NoArgs, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, link, md
from commands.cluster.results import QueueData, QueueList, QueueResult

Q = TypeVar("Q", bound="AtQueue")
NO_QUEUES = "No cluster has a queue."
HINT = "Queues of agents without a cluster exist only as agent tags. See them with `agent list`."


class AtQueue(Args):
    """A queue, given by its key or id."""

    queue: Annotated[str, Opt(positional=True, suggest="queue"), Field(min_length=1, description="Queue")]


class QueuePauseArgs(AtQueue):
    """Arguments of `queue pause`."""

    note: Annotated[
        str | None, Opt(value="reason", former=("-n",)), Field(max_length=500, description="Reason")
    ] = None


class QueueResumeArgs(AtQueue):
    """Arguments of `queue resume`."""


@dataclass(frozen=True)
class QueueContext:
    """The queues and, to find them by name, the catalog; and what people did before."""

    clusters: ClusterCalls
    catalog: Catalog
    acts: Acts


async def _pin(args: Q, ctx: QueueContext) -> Q:
    """Replace the queue's key with its id."""
    return args.model_copy(update={"queue": (await ctx.catalog.find_queue(args.queue)).queue.id})


@operation(
    "queue list",
    also=("queue ls",),
    needs=Permission.READ,
    effect=Effect.READS,
    scopes=("read_agents", "read_clusters"),
    examples=("queue list",),
)
async def list_(_: NoArgs, ctx: QueueContext) -> Reply[QueueList]:
    """List queues with their state and number of agents."""
    agents = await ctx.catalog.list_agents()
    counts: dict[str, int] = {}
    for agent in agents:
        counts[agent.queue or "default"] = counts.get(agent.queue or "default", 0) + 1
    found = await ctx.catalog.list_queues()
    listed = [QueueData.from_place(placed, counts.get(placed.queue.key, 0)) for placed in found]
    rows = tuple(_render_row(placed, queue) for placed, queue in zip(found, listed, strict=True))
    count = "1 queue" if len(rows) == 1 else f"{len(rows)} queues"
    table = Table(("Queue", "Cluster", "State", "Agents", "Note"), rows, count, empty=NO_QUEUES, hint=HINT)
    return Reply(data=QueueList(message=table.summary, queues=tuple(listed)), table=table)


def _render_row(placed: PlacedQueue, queue: QueueData) -> tuple[str, ...]:
    where = link(placed.cluster.web_url, placed.cluster.name)
    return _link_queue(placed), where, queue.state, str(queue.agents), queue.paused_note or ""


async def _probe_pause(args: QueuePauseArgs, ctx: QueueContext) -> Reply[QueueResult] | None:
    ctx.catalog.forget_queues()
    queue = await ctx.catalog.find_queue(args.queue)
    return _reply_paused(queue, args) if queue.queue.dispatch_paused else None


async def _ask_pause(args: QueuePauseArgs, ctx: QueueContext) -> Mrkdwn | None:
    queue = await ctx.catalog.find_queue(args.queue)
    agents = [agent for agent in await ctx.catalog.list_agents() if (agent.queue or "default") == queue.queue.key]
    busy = sum(agent.job is not None for agent in agents)
    return md(
        "Pause queue {queue}? Its {agents} take no new jobs until someone resumes it. {busy}",
        queue=code(queue.queue.key),
        agents="1 agent" if len(agents) == 1 else f"{len(agents)} agents",
        busy=_describe_busy(busy),
    )


def _describe_busy(count: int) -> str:
    if not count:
        return "No jobs are running."
    return "1 running job continues." if count == 1 else f"{count} running jobs continue."


@operation(
    "queue pause",
    needs=Permission.AGENTS,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_clusters",),
    pin=_pin,
    confirm=_ask_pause,
    probe=_probe_pause,
    opens_form=True,
    examples=('queue pause deploy --note "release freeze"',),
)
async def pause(args: QueuePauseArgs, ctx: QueueContext) -> Reply[QueueResult]:
    """Pause a queue so that it dispatches no jobs."""
    queue = await ctx.catalog.find_queue(args.queue)
    try:
        await ctx.clusters.pause_queue(queue.cluster.id, queue.queue.id, args.note)
    except Conflict as conflict:
        now = await _read_again(queue, ctx)
        raise (await _explain_paused(now, ctx) if now.queue.dispatch_paused else conflict) from conflict
    ctx.catalog.forget_queues()
    return _reply_paused(queue, args)


async def _read_again(placed: PlacedQueue, ctx: QueueContext) -> PlacedQueue:
    ctx.catalog.forget_queues()
    return await ctx.catalog.find_queue(placed.queue.id)


async def _explain_paused(placed: PlacedQueue, ctx: QueueContext) -> NothingToDo:
    """Return the error for a queue that is paused already, with a button that resumes it."""
    by = await ctx.acts.describe_last(("queue pause",), name_queue(placed.queue.id))
    message = md("Queue {name} was already paused{by}.", name=_link_queue(placed), by=by)
    return NothingToDo(message, ("Resume", "queue resume", {"queue": placed.queue.id}))


def _reply_paused(placed: PlacedQueue, args: QueuePauseArgs) -> Reply[QueueResult]:
    note = md(": {note}", note=shorten(args.note, 300)) if args.note else ""
    text = md("paused queue {name}{note}", name=_link_queue(placed), note=note)
    call = Call("queue resume", {"queue": placed.queue.id}, confirmed=True)
    return Reply(
        data=_make_result(placed, text, {"dispatch_paused": True, "dispatch_paused_note": args.note}),
        text=text,
        buttons=(Button("Resume", call, spoken_label=f"Resume queue {placed.queue.key}"),),
        private=False,
    )


async def _probe_resume(args: QueueResumeArgs, ctx: QueueContext) -> Reply[QueueResult] | None:
    ctx.catalog.forget_queues()
    queue = await ctx.catalog.find_queue(args.queue)
    return None if queue.queue.dispatch_paused else _reply_resumed(queue)


@operation(
    "queue resume",
    needs=Permission.AGENTS,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_clusters",),
    pin=_pin,
    probe=_probe_resume,
    examples=("queue resume deploy",),
)
async def resume(args: QueueResumeArgs, ctx: QueueContext) -> Reply[QueueResult]:
    """Resume a paused queue."""
    queue = await ctx.catalog.find_queue(args.queue)
    try:
        await ctx.clusters.resume_queue(queue.cluster.id, queue.queue.id)
    except Conflict as conflict:
        now = await _read_again(queue, ctx)
        raise (conflict if now.queue.dispatch_paused else await _explain_resumed(now, ctx)) from conflict
    ctx.catalog.forget_queues()
    return _reply_resumed(queue)


async def _explain_resumed(placed: PlacedQueue, ctx: QueueContext) -> NothingToDo:
    """Return the error for a queue that isn't paused: someone may have resumed it a moment before."""
    by = await ctx.acts.describe_last(("queue resume",), name_queue(placed.queue.id))
    if not by:
        return NothingToDo(md("Queue {name} isn't paused.", name=_link_queue(placed)))
    return NothingToDo(md("Queue {name} was already resumed{by}.", name=_link_queue(placed), by=by))


def _reply_resumed(placed: PlacedQueue) -> Reply[QueueResult]:
    text = md("resumed queue {name}", name=_link_queue(placed))
    return Reply(data=_make_result(placed, text, {"dispatch_paused": False}), text=text, private=False)


def _make_result(placed: PlacedQueue, message: str, changes: Mapping[str, object]) -> QueueResult:
    """Return the queue as it is after what was done to it."""
    changed = placed._replace(queue=placed.queue.model_copy(update=dict(changes)))
    return QueueResult(message=message, queue=QueueData.from_place(changed))


def _link_queue(placed: PlacedQueue) -> Mrkdwn:
    return link(placed.queue.web_url, placed.queue.key)
