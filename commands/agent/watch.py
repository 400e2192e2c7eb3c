"""Commands that manage a channel's agent notifications."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, field_validator

from bot.buildkite.catalog import Catalog
from bot.errors import UsageError
from bot.execution.context import Caller
from bot.notifications.agent_watches.messages import AGENT_STATES, WATCHED_BY_DEFAULT
from bot.notifications.agent_watches.service import AgentWatches
from bot.operations.operation import Args, Effect, NoArgs, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.runtime.wording import join_or
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import code, join, md
from commands.agent.results import AgentWatchData, AgentWatchList, AgentWatchResult

_Queue = Annotated[
    str | None, Opt(short="q", suggest="queue", hint="every queue"), Field(max_length=100, description="Queue")
]


class AgentWatchArgs(Args):
    """Arguments of `agent watch`."""

    queue: _Queue = None
    state: Annotated[
        str,
        Opt(short="s", hint="lost,stopped,blocked"),
        Field(max_length=100, description="States, separated by commas"),
    ] = ",".join(WATCHED_BY_DEFAULT)

    @field_validator("state")
    @classmethod
    def _check_states(cls, text: str) -> str:
        named = [word.strip().lower() for word in text.split(",") if word.strip()]
        unknown = [word for word in named if word not in AGENT_STATES]
        if unknown or not named:
            raise ValueError(f"use {join_or(AGENT_STATES)}, separated by commas")
        return ",".join(dict.fromkeys(named))


class AgentUnwatchArgs(Args):
    """Arguments of `agent unwatch`."""

    queue: _Queue = None


@dataclass(frozen=True)
class AgentWatchContext:
    """The channel, its agent watches, and the queues to choose from."""

    caller: Caller
    agent_watches: AgentWatches
    catalog: Catalog


async def _probe_unwatch(args: AgentUnwatchArgs, ctx: AgentWatchContext) -> Reply[AgentWatchResult] | None:
    """Return the answer of `agent unwatch` if this channel doesn't watch those agents, else None."""
    found = await ctx.agent_watches.find_for_channel(ctx.caller.thread)
    is_watching = any(args.queue in (None, watch.queue) for watch in found)
    return None if is_watching else _reply_unwatched(args)


async def _pin(args: AgentWatchArgs, ctx: AgentWatchContext) -> AgentWatchArgs:
    """Replace the queue's name or id with its key."""
    if args.queue is None:
        return args
    return args.model_copy(update={"queue": (await ctx.catalog.find_queue(args.queue)).queue.key})


@operation(
    "agent watch",
    needs=Permission.READ,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    pin=_pin,
    examples=("agent watch", "agent watch --queue deploy --state lost,blocked"),
)
async def watch(args: AgentWatchArgs, ctx: AgentWatchContext) -> Reply[AgentWatchResult]:
    """Notify this channel when agents are lost, stopped or blocked."""
    await ctx.agent_watches.watch(ctx.caller.thread, args.queue, tuple(args.state.split(",")), ctx.caller.actor.id)
    states = join([code(state) for state in args.state.split(",")], ", ")
    agents = md("agents in queue {queue}", queue=code(args.queue)) if args.queue else md("agents in every queue")
    text = md("started watching {agents} for this channel: {states}", agents=agents, states=states)
    started = AgentWatchData(queue=args.queue, states=tuple(args.state.split(",")))
    return Reply(data=AgentWatchResult(message=text, watch=started), text=text, private=False)


@operation(
    "agent unwatch",
    needs=Permission.READ,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    probe=_probe_unwatch,
    examples=("agent unwatch", "agent unwatch --queue deploy"),
)
async def unwatch(args: AgentUnwatchArgs, ctx: AgentWatchContext) -> Reply[AgentWatchResult]:
    """Stop agent notifications in this channel."""
    if not await ctx.agent_watches.unwatch(ctx.caller.thread, args.queue):
        raise UsageError(
            "This channel isn't watching those agents.", f"See `{ctx.caller.command} agent watches`.", "queue"
        )
    return _reply_unwatched(args)


def _reply_unwatched(args: AgentUnwatchArgs) -> Reply[AgentWatchResult]:
    agents = md("agents in queue {queue}", queue=code(args.queue)) if args.queue else md("all agents")
    text = md("stopped watching {agents} in this channel", agents=agents)
    stopped = AgentWatchData(queue=args.queue, states=())
    return Reply(data=AgentWatchResult(message=text, watch=stopped), text=text, private=False)


@operation("agent watches", needs=Permission.READ, effect=Effect.READS, examples=("agent watches",))
async def watches(_: NoArgs, ctx: AgentWatchContext) -> Reply[AgentWatchList]:
    """List the agents this channel is watching."""
    found = await ctx.agent_watches.find_for_channel(ctx.caller.thread)
    if not found:
        how = code(f"{ctx.caller.command} agent watch")
        text = md("This channel isn't watching any agents. Start with {how}.", how=how)
        return Reply(data=AgentWatchList(message=text, watches=()), text=text)
    watched = tuple(AgentWatchData(queue=watch.queue, states=watch.states) for watch in found)
    rows = tuple((watch.queue or "every queue", ", ".join(watch.states)) for watch in watched)
    table = Table(("Queue", "States"), rows, "Agents this channel is watching")
    return Reply(data=AgentWatchList(message=table.summary, watches=watched), table=table)
