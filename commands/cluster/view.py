"""Commands that list clusters and show one with its queues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bot.access.policy.service import PolicyService
from bot.buildkite.catalog import Catalog
from bot.buildkite.endpoints.clusters import ClusterCalls
from bot.buildkite.resources import Cluster, PlacedQueue
from bot.execution.context import Caller
from bot.operations.operation import Args, Effect, NoArgs, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, link, local_time, md
from commands.cluster.results import ClusterData, ClusterList, ClusterResult, QueueData

NO_CLUSTERS = "There are no clusters, or the token can't see any."


class AtCluster(Args):
    """A cluster, given by its name or id."""

    cluster: Annotated[
        str, Opt(positional=True, suggest="cluster"), Field(min_length=1, description="Cluster name or id")
    ]


@dataclass(frozen=True)
class ClusterContext:
    """The clusters, and what the person may do with them."""

    caller: Caller
    policy: PolicyService
    catalog: Catalog
    clusters: ClusterCalls


async def _pin(args: AtCluster, ctx: ClusterContext) -> AtCluster:
    """Replace the cluster's name with its id."""
    return args.model_copy(update={"cluster": (await ctx.catalog.find_cluster(args.cluster)).id})


@operation(
    "cluster list",
    also=("cluster ls",),
    needs=Permission.READ,
    effect=Effect.READS,
    scopes=("read_clusters",),
    examples=("cluster list",),
)
async def list_(_: NoArgs, ctx: ClusterContext) -> Reply[ClusterList]:
    """List clusters and their maintainers."""
    found = sorted(await ctx.catalog.list_clusters(), key=lambda cluster: cluster.name.lower())
    listed = tuple(map(ClusterData.from_cluster, found))
    rows = tuple(
        (link(cluster.url, cluster.name), cluster.description or "", _list_maintainers(cluster))
        for cluster in listed
    )
    columns = ("Cluster", "Description", "Maintained by")
    table = Table(columns, rows, _format_count(len(rows)), empty=NO_CLUSTERS)
    return Reply(data=ClusterList(message=table.summary, clusters=listed), table=table)


def _format_count(number: int) -> str:
    return "1 cluster" if number == 1 else f"{number} clusters"


def _list_maintainers(cluster: ClusterData) -> str:
    return shorten(", ".join(cluster.maintainers), 300)


@operation(
    "cluster view",
    also=("cluster show",),
    implied_by="noun",
    needs=Permission.READ,
    effect=Effect.READS,
    scopes=("read_clusters",),
    pin=_pin,
    examples=("cluster view Default",),
)
async def view(args: AtCluster, ctx: ClusterContext) -> Reply[ClusterResult]:
    """Show a cluster with its queues and maintainers."""
    cluster = await ctx.clusters.cluster(args.cluster)
    queues = [found async for found in ctx.clusters.queues(cluster.id)]
    head = link(cluster.web_url, cluster.name)
    about = md(": {text}", text=shorten(cluster.description, 500)) if cluster.description else Mrkdwn("")
    count = "1 queue" if len(queues) == 1 else f"{len(queues)} queues"
    placed = [PlacedQueue(cluster, queue) for queue in sorted(queues, key=lambda queue: queue.key)]
    listed = tuple(map(QueueData.from_place, placed))
    rows = tuple(map(_render_row, listed))
    table = Table(("Queue", "State", "Description", "Note"), rows, count, empty="This cluster has no queues.")
    text = md("Cluster {head}{about}", head=head, about=about)
    data = ClusterResult(message=text, cluster=ClusterData.from_cluster(cluster), queues=listed)
    buttons = _make_buttons(cluster, ctx)
    return Reply(data=data, text=text, fields=_collect_facts(data.cluster), table=table, buttons=buttons)


def _render_row(queue: QueueData) -> tuple[str, ...]:
    default = " (default)" if queue.is_default else ""
    name = md("{name}{default}", name=link(queue.url, queue.key), default=default)
    return name, queue.state, queue.description or "", queue.paused_note or ""


def _collect_facts(cluster: ClusterData) -> tuple[tuple[str, str], ...]:
    facts = {
        "Maintained by": _list_maintainers(cluster),
        "Created": local_time(cluster.created_at, "{date_short_pretty} {time}") if cluster.created_at else "",
        "Created by": cluster.created_by or "",
        "Id": code(cluster.id),
    }
    return tuple((label, value) for label, value in facts.items() if value.strip())


def _make_buttons(cluster: Cluster, ctx: ClusterContext) -> tuple[Button, ...]:
    if not ctx.policy.is_allowed(ctx.caller.actor, "admin agent-token list"):
        return ()
    tokens = Call("admin agent-token list", {"cluster": cluster.id})
    return (Button("Agent tokens", tokens, spoken_label=f"Agent tokens of {cluster.name}"),)
