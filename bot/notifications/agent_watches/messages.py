"""What is said of agents: lost, stopped, blocked, and of pauses that end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot.buildkite.models import Agent
from bot.operations.build_wording import format_duration
from bot.slack.blockkit.blocks import Message, lines, message, section, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, link, md, mention, plain, when

# What a channel can want to know of; `disconnected` is how agents that come and go by design leave.
STATES = ("lost", "stopped", "blocked", "disconnected", "connected")
USUAL = ("lost", "stopped", "blocked")
EVENTS: Mapping[str, str] = {f"agent.{state}": state for state in STATES}
_SHOWN = 10
_EMOJI = {"lost": "👻", "stopped": "⏹️", "blocked": "⛔", "disconnected": "🔌", "connected": "🟢"}
_WORDS = {
    "lost": "is lost: it does not answer any more",
    "stopped": "was stopped",
    "blocked": "was shut out: its address is not allowed any more",
    "disconnected": "has disconnected",
    "connected": "is connected",
}
_SHORTEST = timedelta(minutes=3)
# Buildkite resumes an agent a moment after its time is over.
AFTER = timedelta(seconds=15)
_LONGEST_LEAD = timedelta(minutes=5)


def item(state: str, agent: Agent) -> dict[str, Any]:
    """What is kept of an agent until it is said."""
    job = agent.job
    return {
        "state": state,
        "name": agent.name,
        "url": agent.web_url,
        "queue": agent.queue or "default",
        "job": shorten(job.title, 100) if job else "",
        "job_url": (job.web_url or "") if job else "",
    }


def news(items: Sequence[Mapping[str, Any]]) -> Message:
    """One message for all that happened to agents within a few seconds."""
    drawn = [_line(entry) for entry in items[:_SHOWN]]
    more = len(items) - len(drawn)
    rest = [md("… and {more} more agents", more=more)] if more > 0 else []
    head = drawn[0] if len(items) == 1 else _head(items)
    text = lines(drawn if len(items) == 1 else [head, *drawn, *rest])
    return message(md("{line}", line=plain(Mrkdwn(head))), [section(text, block_id="agents")])


def _head(items: Sequence[Mapping[str, Any]]) -> Mrkdwn:
    counts: dict[str, int] = {}
    for entry in items:
        counts[entry["state"]] = counts.get(entry["state"], 0) + 1
    told = ", ".join(f"{count} {state}" for state, count in counts.items())
    return md("{emoji} Agents: {told}", emoji=_EMOJI.get(items[0]["state"], "❔"), told=told)


def _line(entry: Mapping[str, Any]) -> Mrkdwn:
    job = link(str(entry["job_url"]), str(entry["job"])) if entry["job"] else None
    return md(
        "{emoji} Agent {name} of queue {queue} {words}{job}.",
        emoji=_EMOJI.get(entry["state"], "❔"),
        name=link(str(entry["url"]), str(entry["name"])),
        queue=code(str(entry["queue"])),
        words=_WORDS.get(entry["state"], str(entry["state"])),
        job=md("; it ran {job}", job=job) if job else Mrkdwn(""),
    )


def lead(pause: timedelta) -> timedelta | None:
    """How long before a pause ends it is said that it will; None: not at all, for a short one."""
    return min(_LONGEST_LEAD, pause / 5) if pause >= _SHORTEST else None


def soon(agent: Agent, user: str | None, before: timedelta) -> Mrkdwn:
    """A pause is about to end."""
    who = md("{user} ", user=mention(user)) if user else Mrkdwn("")
    until = md(" at {time}", time=when(agent.resumes_at)) if agent.resumes_at else Mrkdwn("")
    return md(
        "{who}⏰ Agent {name} resumes by itself in {time}{until}.",
        who=who,
        name=link(agent.web_url, agent.name),
        time=format_duration(before),
        until=until,
    )


def over(agent: Agent) -> Mrkdwn:
    """A pause has ended, or the agent went away during it."""
    name = link(agent.web_url, agent.name)
    if agent.connection_state != "connected":
        state = agent.connection_state.replace("_", " ")
        return md("👻 The pause of agent {name} is over, but it is {state}.", name=name, state=state)
    return md("▶️ Agent {name} takes jobs again: its pause is over.", name=name)


def harm(agent: Agent, agents: Sequence[Agent]) -> Mrkdwn:
    """What pausing an agent means for its job and its queue."""
    queue = agent.queue or "default"
    others = [entry for entry in agents if entry.id != agent.id and (entry.queue or "default") == queue]
    able = [other for other in others if other.connection_state == "connected" and not other.paused]
    job = md("It finishes {job} first. ", job=shorten(agent.job.title, 100)) if agent.job else Mrkdwn("")
    if not able:
        return md("{job}No other agent of queue {queue} takes jobs: they will wait.", job=job, queue=code(queue))
    left = "1 other agent" if len(able) == 1 else f"{len(able)} other agents"
    return md("{job}{left} of queue {queue} go on.", job=job, left=left, queue=code(queue))


def last_one(agent: Agent, agents: Sequence[Agent]) -> bool:
    """Whether its queue has no other agent that takes jobs."""
    queue = agent.queue or "default"
    return not any(
        entry.id != agent.id
        and (entry.queue or "default") == queue
        and entry.connection_state == "connected"
        and not entry.paused
        for entry in agents
    )
