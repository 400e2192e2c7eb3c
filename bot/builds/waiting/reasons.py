"""Why the jobs of a build wait: no agent fits, all are busy, paused, the queue is paused, a limit holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.buildkite.models import Agent, Job, Queue
from bot.history.model import queue_of
from bot.operations.reply import Button, Call
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, join, link, md, when

# Buildkite says more states of a job than these; in all others it does not wait for an agent.
STATES = ("scheduled", "limiting", "limited", "platform_limiting", "platform_limited", "reserved")
_SHOWN = 3
_UNTIL = "{date_short_pretty} at {time}"


@dataclass(frozen=True)
class Reason:
    """One reason, in words, and the button that helps where one does."""

    text: Mrkdwn
    button: Button | None = None


def reasons(jobs: Iterable[Job], agents: Sequence[Agent], queues: Mapping[str, Queue]) -> tuple[Reason, ...]:
    """Why those jobs have not begun, at most three reasons; empty where nothing keeps them.

    `agents` are those connected; `queues` are known by their UUID.
    """
    waiting = [job for job in jobs if job.type == "script" and job.state in STATES]
    limited = _limits(waiting)
    alike: dict[tuple[str, ...], list[Job]] = {}
    for job in waiting:
        if job.state == "scheduled":
            alike.setdefault(tuple(sorted(job.agent_query_rules)), []).append(job)
    found = [_of_alike(group, agents, queues) for _rules, group in sorted(alike.items())]
    kept = [reason for reason in (*limited, *found) if reason is not None]
    return tuple(kept[:_SHOWN])


def fits(agent: Agent, rules: Iterable[str]) -> bool:
    """Whether an agent has every tag that a job asks for; `key=*` takes any value, no queue means `default`.

    https://buildkite.com/docs/agent/cli/reference/start#agent-targeting
    """
    tags = set(agent.meta_data) | {f"queue={agent.queue or 'default'}"}
    keys = {tag.partition("=")[0] for tag in tags}
    asked = [*rules] if any(rule.startswith("queue=") for rule in rules) else [*rules, "queue=default"]
    return all(rule in tags or (rule.endswith("=*") and rule[:-2] in keys) for rule in asked)


def _limits(waiting: Sequence[Job]) -> list[Reason]:
    grouped = [job for job in waiting if job.state in ("limiting", "limited")]
    by_plan = [job for job in waiting if job.state in ("platform_limiting", "platform_limited")]
    starting = [job for job in waiting if job.state == "reserved"]
    told = (
        (grouped, "for a place in the concurrency group: others of that group run"),
        (by_plan, "because the organization runs as many jobs as its plan allows"),
        (starting, "for an agent that is being started for it"),
    )
    return [Reason(md("{jobs} waits {why}.", jobs=_jobs(some), why=why)) for some, why in told if some]


def _of_alike(jobs: Sequence[Job], agents: Sequence[Agent], queues: Mapping[str, Queue]) -> Reason | None:
    """Why jobs that ask for the same agents wait."""
    queue = queues.get(jobs[0].cluster_queue_id or "")
    if queue is not None and queue.dispatch_paused:
        return _queue_paused(queue)
    able = [agent for agent in agents if agent.connection_state == "connected" and fits(agent, _rules(jobs[0]))]
    if not able:
        return _nobody(jobs, agents)
    paused = [agent for agent in able if agent.paused]
    busy = [agent for agent in able if agent.job and not agent.paused]
    if len(paused) == len(able):
        return _all_paused(jobs, paused)
    return _all_busy(jobs, busy, paused) if len(paused) + len(busy) == len(able) else None


def _rules(job: Job) -> tuple[str, ...]:
    return job.agent_query_rules


def _nobody(jobs: Sequence[Job], agents: Sequence[Agent]) -> Reason:
    queue = queue_of(jobs[0])
    there = sum(agent.queue == queue or f"queue={queue}" in agent.meta_data for agent in agents)
    tags = [rule for rule in _rules(jobs[0]) if not rule.startswith("queue=")]
    asked = md(" with {tags}", tags=join([code(shorten(tag, 60)) for tag in tags], " ")) if tags else Mrkdwn("")
    others = md(" ({there} there without)", there=there) if there and tags else Mrkdwn("")
    text = md(
        "{jobs} waits for an agent of queue {queue}{asked}: none is connected{others}.",
        jobs=_jobs(jobs),
        queue=code(queue),
        asked=asked,
        others=others,
    )
    return Reason(text, Button("Agents", Call("agent list"), reads="List the agents that are connected"))


def _queue_paused(queue: Queue) -> Reason:
    by = queue.dispatch_paused_by.name if queue.dispatch_paused_by else None
    who = md(" by {by}", by=by) if by else Mrkdwn("")
    note = md(": {note}", note=shorten(queue.dispatch_paused_note, 200)) if queue.dispatch_paused_note else ""
    text = md("Queue {queue} is paused{who}{note}.", queue=code(queue.key), who=who, note=note)
    call = Call("queue resume", {"queue": queue.key}, yes=True)
    return Reason(text, Button("Resume queue", call, reads=f"Resume queue {queue.key}"))


def _all_paused(jobs: Sequence[Job], paused: Sequence[Agent]) -> Reason:
    first = min(paused, key=lambda agent: (agent.resumes_at is None, agent.resumes_at, agent.name))
    whole = "its only agent" if len(paused) == 1 else f"all {len(paused)} agents that could take it"
    verb = "is" if len(paused) == 1 else "are"
    until = md(", until {time}", time=when(first.resumes_at, _UNTIL)) if first.resumes_at else Mrkdwn("")
    note = md(": {note}", note=shorten(first.paused_note, 200)) if first.paused_note else Mrkdwn("")
    text = md(
        "{jobs} waits: {whole} {verb} paused ({name}{until}{note}).",
        jobs=_jobs(jobs),
        whole=whole,
        verb=verb,
        name=link(first.web_url, first.name),
        until=until,
        note=note,
    )
    resume = Button("Resume agent", Call("agent resume", {"agent": first.id}, yes=True))
    return Reason(text, resume)


def _all_busy(jobs: Sequence[Job], busy: Sequence[Agent], paused: Sequence[Agent]) -> Reason:
    item = busy[0]
    whole = "its only agent is" if len(busy) == 1 else f"all {len(busy)} agents that could take it are"
    job = link(item.job.web_url or "", shorten(item.job.title, 80)) if item.job else Mrkdwn("a job")
    rest = md("; {count} more paused", count=len(paused)) if paused else Mrkdwn("")
    text = md(
        "{jobs} waits: {whole} busy ({name} with {job}{rest}).",
        jobs=_jobs(jobs),
        whole=whole,
        name=link(item.web_url, item.name),
        job=job,
        rest=rest,
    )
    queue = queue_of(jobs[0])
    return Reason(text, Button("Agents", Call("agent list", {"queue": queue}), reads=f"Agents of queue {queue}"))


def _jobs(jobs: Sequence[Job]) -> Mrkdwn:
    """The job's name, or of several the first one's."""
    first = bold(shorten(jobs[0].title, 80))
    return first if len(jobs) == 1 else md("{first} (with {more} more)", first=first, more=len(jobs) - 1)
