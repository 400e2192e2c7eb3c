"""Tokens: what the one in use may do, and which ones agents connect with; never a value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from bot.access.accounts.model import TOKENS
from bot.buildkite.endpoints.clusters import AgentToken
from bot.buildkite.models import AccessToken
from bot.buildkite.resources import Cluster
from bot.errors import Ambiguous, NotFound
from bot.execution.context import Context
from bot.operations.operation import Args, Effect, NoArgs, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.operations.token_scopes import without
from bot.slack.blockkit.blocks import lines
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, join, link, md, when
from bot.slack.blockkit.tables import Table

KEPT = "Values are never shown: Buildkite itself shows one once, when it is made."


class Listing(Args):
    """Of which cluster."""

    cluster: Annotated[
        str | None,
        Opt(positional=True, suggest="cluster"),
        Field(description="Cluster name or id; may be left out where there is one only"),
    ] = None


@operation("token", needs=Permission.READ, effect=Effect.READ, examples=("token",))
async def token(_: NoArgs, ctx: Context) -> Reply:
    """Show what the Buildkite token in use may do, and until when."""
    found = await ctx.buildkite.access_token()
    return Reply(title="The Buildkite token in use", text=_whose(ctx), fields=_facts(found, ctx))


def _whose(ctx: Context) -> Mrkdwn:
    """Revoking is final, and whoever did it from a chat could not take it back there."""
    if ctx.account:
        forget, page = code(f"{ctx.command} disconnect"), link(TOKENS, "Buildkite")
        return md(
            "This is your own token. {forget} forgets it; it is revoked at {page}.", forget=forget, page=page
        )
    console = code("kitestring token revoke")
    return md(
        "This is my own token. It is never revoked from chat: that is {console}, where I run.", console=console
    )


def _facts(found: AccessToken, ctx: Context) -> tuple[tuple[str, str], ...]:
    owner = found.user
    facts = {
        "Of": " ".join(filter(None, (owner.name, f"({owner.email})" if owner.email else ""))) if owner else "",
        "Called": found.description or "",
        "Works until": when(found.expires_at, "{date_short_pretty} {time}") if found.expires_at else "",
        "Scopes": join(map(code, sorted(found.scopes)), " ") or "none",
        "Will not work with it": _lacking(found.scopes, ctx),
    }
    return tuple((label, value) for label, value in facts.items() if value.strip())


def _lacking(scopes: Iterable[str], ctx: Context) -> Mrkdwn:
    """Of the commands that there are here, a line for each scope that is missing."""
    missing = without(scopes, [op.name for op in ctx.registry])
    return lines([md("{scope}: {names}", scope=code(scope), names=", ".join(names)) for scope, names in missing])


async def _pin(args: Listing, ctx: Context) -> Listing:
    """The cluster's id; the only cluster where none is named. Raises Ambiguous or NotFound."""
    found = await ctx.catalog.find_cluster(args.cluster) if args.cluster else _only(await ctx.catalog.clusters())
    return args.model_copy(update={"cluster": found.id})


def _only(known: tuple[Cluster, ...]) -> Cluster:
    if not known:
        raise NotFound("There are no clusters, or the token may see none.")
    if len(known) > 1:
        raise Ambiguous("Of which cluster?", "cluster", tuple((item.name, item.id) for item in known))
    return known[0]


@operation(
    "token list",
    needs=Permission.AGENTS,
    effect=Effect.READ,
    pin=_pin,
    examples=("token list", "token list Default"),
)
async def list_(args: Listing, ctx: Context) -> Reply:
    """List the agent tokens of a cluster: what for, from where, until when; never a value."""
    cluster = await ctx.catalog.find_cluster(args.cluster or "")
    rows = tuple([_row(found) async for found in ctx.buildkite.agent_tokens(cluster.id)])
    count = "1 agent token" if len(rows) == 1 else f"{len(rows)} agent tokens"
    head = f"{count} of {cluster.name}"
    empty = f"The cluster {cluster.name} has no agent tokens: no agent can connect to it."
    columns = ("Description", "From", "Made", "Works until")
    return Reply(table=Table(columns, rows, head, noun="agent token", empty=empty), footer=KEPT)


def _row(agent_token: AgentToken) -> tuple[str, ...]:
    made = when(agent_token.created_at, "{date_short_pretty}") if agent_token.created_at else ""
    until = when(agent_token.expires_at, "{date_short_pretty} {time}") if agent_token.expires_at else "no end"
    return agent_token.description or "", agent_token.allowed_ip_addresses or "anywhere", made, until
