"""Commands that show the API token in use and list agent tokens, never their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bot.access.accounts.model import TOKENS_URL
from bot.buildkite.catalog import Catalog
from bot.buildkite.endpoints.clusters import ClusterCalls
from bot.buildkite.endpoints.organization import OrganizationCalls
from bot.errors import NotFound
from bot.execution.context import Caller
from bot.operations.operation import Args, Effect, NoArgs, Opt, Permission, operation
from bot.operations.registry import Registry
from bot.operations.reply import Reply
from bot.operations.token_scopes import find_missing_scopes
from bot.slack.blockkit.blocks import join_lines
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, join, link, local_time, md
from commands.organization.results import AgentTokenData, AgentTokenList, BuildkiteToken

VALUES_HIDDEN = "Values are never shown. Buildkite shows a value only once, when the token is created."


class TokenListArgs(Args):
    """Arguments of `token list`."""

    cluster: Annotated[
        str | None,
        Opt(positional=True, suggest="cluster"),
        Field(description="Cluster name or id (optional if there's only one)"),
    ] = None


@dataclass(frozen=True)
class TokenContext:
    """The token in use, and the clusters' agent tokens."""

    caller: Caller
    organizations: OrganizationCalls
    catalog: Catalog
    clusters: ClusterCalls
    registry: Registry


@operation(
    "admin token",
    former=("token",),
    needs=Permission.READ,
    effect=Effect.READS,
    token_callable=False,
    examples=("admin token",),
)
async def token(_: NoArgs, ctx: TokenContext) -> Reply[BuildkiteToken]:
    """Show the scopes and expiry of the Buildkite token in use."""
    found = await ctx.organizations.access_token()
    text, is_own = _describe_owner(ctx), ctx.caller.account is not None
    missing = {
        scope: tuple(names) for scope, names in find_missing_scopes(found.scopes, ctx.registry.commands_by_scope)
    }
    data = BuildkiteToken.from_token(found, missing, text, is_own=is_own)
    return Reply(data=data, title="The Buildkite token in use", text=text, fields=_collect_facts(data))


def _describe_owner(ctx: TokenContext) -> Mrkdwn:
    """Say whose token it is. Revoking isn't offered here, because it can't be undone from a chat."""
    if ctx.caller.account:
        forget, page = code(f"{ctx.caller.command} disconnect"), link(TOKENS_URL, "Buildkite")
        return md(
            "This is your own token. Disconnect it with {forget}, or revoke it in {page}.",
            forget=forget,
            page=page,
        )
    console = code("kitestring token revoke")
    return md(
        "This is my own token. It can't be revoked from chat, only with {console} on my host.", console=console
    )


def _collect_facts(found: BuildkiteToken) -> tuple[tuple[str, str], ...]:
    facts = {
        "Owner": " ".join(filter(None, (found.owner, f"({found.email})" if found.email else ""))),
        "Description": found.description or "",
        "Expires": local_time(found.expires_at, "{date_short_pretty} {time}") if found.expires_at else "",
        "Scopes": join(map(code, found.scopes), " ") or "none",
        "Commands that need other scopes": _list_missing_scopes(found.missing_scopes),
    }
    return tuple((label, value) for label, value in facts.items() if value.strip())


def _list_missing_scopes(missing: Mapping[str, Iterable[str]]) -> Mrkdwn:
    """Return a line for each missing scope with the commands that need it."""
    return join_lines(
        [md("{scope}: {names}", scope=code(scope), names=", ".join(names)) for scope, names in missing.items()]
    )


async def _pin(args: TokenListArgs, ctx: TokenContext) -> TokenListArgs:
    """Replace the cluster's name with its id; without a name, take the only cluster.

    Raise Ambiguous or NotFound.
    """
    question = "Which cluster do you mean?"
    named = await ctx.catalog.find_cluster(args.cluster) if args.cluster else None
    found = named or await ctx.catalog.find_only_cluster(question)
    if found is None:
        raise NotFound("There are no clusters, or the token can't see any.")
    return args.model_copy(update={"cluster": found.id})


@operation(
    "admin agent-token list",
    former=("token list",),
    needs=Permission.AGENTS,
    effect=Effect.READS,
    token_callable=False,
    scopes=("read_clusters",),
    pin=_pin,
    examples=("admin agent-tokens", "admin agent-tokens Default"),
)
async def list_(args: TokenListArgs, ctx: TokenContext) -> Reply[AgentTokenList]:
    """List a cluster's agent tokens with their allowed addresses and expiry, never their values."""
    cluster = await ctx.catalog.find_cluster(args.cluster or "")
    tokens = tuple([AgentTokenData.from_token(found) async for found in ctx.clusters.agent_tokens(cluster.id)])
    rows = tuple(map(_render_row, tokens))
    count = "1 agent token" if len(rows) == 1 else f"{len(rows)} agent tokens"
    head = f"{count} of {cluster.name}"
    empty = f"The cluster {cluster.name} has no agent tokens, so no agent can connect to it."
    columns = ("Description", "Allowed addresses", "Created", "Expires")
    table = Table(columns, rows, head, noun="agent token", empty=empty)
    data = AgentTokenList(message=table.summary, cluster=cluster.name, tokens=tokens)
    return Reply(data=data, table=table, footer=VALUES_HIDDEN)


def _render_row(agent_token: AgentTokenData) -> tuple[str, ...]:
    made = local_time(agent_token.created_at, "{date_short_pretty}") if agent_token.created_at else ""
    until = local_time(agent_token.expires_at, "{date_short_pretty} {time}") if agent_token.expires_at else "never"
    return agent_token.description or "", agent_token.allowed_addresses or "any", made, until
