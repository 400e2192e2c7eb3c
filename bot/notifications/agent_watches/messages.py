"""Messages about agents: lost, stopped or blocked ones, and pauses that end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TypedDict

from bot.buildkite.resources import Agent
from bot.operations.build_wording import format_duration
from bot.slack.blockkit.blocks import Message, join_lines, message, section, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, link, local_time, md, mention, strip_markup

# States that a channel can watch. `disconnected` isn't among the defaults: agents that scale with load often do.
AGENT_STATES = ("lost", "stopped", "blocked", "disconnected", "connected")
WATCHED_BY_DEFAULT = ("lost", "stopped", "blocked")
# The kind of reminder that stands for a lost agent until it's back.
LOST_AGENT = "lost agent"
# The kind of reminder that stands for an event that was announced, so that a repeat of it isn't.
AGENT_EVENT = "agent event"
STATES_BY_EVENT: Mapping[str, str] = {f"agent.{state}": state for state in AGENT_STATES}
_MAX_AGENTS_LISTED = 10
_EMOJI = {"lost": "👻", "stopped": "⏹️", "blocked": "⛔", "disconnected": "🔌", "connected": "🟢", "back": "🟢"}
_STATE_TEXTS = {
    "lost": "is lost: it stopped responding",
    "stopped": "was stopped",
    "blocked": "was blocked: its IP address is no longer allowed",
    "disconnected": "has disconnected",
    "connected": "is connected",
    "back": "is back",
}
_SHORTEST_ANNOUNCED_PAUSE = timedelta(minutes=3)
# Buildkite resumes an agent a few seconds after its pause has ended.
RESUME_MARGIN = timedelta(seconds=15)
LONGEST_LEAD = timedelta(minutes=5)


class DigestItem(TypedDict):
    """An agent that changed, as it is stored until the digest is posted."""

    state: str
    name: str
    url: str
    queue: str
    job: str
    job_url: str


def build_digest_item(state: str, agent: Agent) -> DigestItem:
    """Build the stored item of an agent for the next digest."""
    job = agent.job
    return {
        "state": state,
        "name": agent.name,
        "url": agent.web_url,
        "queue": agent.queue or "default",
        "job": shorten(job.title, 100) if job else "",
        "job_url": (job.web_url or "") if job else "",
    }


def render_digest(items: Sequence[DigestItem]) -> Message:
    """Render one message for all agents that changed within a few seconds."""
    rendered = [_render_line(entry) for entry in items[:_MAX_AGENTS_LISTED]]
    more = len(items) - len(rendered)
    rest = [md("… and {more} more agents", more=more)] if more > 0 else []
    heading = rendered[0] if len(items) == 1 else _render_heading(items)
    text = join_lines(rendered if len(items) == 1 else [heading, *rendered, *rest])
    return message(md("{line}", line=strip_markup(Mrkdwn(heading))), [section(text, block_id="agents")])


def _render_heading(items: Sequence[DigestItem]) -> Mrkdwn:
    counts: dict[str, int] = {}
    for entry in items:
        counts[entry["state"]] = counts.get(entry["state"], 0) + 1
    summary = ", ".join(f"{count} {state}" for state, count in counts.items())
    return md("{emoji} Agents: {told}", emoji=_EMOJI.get(items[0]["state"], "❔"), told=summary)


def _render_line(entry: DigestItem) -> Mrkdwn:
    job = link(entry["job_url"], entry["job"]) if entry["job"] else None
    return md(
        "{emoji} Agent {name} in queue {queue} {words}{job}.",
        emoji=_EMOJI.get(entry["state"], "❔"),
        name=link(entry["url"], entry["name"]),
        queue=code(entry["queue"]),
        words=_STATE_TEXTS.get(entry["state"], entry["state"]),
        job=md("; it was running {job}", job=job) if job else Mrkdwn(""),
    )


def choose_lead_time(pause: timedelta) -> timedelta | None:
    """Return how long before its end a pause is announced; None for a short pause, which isn't announced."""
    return min(LONGEST_LEAD, pause / 5) if pause >= _SHORTEST_ANNOUNCED_PAUSE else None


def render_pause_ending(agent: Agent, user: str | None, before: timedelta) -> Mrkdwn:
    """Render that a pause is about to end."""
    who = md("{user} ", user=mention(user)) if user else Mrkdwn("")
    until = md(" at {time}", time=local_time(agent.resumes_at)) if agent.resumes_at else Mrkdwn("")
    return md(
        "{who}⏰ Agent {name} resumes automatically in {time}{until}.",
        who=who,
        name=link(agent.web_url, agent.name),
        time=format_duration(before),
        until=until,
    )


def render_pause_ended(agent: Agent) -> Mrkdwn:
    """Render that a pause has ended, or that the agent is no longer connected."""
    name = link(agent.web_url, agent.name)
    if agent.connection_state != "connected":
        state = agent.connection_state.replace("_", " ")
        return md("👻 The pause of agent {name} has ended, but the agent is {state}.", name=name, state=state)
    return md("▶️ Agent {name} is taking jobs again: its pause has ended.", name=name)


def describe_pause_impact(agent: Agent, agents: Sequence[Agent]) -> Mrkdwn:
    """Describe the effect of a pause on the agent's job and queue."""
    queue = agent.queue or "default"
    others = [entry for entry in agents if entry.id != agent.id and (entry.queue or "default") == queue]
    able = [other for other in others if other.connection_state == "connected" and not other.paused]
    job = md("It finishes {job} first. ", job=shorten(agent.job.title, 100)) if agent.job else Mrkdwn("")
    if not able:
        return md(
            "{job}No other agent in queue {queue} is taking jobs, so new jobs will wait.",
            job=job,
            queue=code(queue),
        )
    if len(able) == 1:
        return md("{job}1 other agent in queue {queue} keeps taking jobs.", job=job, queue=code(queue))
    return md(
        "{job}{count} other agents in queue {queue} keep taking jobs.", job=job, count=len(able), queue=code(queue)
    )


def is_last_in_queue(agent: Agent, agents: Sequence[Agent]) -> bool:
    """Return whether no other agent in its queue takes jobs."""
    queue = agent.queue or "default"
    return not any(
        entry.id != agent.id
        and (entry.queue or "default") == queue
        and entry.connection_state == "connected"
        and not entry.paused
        for entry in agents
    )
