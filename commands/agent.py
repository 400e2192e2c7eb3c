"""Agents that are looked at: list, view."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bot.context import Context
from bot.core.blocks import shorten
from bot.core.markup import code, link, md, when
from bot.core.operation import Args, Button, Call, Confirm, Effect, Opt, Permission, Reply, Table, operation
from bot.model import Agent

State = Literal["running", "idle", "paused", "stopping"]


class List(Args):
    """Which agents to list."""

    name: Annotated[str | None, Opt(positional=True), Field(description="Part of the name")] = None
    hostname: Annotated[str | None, Opt(), Field(description="Host")] = None
    version: Annotated[str | None, Opt(), Field(description="Agent version")] = None
    state: Annotated[State | None, Opt(short="s"), Field(description="State")] = None
    queue: Annotated[str | None, Opt(short="q"), Field(description="Queue")] = None
    tags: Annotated[dict[str, str], Opt(short="t"), Field(default_factory=dict, description="Tags")]
    limit: Annotated[int, Opt(), Field(ge=1, le=100, description="How many at most")] = 30


class View(Args):
    """Which agent to show."""

    agent: Annotated[
        str, Opt(positional=True, suggest="agent"), Field(min_length=1, description="Agent name or id")
    ]


@operation(
    "agent list",
    needs=Permission.READ,
    effect=Effect.READ,
    examples=("agent list", "agent list --state idle", "agent list --queue deploy"),
)
async def list_(args: List, ctx: Context) -> Reply:
    """List the connected agents and what they do."""
    found = [agent for agent in await ctx.catalog.agents() if _wanted(agent, args)]
    rows = tuple(_row(agent) for agent in sorted(found, key=lambda agent: agent.name)[: args.limit])
    count = "1 agent" if len(found) == 1 else f"{len(found)} agents"
    shown = f", {len(rows)} shown" if len(rows) < len(found) else ""
    return Reply(table=Table(("Name", "State", "Queue", "Host", "Job"), rows, count + shown))


def _wanted(agent: Agent, args: List) -> bool:
    wanted = (
        (agent.hostname, args.hostname),
        (agent.version, args.version),
        (agent.activity, args.state),
        (agent.queue, args.queue),
    )
    tags = {f"{key}={value}" for key, value in args.tags.items()}
    named = (args.name or "").lower() in agent.name.lower()
    return named and tags <= set(agent.meta_data) and all(want in (None, has) for has, want in wanted)


def _row(agent: Agent) -> tuple[str, ...]:
    job = agent.job.title if agent.job else ""
    return agent.name, agent.activity, agent.queue or "", agent.hostname or "", job


@operation(
    "agent view", needs=Permission.READ, effect=Effect.READ, examples=("agent view linux-1", "agent view 0198d108")
)
async def view(args: View, ctx: Context) -> Reply:
    """Show an agent: its state, its job, its tags."""
    found = await ctx.catalog.find_agent(args.agent)
    agent = await ctx.buildkite.agent(found.id)
    text = md("{name} is {state}.", name=link(agent.web_url, agent.name), state=agent.activity.replace("_", " "))
    return Reply(text=text, fields=_facts(agent), buttons=_buttons(agent))


def _facts(agent: Agent) -> tuple[tuple[str, str], ...]:
    job = agent.job
    facts = {
        "Queue": agent.queue or "",
        "Host": " ".join(filter(None, (agent.hostname, agent.ip_address))),
        "Version": agent.version or "",
        "Job": link(job.web_url or "", shorten(job.title, 100)) if job else "",
        "Connected": when(agent.connected_at, "{date_short_pretty} {time}") if agent.connected_at else "",
        "Paused": _pause(agent),
        "Tags": shorten(" ".join(agent.meta_data), 300),
        "Id": code(agent.id),
    }
    return tuple((label, value) for label, value in facts.items() if value.strip())


def _pause(agent: Agent) -> str:
    if not agent.paused:
        return ""
    by = agent.paused_by.name if agent.paused_by else None
    minutes = agent.paused_timeout_in_minutes
    parts = [f"by {by}" if by else "", f"for {minutes} min" if minutes else "", agent.paused_note or ""]
    return ", ".join(filter(None, parts)) or "yes"


def _buttons(agent: Agent) -> tuple[Button, ...]:
    if agent.connection_state != "connected":
        return ()
    given = {"agent": agent.id}
    stop = Confirm("Stop this agent?", "It finishes its job first and takes no more.", "Stop agent")
    return (
        Button("Resume", Call("agent resume", given), "primary", reads=f"Resume {agent.name}")
        if agent.paused
        else Button("Pause", Call("agent pause", given), form=True, reads=f"Pause {agent.name}"),
        Button("Stop", Call("agent stop", given, yes=True), "danger", stop, reads=f"Stop {agent.name}"),
    )
