"""Says who paused an agent and until when, or who resumed it."""

from __future__ import annotations

from datetime import timedelta

from bot.buildkite.resources import Agent
from bot.errors import NothingToDo
from bot.operations.acts.model import Act, describe_moment, name_agent
from bot.operations.acts.service import Acts
from bot.slack.blockkit.blocks import NAME_LIMIT, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, link, local_time, md

PAUSE, RESUME = ("agent pause",), ("agent resume",)
# Buildkite's clock, which says when an agent was paused, and ours may differ by this much.
_CLOCK_DIFFERENCE = timedelta(minutes=1)


def find_pauser(agent: Agent, last_pause: Act | None) -> str:
    """Return who paused an agent: Buildkite names the bot's user where the bot did it for someone."""
    is_ours = last_pause and (agent.paused_at is None or last_pause.at >= agent.paused_at - _CLOCK_DIFFERENCE)
    if last_pause and is_ours:
        return last_pause.who
    return shorten((agent.paused_by.name or "") if agent.paused_by else "", NAME_LIMIT)


def describe_pause(agent: Agent, last_pause: Act | None) -> Mrkdwn:
    """Return `by Alice until 5:40 PM`, as far as it's known."""
    who = find_pauser(agent, last_pause)
    by = md("by {who}", who=who) if who else Mrkdwn("")
    until = md("until {time}", time=local_time(agent.resumes_at)) if agent.resumes_at else Mrkdwn("")
    return md("{by} {until}", by=by, until=until) if by and until else by or until


async def explain_paused(agent: Agent, acts: Acts) -> NothingToDo:
    """Return the error for an agent that is paused already, with a button that resumes it."""
    pause = describe_pause(agent, await acts.find_last(PAUSE, name_agent(agent.id)))
    name = link(agent.web_url, agent.name)
    message = md("{name} is already paused{comma}{pause}.", name=name, comma=", " if pause else "", pause=pause)
    return NothingToDo(message, ("Resume", "agent resume", {"agent": agent.id}))


async def explain_resumed(agent: Agent, acts: Acts) -> NothingToDo:
    """Return the error for an agent that isn't paused: someone may have resumed it a moment before."""
    act, name = await acts.find_last(RESUME, name_agent(agent.id)), link(agent.web_url, agent.name)
    if act is None:
        return NothingToDo(md("{name} isn't paused.", name=name))
    moment = describe_moment(act.at, acts.now())
    return NothingToDo(md("{name} isn't paused: {who} resumed it {time}.", name=name, who=act.who, time=moment))
