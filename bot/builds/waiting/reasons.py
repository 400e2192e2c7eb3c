"""Explains why jobs wait: no matching agent, all busy or paused, a paused queue, or a limit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.buildkite.models import Job
from bot.buildkite.resources import Agent, Queue
from bot.history.model import find_queue
from bot.operations.reply import Button, Call
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, join, link, local_time, md

# In any other state a job isn't waiting for an agent.
WAITING_STATES = ("scheduled", "limiting", "limited", "platform_limiting", "platform_limited", "reserved")
_MAX_REASONS = 3
_UNTIL = "{date_short_pretty} at {time}"


@dataclass(frozen=True)
class WaitingReason:
    """A reason in words, and a button if one helps."""

    text: Mrkdwn
    button: Button | None = None


def explain_waiting(
    jobs: Iterable[Job], agents: Sequence[Agent], queues: Mapping[str, Queue]
) -> tuple[WaitingReason, ...]:
    """Return why these jobs haven't begun, at most three reasons; empty if nothing holds them up.

    `agents` are the connected ones; `queues` are keyed by id.
    """
    waiting = [job for job in jobs if job.type == "script" and job.state in WAITING_STATES]
    by_rules: dict[tuple[str, ...], list[Job]] = {}
    for job in waiting:
        if job.state == "scheduled":
            by_rules.setdefault(tuple(sorted(job.agent_query_rules)), []).append(job)
    by_agents = [_explain_group(group, agents, queues) for _rules, group in sorted(by_rules.items())]
    reasons = [reason for reason in (*_explain_limits(waiting), *by_agents) if reason is not None]
    return tuple(reasons[:_MAX_REASONS])


def fits_rules(agent: Agent, rules: Iterable[str]) -> bool:
    """Return whether the agent has every tag that a job requires.

    `key=*` matches any value, and a job without a queue requires `queue=default`.
    https://buildkite.com/docs/agent/cli/reference/start#agent-targeting
    """
    tags = set(agent.meta_data) | {f"queue={agent.queue or 'default'}"}
    keys = {tag.partition("=")[0] for tag in tags}
    required = [*rules] if any(rule.startswith("queue=") for rule in rules) else [*rules, "queue=default"]
    return all(rule in tags or (rule.endswith("=*") and rule[:-2] in keys) for rule in required)


def _explain_limits(waiting: Sequence[Job]) -> list[WaitingReason]:
    grouped = [job for job in waiting if job.state in ("limiting", "limited")]
    by_plan = [job for job in waiting if job.state in ("platform_limiting", "platform_limited")]
    starting = [job for job in waiting if job.state == "reserved"]
    reasons = (
        (grouped, "for its concurrency group: other jobs of that group are running"),
        (by_plan, "because the organization is running as many jobs as its plan allows"),
        (starting, "for an agent that is being started for it"),
    )
    return [
        WaitingReason(md("{jobs} waits {why}.", jobs=_render_jobs(limited), why=why))
        for limited, why in reasons
        if limited
    ]


def _explain_group(
    jobs: Sequence[Job], agents: Sequence[Agent], queues: Mapping[str, Queue]
) -> WaitingReason | None:
    """Return why jobs that require the same agents wait; None if an agent is free."""
    queue = queues.get(jobs[0].cluster_queue_id or "")
    if queue is not None and queue.dispatch_paused:
        return _explain_paused_queue(queue)
    able = [
        agent
        for agent in agents
        if agent.connection_state == "connected" and fits_rules(agent, jobs[0].agent_query_rules)
    ]
    if not able:
        return _explain_no_agent(jobs, agents)
    paused = [agent for agent in able if agent.paused]
    busy = [agent for agent in able if agent.job and not agent.paused]
    if len(paused) == len(able):
        return _explain_paused_agents(jobs, paused)
    return _explain_busy_agents(jobs, busy, paused) if len(paused) + len(busy) == len(able) else None


def _explain_no_agent(jobs: Sequence[Job], agents: Sequence[Agent]) -> WaitingReason:
    queue = find_queue(jobs[0])
    in_queue = sum(agent.queue == queue or f"queue={queue}" in agent.meta_data for agent in agents)
    tags = [rule for rule in jobs[0].agent_query_rules if not rule.startswith("queue=")]
    required = md(" with {tags}", tags=join([code(shorten(tag, 60)) for tag in tags], " ")) if tags else Mrkdwn("")
    others = md(" ({in_queue} connected without)", in_queue=in_queue) if in_queue and tags else Mrkdwn("")
    text = md(
        "{jobs} waits for an agent in queue {queue}{required}: none is connected{others}.",
        jobs=_render_jobs(jobs),
        queue=code(queue),
        required=required,
        others=others,
    )
    return WaitingReason(text, Button("Agents", Call("agent list"), spoken_label="List connected agents"))


def _explain_paused_queue(queue: Queue) -> WaitingReason:
    by = queue.dispatch_paused_by.name if queue.dispatch_paused_by else None
    who = md(" by {by}", by=by) if by else Mrkdwn("")
    note = md(": {note}", note=shorten(queue.dispatch_paused_note, 200)) if queue.dispatch_paused_note else ""
    text = md("Queue {queue} is paused{who}{note}.", queue=code(queue.key), who=who, note=note)
    call = Call("queue resume", {"queue": queue.key}, confirmed=True)
    return WaitingReason(text, Button("Resume queue", call, spoken_label=f"Resume queue {queue.key}"))


def _explain_paused_agents(jobs: Sequence[Job], paused: Sequence[Agent]) -> WaitingReason:
    first = min(paused, key=lambda agent: (agent.resumes_at is None, agent.resumes_at, agent.name))
    whole = "its only agent" if len(paused) == 1 else f"all {len(paused)} agents that could take it"
    verb = "is" if len(paused) == 1 else "are"
    until = md(", until {time}", time=local_time(first.resumes_at, _UNTIL)) if first.resumes_at else Mrkdwn("")
    note = md(": {note}", note=shorten(first.paused_note, 200)) if first.paused_note else Mrkdwn("")
    text = md(
        "{jobs} waits: {whole} {verb} paused ({name}{until}{note}).",
        jobs=_render_jobs(jobs),
        whole=whole,
        verb=verb,
        name=link(first.web_url, first.name),
        until=until,
        note=note,
    )
    resume = Button("Resume agent", Call("agent resume", {"agent": first.id}, confirmed=True))
    return WaitingReason(text, resume)


def _explain_busy_agents(jobs: Sequence[Job], busy: Sequence[Agent], paused: Sequence[Agent]) -> WaitingReason:
    first = busy[0]
    whole = "its only agent is" if len(busy) == 1 else f"all {len(busy)} agents that could take it are"
    job = link(first.job.web_url or "", shorten(first.job.title, 80)) if first.job else Mrkdwn("a job")
    rest = md("; {count} more paused", count=len(paused)) if paused else Mrkdwn("")
    text = md(
        "{jobs} waits: {whole} busy ({name} is running {job}{rest}).",
        jobs=_render_jobs(jobs),
        whole=whole,
        name=link(first.web_url, first.name),
        job=job,
        rest=rest,
    )
    queue = find_queue(jobs[0])
    return WaitingReason(
        text, Button("Agents", Call("agent list", {"queue": queue}), spoken_label=f"Agents in queue {queue}")
    )


def _render_jobs(jobs: Sequence[Job]) -> Mrkdwn:
    """Return the job's name; of several, the first one's and how many more."""
    first = bold(shorten(jobs[0].title, 80))
    return first if len(jobs) == 1 else md("{first} (with {more} more)", first=first, more=len(jobs) - 1)
