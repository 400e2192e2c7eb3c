"""Commands that act on an agent: pause, resume and stop it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, TypeVar

from pydantic import Field

from bot.buildkite.catalog import Catalog
from bot.buildkite.endpoints.agents import AgentCalls
from bot.buildkite.resources import Agent
from bot.errors import Conflict
from bot.notifications.agent_watches.messages import (
    RESUME_MARGIN,
    choose_lead_time,
    describe_pause_impact,
    is_last_in_queue,
)
from bot.operations.acts.service import Acts
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reminder, Reply
from bot.runtime.clock import Clock
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, link, md
from commands.agent.pauses import explain_paused, explain_resumed
from commands.agent.results import AgentData, AgentResult

A = TypeVar("A", bound="AtAgent")


class AtAgent(Args):
    """An agent, given by its name, its id or a unique prefix of its id."""

    agent: Annotated[
        str, Opt(positional=True, suggest="agent"), Field(min_length=1, description="Agent name or id")
    ]


class AgentPauseArgs(AtAgent):
    """Arguments of `agent pause`."""

    note: Annotated[
        str | None, Opt(value="reason", former=("-n",)), Field(max_length=500, description="Reason")
    ] = None
    timeout_in_minutes: Annotated[
        int, Opt(former=("-t",)), Field(ge=1, le=1440, description="Resume automatically after this many minutes")
    ] = 5


class AgentResumeArgs(AtAgent):
    """Arguments of `agent resume`."""


class AgentStopArgs(AtAgent):
    """Arguments of `agent stop`."""

    force: Annotated[bool, Opt(short="f"), Field(description="Cancel its job and the job's build immediately")] = (
        False
    )


@dataclass(frozen=True)
class AgentControlContext:
    """The agents and, to find them by name, the catalog; the time, and what people did before."""

    agents: AgentCalls
    catalog: Catalog
    clock: Clock
    acts: Acts


async def _pin(args: A, ctx: AgentControlContext) -> A:
    """Replace the agent's name or id prefix with its id."""
    return args.model_copy(update={"agent": (await ctx.catalog.find_agent(args.agent)).id})


async def _probe_pause(args: AgentPauseArgs, ctx: AgentControlContext) -> Reply[AgentResult] | None:
    agent = await ctx.agents.agent(args.agent)
    return _reply_paused(agent, args, agent.paused_at or ctx.clock.now()) if agent.paused else None


async def _ask_pause(args: AgentPauseArgs, ctx: AgentControlContext) -> Mrkdwn | None:
    """Ask only if the pause would leave a queue without an agent."""
    agent, agents = await ctx.catalog.find_agent(args.agent), await ctx.catalog.list_agents()
    if agent.paused or not is_last_in_queue(agent, agents):
        return None
    return md("Pause agent {name}? {harm}", name=bold(agent.name), harm=describe_pause_impact(agent, agents))


@operation(
    "agent pause",
    also=("pause",),
    needs=Permission.AGENTS,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_agents",),
    pin=_pin,
    confirm=_ask_pause,
    probe=_probe_pause,
    opens_form=True,
    examples=('agent pause linux-1 --note "disk" --timeout-in-minutes 30', "agent pause linux-1"),
)
async def pause(args: AgentPauseArgs, ctx: AgentControlContext) -> Reply[AgentResult]:
    """Pause an agent so that it takes no new jobs for a while."""
    agent, agents = await ctx.catalog.find_agent(args.agent), await ctx.catalog.list_agents()
    try:
        await ctx.agents.pause_agent(agent.id, args.note, args.timeout_in_minutes)
    except Conflict as conflict:
        now = await ctx.agents.agent(agent.id)
        raise (await explain_paused(now, ctx.acts) if now.paused else conflict) from conflict
    ctx.catalog.forget_agents()
    return replace(_reply_paused(agent, args, ctx.clock.now()), footer=describe_pause_impact(agent, agents))


def _reply_paused(agent: Agent, args: AgentPauseArgs, now: datetime) -> Reply[AgentResult]:
    minutes = "1 minute" if args.timeout_in_minutes == 1 else f"{args.timeout_in_minutes} minutes"
    note = md(": {note}", note=args.note) if args.note else ""
    text = md("paused agent {name} for {time}{note}", name=_link_agent(agent), time=minutes, note=note)
    resume = Button("Resume", Call("agent resume", {"agent": agent.id}), spoken_label=f"Resume {agent.name}")
    later = _make_reminders(agent, now, timedelta(minutes=args.timeout_in_minutes))
    paused = {"paused": True, "paused_at": now, "paused_timeout_in_minutes": args.timeout_in_minutes}
    return Reply(
        data=_make_result(agent, text, paused | {"paused_note": args.note}),
        text=text,
        buttons=(resume,),
        private=False,
        clears_reminder=agent.id,
        reminders=later,
    )


def _make_result(agent: Agent, message: str, changes: Mapping[str, object]) -> AgentResult:
    """Return the agent as it is after what was done to it: Buildkite doesn't return it."""
    return AgentResult(message=message, agent=AgentData.from_agent(agent.model_copy(update=dict(changes))))


def _make_reminders(agent: Agent, now: datetime, pause: timedelta) -> tuple[Reminder, ...]:
    """Return the reminders of a pause: that it has ended and, unless it is short, that it is about to end."""
    ended = Reminder("agent over", agent.id, now + pause + RESUME_MARGIN)
    before = choose_lead_time(pause)
    return (ended,) if before is None else (Reminder("agent soon", agent.id, now + pause - before), ended)


async def _probe_resume(args: AgentResumeArgs, ctx: AgentControlContext) -> Reply[AgentResult] | None:
    agent = await ctx.agents.agent(args.agent)
    return _reply_resumed(agent) if agent.activity in {"idle", "running"} else None


@operation(
    "agent resume",
    also=("resume",),
    needs=Permission.AGENTS,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_agents",),
    pin=_pin,
    probe=_probe_resume,
    examples=("agent resume linux-1",),
)
async def resume(args: AgentResumeArgs, ctx: AgentControlContext) -> Reply[AgentResult]:
    """Resume a paused agent."""
    agent = await ctx.catalog.find_agent(args.agent)
    try:
        await ctx.agents.resume_agent(agent.id)
    except Conflict as conflict:
        now = await ctx.agents.agent(agent.id)
        raise (conflict if now.paused else await explain_resumed(now, ctx.acts)) from conflict
    ctx.catalog.forget_agents()
    return _reply_resumed(agent)


def _reply_resumed(agent: Agent) -> Reply[AgentResult]:
    text = md("resumed agent {name}", name=_link_agent(agent))
    data = _make_result(agent, text, {"paused": False})
    return Reply(data=data, text=text, private=False, clears_reminder=agent.id)


async def _ask_stop(args: AgentStopArgs, ctx: AgentControlContext) -> Mrkdwn | None:
    agent = await ctx.catalog.find_agent(args.agent)
    if not args.force:
        end = "It finishes its job and takes no more" if agent.job else "It disconnects immediately"
        return md("Stop agent {name}? {end}. Someone has to start it again.", name=bold(agent.name), end=end)
    job = md(" {job}", job=bold(agent.job.title)) if agent.job else Mrkdwn(" any job it has taken")
    return md(
        "*Force* agent {name} to stop? This immediately cancels{job} *and the whole build it belongs to*.",
        name=bold(agent.name),
        job=job,
    )


async def _probe_stop(args: AgentStopArgs, ctx: AgentControlContext) -> Reply[AgentResult] | None:
    agent = await ctx.agents.agent(args.agent)
    return (
        _reply_stopped(agent, args) if agent.connection_state in {"stopping", "stopped", "disconnected"} else None
    )


@operation(
    "agent stop",
    needs=Permission.AGENTS,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_agents",),
    pin=_pin,
    confirm=_ask_stop,
    probe=_probe_stop,
    examples=("agent stop linux-1", "agent stop linux-1 --force"),
)
async def stop(args: AgentStopArgs, ctx: AgentControlContext) -> Reply[AgentResult]:
    """Stop an agent after its current job, or immediately with --force."""
    agent = await ctx.catalog.find_agent(args.agent)
    await ctx.agents.stop_agent(agent.id, force=args.force)
    ctx.catalog.forget_agents()
    return _reply_stopped(agent, args)


def _reply_stopped(agent: Agent, args: AgentStopArgs) -> Reply[AgentResult]:
    how = "forced agent {name} to stop" if args.force else "stopped agent {name}"
    text = md(how, name=_link_agent(agent))
    stopping = {"connection_state": "stopping"} if agent.connection_state == "connected" else {}
    data = _make_result(agent, text, stopping)
    return Reply(data=data, text=text, private=False, clears_reminder=agent.id)


def _link_agent(agent: Agent) -> Mrkdwn:
    return link(agent.web_url, agent.name)
