"""`meta`: from where Buildkite sends webhooks, and whether those are the addresses that are let through."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from bot.execution.context import Context
from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, join, md

OFF = Mrkdwn(
    "My own allow-list is off: a webhook's signature or token alone is looked at.\n"
    "`BUILDKITE_WEBHOOK_ALLOWLIST=meta` turns it on."
)
UNREAD = Mrkdwn(
    "My own allow-list is on, but was not read yet: until then webhooks are turned away, and sent again."
)


@operation("meta", needs=Permission.READ, effect=Effect.READ, examples=("meta",))
async def meta(_: NoArgs, ctx: Context) -> Reply:
    """Show from which addresses Buildkite sends webhooks, and whether they are let through."""
    now = (await ctx.buildkite.meta()).webhook_ips
    listed = join(map(code, now), "\n") or Mrkdwn("none")
    return Reply(title="Where Buildkite's webhooks come from", text=listed, footer=_compared(now, ctx))


def _compared(now: Iterable[str], ctx: Context) -> Mrkdwn:
    if ctx.origins is None:
        return OFF
    if not ctx.origins.networks:
        return UNREAD
    named, used = {_network(item) for item in now}, set(ctx.origins.networks)
    if named == used:
        return Mrkdwn("✅ They are those that my allow-list lets through.")
    lacks, spare = sorted(named - used), sorted(used - named)
    parts = [
        md("it lacks {those}", those=join(map(code, lacks), " ")) if lacks else Mrkdwn(""),
        md("it still has {those}", those=join(map(code, spare), " ")) if spare else Mrkdwn(""),
    ]
    said = join([part for part in parts if part], "; ")
    return md("⚠️ My allow-list is another one: {said}. It is read again every hour.", said=said)


def _network(text: str) -> str:
    """In the form of the allow-list; what is no address stands as it is."""
    try:
        return str(ipaddress.ip_network(text.strip(), strict=False))
    except ValueError:
        return text
