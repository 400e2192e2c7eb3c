"""Command that shows how busy a cluster and its queues are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bot.buildkite.agent_api import AgentApi, AgentCounts, JobCounts, Metrics
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.charts import CATEGORIES_LIMIT, Chart, Series
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md
from commands.cluster.results import AgentNumbers, JobNumbers, MetricsResult, QueueLoad

UNSET = Mrkdwn(
    "I can't read metrics because I have no agent token.\n"
    "Ask the bot's operator to set `BUILDKITE_AGENT_TOKEN` (Buildkite → Agents → a cluster → Agent Tokens)."
)
NO_AGENTS, NO_JOBS = AgentCounts(), JobCounts()
STATES = ("running", "scheduled", "waiting")
COLUMNS = ("Queue", "Idle", "Busy", "Agents", "Running", "Scheduled", "Waiting")


class MetricsArgs(Args):
    """Arguments of `metrics`."""

    queue: Annotated[
        str | None,
        Opt(positional=True, short="q"),
        Field(min_length=1, max_length=200, description="Queue key (default: all queues)"),
    ] = None


@dataclass(frozen=True)
class MetricsContext:
    """The Agent API, where the bot has an agent token."""

    agent_api: AgentApi | None


@operation("metrics", needs=Permission.READ, effect=Effect.READS, examples=("metrics", "metrics deploy"))
async def metrics(args: MetricsArgs, ctx: MetricsContext) -> Reply[MetricsResult]:
    """Show the agents and jobs of each queue in the agent token's cluster, with charts."""
    if ctx.agent_api is None:
        return Reply(data=MetricsResult(message=UNSET), text=UNSET)
    counts = await ctx.agent_api.metrics()
    if args.queue:
        return await _reply_queue(args.queue, counts, ctx.agent_api)
    return _reply_all_queues(counts)


def _reply_all_queues(counts: Metrics) -> Reply[MetricsResult]:
    keys = sorted({*counts.agents.queues, *counts.jobs.queues})
    queues = tuple(_describe_queue(key, counts) for key in keys)
    count = "1 queue" if len(keys) == 1 else f"{len(keys)} queues"
    empty = "No queue has agents or unfinished jobs."
    table = Table(COLUMNS, tuple(map(_render_row, queues)), count, noun="queue", empty=empty)
    text = _name_cluster(counts)
    return Reply(
        data=_make_result(counts, text, queues),
        text=text,
        fields=_collect_facts(counts.agents, counts.jobs),
        charts=_make_charts(keys, counts),
        table=table,
    )


def _describe_queue(key: str, counts: Metrics) -> QueueLoad:
    return _measure_queue(key, counts.agents.queues.get(key, NO_AGENTS), counts.jobs.queues.get(key, NO_JOBS))


def _measure_queue(key: str, agents: AgentCounts, jobs: JobCounts) -> QueueLoad:
    return QueueLoad(queue=key, agents=AgentNumbers.from_counts(agents), jobs=JobNumbers.from_counts(jobs))


def _make_result(counts: Metrics, message: str, queues: tuple[QueueLoad, ...]) -> MetricsResult:
    name = counts.cluster.get("name")
    return MetricsResult(
        message=message,
        cluster=str(name) if name else None,
        agents=AgentNumbers.from_counts(counts.agents),
        jobs=JobNumbers.from_counts(counts.jobs),
        queues=queues,
    )


def _name_cluster(counts: Metrics) -> Mrkdwn:
    name = counts.cluster.get("name")
    return md("Cluster {name}", name=str(name)) if name else Mrkdwn("Agents without a cluster")


async def _reply_queue(key: str, counts: Metrics, api: AgentApi) -> Reply[MetricsResult]:
    """Return the numbers of one queue, read on its own if it has no agents or jobs and so is in neither list."""
    agents, jobs = counts.agents.queues.get(key), counts.jobs.queues.get(key)
    if agents is None and jobs is None:
        requested = await api.queue_metrics(key)
        agents, jobs = requested.agents, requested.jobs
    agents, jobs = agents or NO_AGENTS, jobs or NO_JOBS
    text = md("Queue {key} of {where}", key=code(key), where=_describe_place(counts))
    empty = not agents.total and not jobs.total
    footer = "No agents and no unfinished jobs: the queue is idle or doesn't exist." if empty else ""
    data = _make_result(counts, text, (_measure_queue(key, agents, jobs),))
    return Reply(data=data, text=text, fields=_collect_facts(agents, jobs), footer=footer)


def _describe_place(counts: Metrics) -> str:
    name = counts.cluster.get("name")
    return f"the cluster {name}" if name else "the agents without a cluster"


def _collect_facts(agents: AgentCounts, jobs: JobCounts) -> tuple[tuple[str, str], ...]:
    """Return the numbers as (label, value), with the share of busy agents rounded down as Buildkite's tool does.

    https://github.com/buildkite/buildkite-agent-metrics
    """
    share = f" ({100 * agents.busy // agents.total} %)" if agents.total else ""
    counted = f"{jobs.running} running, {jobs.scheduled} scheduled, {jobs.waiting} waiting"
    return (
        ("Agents", f"{agents.total}: {agents.busy} busy{share}, {agents.idle} idle"),
        ("Unfinished jobs", f"{jobs.total}: {counted}"),
    )


def _render_row(measured: QueueLoad) -> tuple[str, ...]:
    agents, jobs = measured.agents, measured.jobs
    numbers = (agents.idle, agents.busy, agents.total, jobs.running, jobs.scheduled, jobs.waiting)
    return measured.queue, *map(str, numbers)


def _make_charts(keys: Sequence[str], counts: Metrics) -> tuple[Chart, ...]:
    """Return charts of the busiest queues, without charts that would be all zeros."""
    agents = {key: counts.agents.queues.get(key, NO_AGENTS) for key in keys}
    jobs = {key: counts.jobs.queues.get(key, NO_JOBS) for key in keys}
    busiest = sorted(keys, key=lambda key: -(agents[key].total + jobs[key].total))
    names = tuple(busiest[:CATEGORIES_LIMIT])
    charts = (
        Chart("Agents per queue", names, _make_series(names, agents, "busy", "idle"), "Queue", "Agents"),
        Chart("Unfinished jobs per queue", names, _make_series(names, jobs, *STATES), "Queue", "Jobs"),
    )
    return tuple(chart for chart in charts if any(any(series.values) for series in chart.series))


def _make_series(
    names: Sequence[str], counts: Mapping[str, AgentCounts | JobCounts], *states: str
) -> tuple[Series, ...]:
    return tuple(
        Series(state.capitalize(), tuple(float(getattr(counts[name], state)) for name in names))
        for state in states
    )
