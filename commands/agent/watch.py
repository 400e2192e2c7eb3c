"""Channels that want to know of agents."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from bot.errors import UsageError
from bot.execution.context import Context
from bot.notifications.agent_watches.messages import STATES, USUAL
from bot.operations.operation import Args, Effect, NoArgs, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.runtime.wording import join_or
from bot.slack.blockkit.mrkdwn import code, join, md
from bot.slack.blockkit.tables import Table

_Queue = Annotated[
    str | None, Opt(short="q", suggest="queue", hint="every queue"), Field(max_length=100, description="Queue")
]


class Watch(Args):
    """Of which agents to tell, and when."""

    queue: _Queue = None
    state: Annotated[
        str, Opt(short="s", hint="lost,stopped,blocked"), Field(max_length=100, description="States, by comma")
    ] = ",".join(USUAL)

    @field_validator("state")
    @classmethod
    def _known(cls, text: str) -> str:
        named = [word.strip().lower() for word in text.split(",") if word.strip()]
        unknown = [word for word in named if word not in STATES]
        if unknown or not named:
            raise ValueError(f"it should be {join_or(STATES)}, several by comma")
        return ",".join(dict.fromkeys(named))


class Unwatch(Args):
    """Of which agents to tell no more."""

    queue: _Queue = None


async def _pin(args: Watch, ctx: Context) -> Watch:
    """The queue's key, whatever named it."""
    if args.queue is None:
        return args
    return args.model_copy(update={"queue": (await ctx.catalog.find_queue(args.queue)).queue.key})


# Nothing changes at Buildkite.
@operation(
    "agent watch",
    needs=Permission.READ,
    effect=Effect.READ,
    pin=_pin,
    examples=("agent watch", "agent watch --queue deploy --state lost,blocked"),
)
async def watch(args: Watch, ctx: Context) -> Reply:
    """Tell this channel when agents are lost, stopped or blocked."""
    await ctx.watches.watch(ctx.thread, args.queue, tuple(args.state.split(",")), ctx.actor.id)
    states = join([code(state) for state in args.state.split(",")], ", ")
    of = md("of queue {queue}", queue=code(args.queue)) if args.queue else md("of every queue")
    return Reply(
        text=md("asked me to tell this channel of agents {of}: {states}", of=of, states=states), private=False
    )


@operation(
    "agent unwatch",
    needs=Permission.READ,
    effect=Effect.READ,
    examples=("agent unwatch", "agent unwatch --queue deploy"),
)
async def unwatch(args: Unwatch, ctx: Context) -> Reply:
    """Tell this channel of agents no more."""
    if not await ctx.watches.unwatch(ctx.thread, args.queue):
        raise UsageError("I tell this channel of no such agents.", f"See `{ctx.command} agent watches`.", "queue")
    of = md("of queue {queue}", queue=code(args.queue)) if args.queue else md("of any queue")
    return Reply(text=md("asked me to tell this channel of agents {of} no more", of=of), private=False)


@operation("agent watches", needs=Permission.READ, effect=Effect.READ, examples=("agent watches",))
async def watches(_: NoArgs, ctx: Context) -> Reply:
    """List the agents that this channel is told of."""
    found = await ctx.watches.here(ctx.thread)
    if not found:
        return Reply(
            text=md("I tell this channel of no agents. Begin: {how}", how=code(f"{ctx.command} agent watch"))
        )
    rows = tuple((item.queue or "every queue", ", ".join(item.states)) for item in found)
    return Reply(table=Table(("Queue", "States"), rows, "Agents that this channel is told of"))
