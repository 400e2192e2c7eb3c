"""Commands behind the buttons of a proposal's card: approve, refuse and withdraw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bot.access.approvals.voting import Approvals
from bot.access.locks.service import LockService
from bot.buildkite.client import Buildkite
from bot.execution.context import Caller
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.runtime.clock import Clock
from bot.slack.blockkit.mrkdwn import Mrkdwn
from bot.slack.types import Actor, Thread
from commands.access.results import ProposalResult


class ProposalArgs(Args):
    """Arguments of the `proposal` commands."""

    proposal: Annotated[str, Opt(positional=True), Field(description="Proposal id")]


@dataclass(frozen=True)
class ProposalContext:
    """The person, the proposals, and what decides whether a vote counts."""

    caller: Caller
    approvals: Approvals
    buildkite: Buildkite
    locks: LockService
    clock: Clock

    @property
    def actor(self) -> Actor:
        return self.caller.actor

    @property
    def thread(self) -> Thread:
        return self.caller.thread


def _reply(args: ProposalArgs, text: Mrkdwn) -> Reply[ProposalResult]:
    return Reply(data=ProposalResult(message=text, proposal=args.proposal), text=text)


def _reply_if_any(args: ProposalArgs, text: Mrkdwn | None) -> Reply[ProposalResult] | None:
    return _reply(args, text) if text else None


async def _probe_approve(args: ProposalArgs, ctx: ProposalContext) -> Reply[ProposalResult] | None:
    return _reply_if_any(args, await ctx.approvals.find_counted_vote(ctx, args.proposal, approves=True))


async def _probe_refuse(args: ProposalArgs, ctx: ProposalContext) -> Reply[ProposalResult] | None:
    return _reply_if_any(args, await ctx.approvals.find_counted_vote(ctx, args.proposal, approves=False))


async def _probe_withdraw(args: ProposalArgs, ctx: ProposalContext) -> Reply[ProposalResult] | None:
    return _reply_if_any(args, await ctx.approvals.find_withdrawal(ctx, args.proposal))


@operation(
    "proposal approve",
    needs=Permission.APPROVE,
    token_callable=False,
    filters_pipelines=True,
    effect=Effect.CHANGES_BUILDKITE,
    probe=_probe_approve,
)
async def approve(args: ProposalArgs, ctx: ProposalContext) -> Reply[ProposalResult]:
    """Approve a protected operation that someone else requested."""
    return _reply(args, await ctx.approvals.vote(ctx, args.proposal, approves=True))


@operation(
    "proposal refuse",
    needs=Permission.APPROVE,
    token_callable=False,
    filters_pipelines=True,
    effect=Effect.CHANGES_STATE,
    probe=_probe_refuse,
)
async def refuse(args: ProposalArgs, ctx: ProposalContext) -> Reply[ProposalResult]:
    """Refuse a protected operation so that it doesn't run."""
    return _reply(args, await ctx.approvals.vote(ctx, args.proposal, approves=False))


@operation("proposal withdraw", needs=Permission.HELP, effect=Effect.CHANGES_STATE, probe=_probe_withdraw)
async def withdraw(args: ProposalArgs, ctx: ProposalContext) -> Reply[ProposalResult]:
    """Withdraw your own proposal."""
    return _reply(args, await ctx.approvals.withdraw(ctx, args.proposal))
