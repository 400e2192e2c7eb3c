"""Command that compares Buildkite's webhook addresses with the allow-list."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from bot.buildkite.endpoints.organization import OrganizationCalls
from bot.execution.context import AllowedNetworks
from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, join, md
from commands.organization.results import WebhookAddresses

OFF = Mrkdwn(
    "My allow-list is off: webhooks are checked only by their signature or token.\n"
    "To turn it on, set `BUILDKITE_WEBHOOK_ALLOWLIST=meta`."
)
UNREAD = Mrkdwn(
    "My allow-list is on, but I haven't read it yet. Until then I reject webhooks, and Buildkite sends them again."
)


@dataclass(frozen=True)
class MetaContext:
    """Buildkite's addresses, and those that the bot admits."""

    organizations: OrganizationCalls
    allowlist: AllowedNetworks | None


@operation("admin meta", former=("meta",), needs=Permission.READ, effect=Effect.READS, examples=("admin meta",))
async def meta(_: NoArgs, ctx: MetaContext) -> Reply[WebhookAddresses]:
    """Show the addresses Buildkite sends webhooks from, and whether the allow-list admits them."""
    now = (await ctx.organizations.meta()).webhook_ips
    listed = join(map(code, now), "\n") or Mrkdwn("none")
    footer, admitted = _compare(now, ctx), ctx.allowlist.networks if ctx.allowlist else None
    data = WebhookAddresses(message=footer, addresses=now, admitted=admitted)
    return Reply(data=data, title="Addresses of Buildkite's webhooks", text=listed, footer=footer)


def _compare(now: Iterable[str], ctx: MetaContext) -> Mrkdwn:
    if ctx.allowlist is None:
        return OFF
    if not ctx.allowlist.networks:
        return UNREAD
    named, used = {_normalise_network(item) for item in now}, set(ctx.allowlist.networks)
    if named == used:
        return Mrkdwn("✅ My allow-list admits exactly these addresses.")
    lacks, spare = sorted(named - used), sorted(used - named)
    parts = [
        md("it's missing {addresses}", addresses=join(map(code, lacks), " ")) if lacks else Mrkdwn(""),
        md("it still has {addresses}", addresses=join(map(code, spare), " ")) if spare else Mrkdwn(""),
    ]
    difference = join([part for part in parts if part], "; ")
    return md("⚠️ My allow-list differs: {difference}. I read it again every hour.", difference=difference)


def _normalise_network(text: str) -> str:
    """Return the address in the allow-list's form, or the text unchanged if it isn't an address."""
    try:
        return str(ipaddress.ip_network(text.strip(), strict=False))
    except ValueError:
        return text
