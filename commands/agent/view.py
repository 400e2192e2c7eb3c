"""Commands that read agents: list and view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from bot.buildkite.catalog import Catalog
from bot.buildkite.endpoints.agents import AgentCalls
from bot.buildkite.resources import Agent
from bot.operations.acts.model import Act, name_agent
from bot.operations.acts.service import Acts
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import Confirm, shorten
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import code, join, link, local_time, md
from commands.agent.pauses import PAUSE, describe_pause, find_pauser
from commands.agent.results import AgentData, AgentList, AgentResult

ONLY_CONNECTED = "Stopped and lost agents aren't listed. To see one, use `agent view` with its full id."
COLUMNS = ("Name", "State", "Queue", "Host", "Job")
AgentState = Literal["running", "idle", "paused", "stopping"]


class AgentListArgs(Args):
    """Arguments of `agent list`."""

    name: Annotated[str | None, Opt(positional=True), Field(description="Name contains")] = None
    hostname: Annotated[str | None, Opt(value="host"), Field(description="Host name")] = None
    version: Annotated[str | None, Opt(value="3.87"), Field(description="Agent version")] = None
    state: Annotated[AgentState | None, Opt(short="s"), Field(description="State")] = None
    queue: Annotated[str | None, Opt(short="q"), Field(description="Queue")] = None
    tags: Annotated[
        dict[str, str],
        Opt(short="t", aliases=("--tag",), secret=False),
        Field(default_factory=dict, description="Tags"),
    ]
    limit: Annotated[int | None, Opt(), Field(ge=1, le=100, description="Maximum number of agents")] = None


class AgentViewArgs(Args):
    """Arguments of `agent view`."""

    agent: Annotated[
        str, Opt(positional=True, suggest="agent"), Field(min_length=1, description="Agent name or id")
    ]


@dataclass(frozen=True)
class AgentViewContext:
    """The agents and, to find them by name, the catalog; and what people did to them."""

    agents: AgentCalls
    catalog: Catalog
    acts: Acts


@operation(
    "agent list",
    also=("agent ls",),
    needs=Permission.READ,
    effect=Effect.READS,
    scopes=("read_agents",),
    examples=("agent list", "agent list --state idle", "agent list --hostname ip-10-0-0-7 --tags os=linux"),
)
async def list_(args: AgentListArgs, ctx: AgentViewContext) -> Reply[AgentList]:
    """List connected agents and the jobs they run."""
    found = [agent for agent in await _find_agents(args, ctx) if _matches(agent, args)]
    listed = sorted(found, key=lambda agent: agent.name)[: args.limit]
    paused = [name_agent(agent.id) for agent in listed if agent.paused]
    pauses = await ctx.acts.find_last_of_each(PAUSE, paused)
    rows = tuple(_render_row(agent, pauses.get(name_agent(agent.id))) for agent in listed)
    count = "1 agent" if len(found) == 1 else f"{len(found)} agents"
    shown = f", {len(rows)} shown" if len(rows) < len(found) else ""
    empty = f"No connected agent{_describe_search(args)}."
    table = Table(COLUMNS, rows, count + shown, empty=empty, hint=ONLY_CONNECTED)
    agents = tuple(_describe_agent(agent, pauses.get(name_agent(agent.id))) for agent in listed)
    return Reply(data=AgentList(message=table.summary, agents=agents, total=len(found)), table=table)


def _describe_agent(agent: Agent, last_pause: Act | None) -> AgentData:
    return AgentData.from_agent(agent, find_pauser(agent, last_pause) if agent.paused else "")


async def _find_agents(args: AgentListArgs, ctx: AgentViewContext) -> Sequence[Agent]:
    """Return the agents with exactly the given name or, if there are none, those whose name contains it.

    Buildkite filters by name, host and version, and only by exact match; the other filters are applied here.
    https://buildkite.com/docs/apis/rest-api/agents#list-agents
    """
    place = {"hostname": args.hostname, "version": args.version}
    if args.name:
        exact = [agent async for agent in ctx.agents.agents(name=args.name, **place)]
        if exact:
            return exact
    if any(place.values()):
        agents: Sequence[Agent] = [agent async for agent in ctx.agents.agents(**place)]
    else:
        agents = await ctx.catalog.list_agents()
    return [agent for agent in agents if (args.name or "").lower() in agent.name.lower()]


def _matches(agent: Agent, args: AgentListArgs) -> bool:
    tags = {f"{key}={value}" for key, value in args.tags.items()}
    fits = args.state in (None, agent.activity) and args.queue in (None, agent.queue)
    return fits and tags <= set(agent.meta_data)


def _describe_search(args: AgentListArgs) -> str:
    """Return the filters in words, to follow “agent”: ` with “mac” in its name, on host h1`."""
    criteria = [
        f" with “{args.name}” in its name" if args.name else "",
        f" on host {args.hostname}" if args.hostname else "",
        f" with version {args.version}" if args.version else "",
        f" that is {args.state}" if args.state else "",
        f" in queue {args.queue}" if args.queue else "",
        f" tagged {' '.join(f'{key}={value}' for key, value in args.tags.items())}" if args.tags else "",
    ]
    return ",".join(filter(None, criteria))


def _render_row(agent: Agent, last_pause: Act | None) -> tuple[str, ...]:
    job = link(agent.job.web_url or "", shorten(agent.job.title, 100)) if agent.job else ""
    pause = describe_pause(agent, last_pause) if agent.paused else ""
    state = md("{state} {pause}", state=agent.activity, pause=pause) if pause else agent.activity
    return link(agent.web_url, agent.name), state, agent.queue or "", agent.hostname or "", job


@operation(
    "agent view",
    also=("agent show",),
    implied_by="noun",
    needs=Permission.READ,
    effect=Effect.READS,
    scopes=("read_agents",),
    examples=("agent view linux-1", "agent view 0198d108"),
)
async def view(args: AgentViewArgs, ctx: AgentViewContext) -> Reply[AgentResult]:
    """Show an agent's state, current job and tags."""
    found = await ctx.catalog.find_agent(args.agent)
    agent = await ctx.agents.agent(found.id)
    text = md("{name} is {state}.", name=link(agent.web_url, agent.name), state=agent.activity.replace("_", " "))
    last_pause = await ctx.acts.find_last(PAUSE, name_agent(agent.id)) if agent.paused else None
    data = AgentResult(message=text, agent=_describe_agent(agent, last_pause))
    return Reply(data=data, text=text, fields=_collect_facts(agent, last_pause), buttons=_make_buttons(agent))


def _collect_facts(agent: Agent, last_pause: Act | None) -> tuple[tuple[str, str], ...]:
    job = agent.job
    facts = {
        "Queue": agent.queue or "",
        "Host": " ".join(filter(None, (agent.hostname, agent.ip_address))),
        "Version": agent.version or "",
        "Job": link(job.web_url or "", shorten(job.title, 100)) if job else "",
        "Connected": local_time(agent.connected_at, "{date_short_pretty} {time}") if agent.connected_at else "",
        "Paused": _describe_pause(agent, last_pause),
        "Tags": shorten(" ".join(agent.meta_data), 300),
        "Id": code(agent.id),
    }
    return tuple((label, value) for label, value in facts.items() if value.strip())


def _describe_pause(agent: Agent, last_pause: Act | None) -> str:
    if not agent.paused:
        return ""
    parts = [describe_pause(agent, last_pause), agent.paused_note or ""]
    return join([part for part in parts if part], ", ") or "yes"


def _make_buttons(agent: Agent) -> tuple[Button, ...]:
    if agent.connection_state != "connected":
        return ()
    given = {"agent": agent.id}
    stop = Confirm("Stop this agent?", "It finishes its current job and takes no more.", "Stop agent")
    return (
        Button("Resume", Call("agent resume", given), "primary", spoken_label=f"Resume {agent.name}")
        if agent.paused
        else Button("Pause", Call("agent pause", given), form=True, spoken_label=f"Pause {agent.name}"),
        Button(
            "Stop", Call("agent stop", given, confirmed=True), "danger", stop, spoken_label=f"Stop {agent.name}"
        ),
    )
