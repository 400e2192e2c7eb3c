"""Clusters: list them, show one with its queues."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.buildkite.models import Queue
from bot.buildkite.resources import Cluster
from bot.execution.context import Context
from bot.operations.operation import Args, Effect, NoArgs, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, link, md, when
from bot.slack.blockkit.tables import Table

NONE = "There are no clusters, or the token may see none."


class AtCluster(Args):
    """A cluster, by its name or id."""

    cluster: Annotated[
        str, Opt(positional=True, suggest="cluster"), Field(min_length=1, description="Cluster name or id")
    ]


async def _pin(args: AtCluster, ctx: Context) -> AtCluster:
    """Replace whatever names the cluster by its id."""
    return args.model_copy(update={"cluster": (await ctx.catalog.find_cluster(args.cluster)).id})


@operation("cluster list", needs=Permission.READ, effect=Effect.READ, examples=("cluster list",))
async def list_(_: NoArgs, ctx: Context) -> Reply:
    """List the clusters and who maintains them."""
    found = sorted(await ctx.catalog.clusters(), key=lambda item: item.name.lower())
    rows = tuple((link(item.web_url, item.name), item.description or "", _maintainers(item)) for item in found)
    return Reply(table=Table(("Cluster", "Description", "Maintained by"), rows, _count(len(rows)), empty=NONE))


def _count(number: int) -> str:
    return "1 cluster" if number == 1 else f"{number} clusters"


def _maintainers(cluster: Cluster) -> str:
    everybody = (*cluster.maintainers.users, *cluster.maintainers.teams)
    return shorten(", ".join(filter(None, (item.actor.name for item in everybody))), 300)


@operation("cluster view", needs=Permission.READ, effect=Effect.READ, pin=_pin, examples=("cluster view Default",))
async def view(args: AtCluster, ctx: Context) -> Reply:
    """Show a cluster: its queues, what is paused, who maintains it."""
    cluster = await ctx.buildkite.cluster(args.cluster)
    queues = [found async for found in ctx.buildkite.queues(cluster.id)]
    head = link(cluster.web_url, cluster.name)
    about = md(": {said}", said=shorten(cluster.description, 500)) if cluster.description else Mrkdwn("")
    count = "1 queue" if len(queues) == 1 else f"{len(queues)} queues"
    rows = tuple(_row(queue, cluster) for queue in sorted(queues, key=lambda item: item.key))
    table = Table(("Queue", "State", "Description", "Note"), rows, count, empty="This cluster has no queues.")
    text = md("Cluster {head}{about}", head=head, about=about)
    return Reply(text=text, fields=_facts(cluster), table=table, buttons=_buttons(cluster, ctx))


def _row(queue: Queue, cluster: Cluster) -> tuple[str, ...]:
    default = " (default)" if queue.id == cluster.default_queue_id else ""
    state = "paused" if queue.dispatch_paused else "open"
    name = md("{name}{default}", name=link(queue.web_url, queue.key), default=default)
    return name, state, queue.description or "", queue.dispatch_paused_note or ""


def _facts(cluster: Cluster) -> tuple[tuple[str, str], ...]:
    by = cluster.created_by.name if cluster.created_by else None
    facts = {
        "Maintained by": _maintainers(cluster),
        "Created": when(cluster.created_at, "{date_short_pretty} {time}") if cluster.created_at else "",
        "Created by": by or "",
        "Id": code(cluster.id),
    }
    return tuple((label, value) for label, value in facts.items() if value.strip())


def _buttons(cluster: Cluster, ctx: Context) -> tuple[Button, ...]:
    if not ctx.allowed(ctx.registry["token list"]):
        return ()
    tokens = Call("token list", {"cluster": cluster.id})
    return (Button("Agent tokens", tokens, reads=f"Agent tokens of {cluster.name}"),)
