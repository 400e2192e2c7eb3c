"""`metrics`: how busy a cluster and its queues are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from bot.buildkite.agent_api import AgentApi, AgentCounts, JobCounts, Metrics
from bot.execution.context import Context
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.charts import CATEGORIES_LIMIT, Chart, Series
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md
from bot.slack.blockkit.tables import Table

UNSET = Mrkdwn(
    "I have no agent token, so I cannot count.\n"
    "Whoever runs me sets `BUILDKITE_AGENT_TOKEN` (Buildkite → Agents → a cluster → Agent Tokens)."
)
NO_AGENTS, NO_JOBS = AgentCounts(), JobCounts()
STATES = ("running", "scheduled", "waiting")
COLUMNS = ("Queue", "Idle", "Busy", "Agents", "Running", "Scheduled", "Waiting")


class Wanted(Args):
    """Of which queue."""

    queue: Annotated[
        str | None,
        Opt(positional=True, short="q"),
        Field(min_length=1, max_length=200, description="Queue key; all without it"),
    ] = None


@operation("metrics", needs=Permission.READ, effect=Effect.READ, examples=("metrics", "metrics deploy"))
async def metrics(args: Wanted, ctx: Context) -> Reply:
    """Show how many agents and jobs each queue of the agent token's cluster has, with charts."""
    if ctx.agent_api is None:
        return Reply(text=UNSET)
    found = await ctx.agent_api.metrics()
    if args.queue:
        return await _one(args.queue, found, ctx.agent_api)
    return replace(_all(found), text=_cluster(found), fields=_facts(found.agents, found.jobs))


def _all(found: Metrics) -> Reply:
    keys = sorted({*found.agents.queues, *found.jobs.queues})
    count = "1 queue" if len(keys) == 1 else f"{len(keys)} queues"
    empty = "No queue has an agent or an unfinished job."
    table = Table(COLUMNS, tuple(_row(key, found) for key in keys), count, noun="queue", empty=empty)
    return Reply(charts=_charts(keys, found), table=table)


def _cluster(found: Metrics) -> Mrkdwn:
    name = found.cluster.get("name")
    return md("Cluster {name}", name=str(name)) if name else Mrkdwn("The agents without a cluster")


async def _one(key: str, found: Metrics, api: AgentApi) -> Reply:
    """A queue with no agents and no jobs may stand in neither list: then it is asked for by its name."""
    agents, jobs = found.agents.queues.get(key), found.jobs.queues.get(key)
    if agents is None and jobs is None:
        asked = await api.queue_metrics(key)
        agents, jobs = asked.agents, asked.jobs
    agents, jobs = agents or NO_AGENTS, jobs or NO_JOBS
    name = found.cluster.get("name")
    where = f"the cluster {name}" if name else "the agents without a cluster"
    text = md("Queue {key} of {where}", key=code(key), where=where)
    nothing = not agents.total and not jobs.total
    said = "No agents and no unfinished jobs: either it is idle, or there is no such queue." if nothing else ""
    return Reply(text=text, fields=_facts(agents, jobs), footer=said)


def _inside(found: Metrics) -> str:
    name = found.cluster.get("name")
    return f"the cluster {name}" if name else "the agents without a cluster"


def _facts(agents: AgentCounts, jobs: JobCounts) -> tuple[tuple[str, str], ...]:
    """https://github.com/buildkite/buildkite-agent-metrics: percentages are cut, and 0 where there is no agent."""
    share = f" ({100 * agents.busy // agents.total} %)" if agents.total else ""
    counted = f"{jobs.running} running, {jobs.scheduled} scheduled, {jobs.waiting} waiting"
    return (
        ("Agents", f"{agents.total}: {agents.busy} busy{share}, {agents.idle} idle"),
        ("Unfinished jobs", f"{jobs.total}: {counted}"),
    )


def _row(key: str, found: Metrics) -> tuple[str, ...]:
    agents, jobs = found.agents.queues.get(key, NO_AGENTS), found.jobs.queues.get(key, NO_JOBS)
    numbers = (agents.idle, agents.busy, agents.total, jobs.running, jobs.scheduled, jobs.waiting)
    return key, *map(str, numbers)


def _charts(keys: Sequence[str], found: Metrics) -> tuple[Chart, ...]:
    """Of the busiest queues, where there is anything to draw."""
    agents = {key: found.agents.queues.get(key, NO_AGENTS) for key in keys}
    jobs = {key: found.jobs.queues.get(key, NO_JOBS) for key in keys}
    busiest = sorted(keys, key=lambda key: -(agents[key].total + jobs[key].total))
    names = tuple(busiest[:CATEGORIES_LIMIT])
    drawn = (
        Chart("Agents per queue", names, _series(names, agents, "busy", "idle"), "Queue", "Agents"),
        Chart("Unfinished jobs per queue", names, _series(names, jobs, *STATES), "Queue", "Jobs"),
    )
    return tuple(chart for chart in drawn if any(any(series.values) for series in chart.series))


def _series(
    names: Sequence[str], counts: Mapping[str, AgentCounts | JobCounts], *states: str
) -> tuple[Series, ...]:
    return tuple(
        Series(state.capitalize(), tuple(float(getattr(counts[name], state)) for name in names))
        for state in states
    )
