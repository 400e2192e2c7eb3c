"""Agents that are acted on: pause, resume, stop."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, TypeVar

from pydantic import Field

from bot.buildkite.models import Agent
from bot.execution.context import Context
from bot.notifications.agent_watches.messages import AFTER, harm, last_one, lead
from bot.operations.operation import Args, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reminder, Reply
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, link, md

A = TypeVar("A", bound="AtAgent")


class AtAgent(Args):
    """An agent, by id, unique beginning of it, or name."""

    agent: Annotated[
        str, Opt(positional=True, suggest="agent"), Field(min_length=1, description="Agent name or id")
    ]


class Pause(AtAgent):
    """Which agent to pause, why, and for how long."""

    note: Annotated[str | None, Opt(short="n"), Field(max_length=500, description="Why")] = None
    timeout_in_minutes: Annotated[
        int, Opt(short="t"), Field(ge=1, le=1440, description="Resume by itself after this many minutes")
    ] = 5


class Resume(AtAgent):
    """Which agent to resume."""


class Stop(AtAgent):
    """Which agent to stop."""

    force: Annotated[bool, Opt(short="f"), Field(description="Cancel its job and that build at once")] = False


async def _pin(args: A, ctx: Context) -> A:
    """Replace whatever names the agent by its id."""
    return args.model_copy(update={"agent": (await ctx.catalog.find_agent(args.agent)).id})


async def _probe_pause(args: Pause, ctx: Context) -> Reply | None:
    agent = await ctx.buildkite.agent(args.agent)
    return _paused(agent, args, agent.paused_at or ctx.clock.now()) if agent.paused else None


async def _ask_pause(args: Pause, ctx: Context) -> Mrkdwn | None:
    """Only where a queue would be left without an agent."""
    agent, agents = await ctx.catalog.find_agent(args.agent), await ctx.catalog.agents()
    if agent.paused or not last_one(agent, agents):
        return None
    return md("Pause agent {name}? {harm}", name=bold(agent.name), harm=harm(agent, agents))


@operation(
    "agent pause",
    needs=Permission.AGENTS,
    pin=_pin,
    confirm=_ask_pause,
    probe=_probe_pause,
    form=True,
    examples=('agent pause linux-1 --note "disk" --timeout-in-minutes 30', "agent pause linux-1"),
)
async def pause(args: Pause, ctx: Context) -> Reply:
    """Stop an agent taking new jobs for a while."""
    agent, agents = await ctx.catalog.find_agent(args.agent), await ctx.catalog.agents()
    await ctx.buildkite.pause_agent(agent.id, args.note, args.timeout_in_minutes)
    ctx.catalog.forget_agents()
    return replace(_paused(agent, args, ctx.clock.now()), footer=harm(agent, agents))


def _paused(agent: Agent, args: Pause, now: datetime) -> Reply:
    minutes = "1 minute" if args.timeout_in_minutes == 1 else f"{args.timeout_in_minutes} minutes"
    note = md(": {note}", note=args.note) if args.note else ""
    text = md("paused agent {name} for {time}{note}", name=_name(agent), time=minutes, note=note)
    resume = Button("Resume", Call("agent resume", {"agent": agent.id}), reads=f"Resume {agent.name}")
    later = _reminders(agent, now, timedelta(minutes=args.timeout_in_minutes))
    return Reply(text=text, buttons=(resume,), private=False, settles=agent.id, reminders=later)


def _reminders(agent: Agent, now: datetime, pause: timedelta) -> tuple[Reminder, ...]:
    """A pause that is not short is announced to end; that it has ended is said in any case."""
    over = Reminder("agent over", agent.id, now + pause + AFTER)
    before = lead(pause)
    return (over,) if before is None else (Reminder("agent soon", agent.id, now + pause - before), over)


async def _probe_resume(args: Resume, ctx: Context) -> Reply | None:
    agent = await ctx.buildkite.agent(args.agent)
    return _resumed(agent) if agent.activity in {"idle", "running"} else None


@operation(
    "agent resume",
    needs=Permission.AGENTS,
    pin=_pin,
    probe=_probe_resume,
    examples=("agent resume linux-1",),
)
async def resume(args: Resume, ctx: Context) -> Reply:
    """Let a paused agent take jobs again."""
    agent = await ctx.catalog.find_agent(args.agent)
    await ctx.buildkite.resume_agent(agent.id)
    ctx.catalog.forget_agents()
    return _resumed(agent)


def _resumed(agent: Agent) -> Reply:
    return Reply(text=md("resumed agent {name}", name=_name(agent)), private=False, settles=agent.id)


async def _ask_stop(args: Stop, ctx: Context) -> Mrkdwn | None:
    agent = await ctx.catalog.find_agent(args.agent)
    if not args.force:
        end = "It finishes its job first and takes no more" if agent.job else "It disconnects"
        return md("Stop agent {name}? {end}; somebody has to start it again.", name=bold(agent.name), end=end)
    job = md(" {job} now,", job=bold(agent.job.title)) if agent.job else Mrkdwn(" a job that it has taken,")
    return md(
        "*Force* agent {name} to stop? This cancels{job} *and the whole build of that job*, at once.",
        name=bold(agent.name),
        job=job,
    )


async def _probe_stop(args: Stop, ctx: Context) -> Reply | None:
    agent = await ctx.buildkite.agent(args.agent)
    return _stopped(agent, args) if agent.connection_state in {"stopping", "stopped", "disconnected"} else None


@operation(
    "agent stop",
    needs=Permission.AGENTS,
    pin=_pin,
    confirm=_ask_stop,
    probe=_probe_stop,
    examples=("agent stop linux-1", "agent stop linux-1 --force"),
)
async def stop(args: Stop, ctx: Context) -> Reply:
    """Disconnect an agent, after its job unless forced."""
    agent = await ctx.catalog.find_agent(args.agent)
    await ctx.buildkite.stop_agent(agent.id, force=args.force)
    ctx.catalog.forget_agents()
    return _stopped(agent, args)


def _stopped(agent: Agent, args: Stop) -> Reply:
    how = "forced agent {name} to stop" if args.force else "stopped agent {name}"
    return Reply(text=md(how, name=_name(agent)), private=False, settles=agent.id)


def _name(agent: Agent) -> Mrkdwn:
    return link(agent.web_url, agent.name)
