"""Words on what waits for approvals; the buttons of a proposal's card call these."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.execution.context import Context
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import Mrkdwn


class Which(Args):
    """The proposal that is meant."""

    proposal: Annotated[str, Opt(positional=True), Field(description="Its id")]


def _said(text: Mrkdwn | None) -> Reply | None:
    return Reply(text=text) if text else None


async def _approved(args: Which, ctx: Context) -> Reply | None:
    return _said(await ctx.approvals.noted(ctx, args.proposal, approves=True))


async def _refused(args: Which, ctx: Context) -> Reply | None:
    return _said(await ctx.approvals.noted(ctx, args.proposal, approves=False))


async def _withdrawn(args: Which, ctx: Context) -> Reply | None:
    return _said(await ctx.approvals.withdrawn(ctx, args.proposal))


@operation("proposal approve", needs=Permission.HELP, effect=Effect.READ, probe=_approved)
async def approve(args: Which, ctx: Context) -> Reply:
    """Agree to a protected operation that somebody else asked for."""
    return Reply(text=await ctx.approvals.vote(ctx, args.proposal, approves=True))


@operation("proposal refuse", needs=Permission.HELP, effect=Effect.READ, probe=_refused)
async def refuse(args: Which, ctx: Context) -> Reply:
    """Refuse a protected operation: it will not run."""
    return Reply(text=await ctx.approvals.vote(ctx, args.proposal, approves=False))


@operation("proposal withdraw", needs=Permission.HELP, effect=Effect.READ, probe=_withdrawn)
async def withdraw(args: Which, ctx: Context) -> Reply:
    """Take back what you asked for."""
    return Reply(text=await ctx.approvals.withdraw(ctx, args.proposal))
