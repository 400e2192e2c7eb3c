"""Commands that list clusters and show one with its queues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bot.access.policy.service import PolicyService
from bot.buildkite.catalog import Catalog
from bot.buildkite.endpoints.clusters import ClusterCalls
from bot.buildkite.resources import Cluster, Queue
from bot.execution.context import Caller
from bot.operations.operation import Args, Effect, NoArgs, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, link, local_time, md

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
async def list_(_: NoArgs, ctx: ClusterContext) -> Reply:
    """List clusters and their maintainers."""
    found = sorted(await ctx.catalog.list_clusters(), key=lambda cluster: cluster.name.lower())
    rows = tuple(
        (link(cluster.web_url, cluster.name), cluster.description or "", _list_maintainers(cluster))
        for cluster in found
    )
    return Reply(
        table=Table(("Cluster", "Description", "Maintained by"), rows, _format_count(len(rows)), empty=NO_CLUSTERS)
    )


def _format_count(number: int) -> str:
    return "1 cluster" if number == 1 else f"{number} clusters"


def _list_maintainers(cluster: Cluster) -> str:
    maintainers = (*cluster.maintainers.users, *cluster.maintainers.teams)
    return shorten(", ".join(filter(None, (maintainer.actor.name for maintainer in maintainers))), 300)


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
async def view(args: AtCluster, ctx: ClusterContext) -> Reply:
    """Show a cluster with its queues and maintainers."""
    cluster = await ctx.clusters.cluster(args.cluster)
    queues = [found async for found in ctx.clusters.queues(cluster.id)]
    head = link(cluster.web_url, cluster.name)
    about = md(": {text}", text=shorten(cluster.description, 500)) if cluster.description else Mrkdwn("")
    count = "1 queue" if len(queues) == 1 else f"{len(queues)} queues"
    rows = tuple(_render_row(queue, cluster) for queue in sorted(queues, key=lambda queue: queue.key))
    table = Table(("Queue", "State", "Description", "Note"), rows, count, empty="This cluster has no queues.")
    text = md("Cluster {head}{about}", head=head, about=about)
    return Reply(text=text, fields=_collect_facts(cluster), table=table, buttons=_make_buttons(cluster, ctx))


def _render_row(queue: Queue, cluster: Cluster) -> tuple[str, ...]:
    default = " (default)" if queue.id == cluster.default_queue_id else ""
    state = "paused" if queue.dispatch_paused else "open"
    name = md("{name}{default}", name=link(queue.web_url, queue.key), default=default)
    return name, state, queue.description or "", queue.dispatch_paused_note or ""


def _collect_facts(cluster: Cluster) -> tuple[tuple[str, str], ...]:
    by = cluster.created_by.name if cluster.created_by else None
    facts = {
        "Maintained by": _list_maintainers(cluster),
        "Created": local_time(cluster.created_at, "{date_short_pretty} {time}") if cluster.created_at else "",
        "Created by": by or "",
        "Id": code(cluster.id),
    }
    return tuple((label, value) for label, value in facts.items() if value.strip())


def _make_buttons(cluster: Cluster, ctx: ClusterContext) -> tuple[Button, ...]:
    if not ctx.policy.is_allowed(ctx.caller.actor, "admin agent-token list"):
        return ()
    tokens = Call("admin agent-token list", {"cluster": cluster.id})
    return (Button("Agent tokens", tokens, spoken_label=f"Agent tokens of {cluster.name}"),)
