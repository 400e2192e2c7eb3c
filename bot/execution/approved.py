"""Starts approved operations exactly once, including those that a crash held back."""

from __future__ import annotations

from datetime import datetime

from bot.access.approvals.model import Proposal
from bot.access.approvals.proposals import Proposals, build_invocation
from bot.execution.runner import Runner


class ApprovedStarter:
    """Runs each approved proposal as its requester, under a key of its own."""

    def __init__(self, proposals: Proposals, runner: Runner) -> None:
        self._proposals = proposals
        self._runner = runner

    async def tick(self) -> int:
        """Start approved proposals that haven't been started; returns how many."""
        return sum([await self._start(proposal) for proposal in await self._proposals.find_approved()])

    async def next_at(self) -> datetime | None:
        """Return None: nothing is planned, because approvals wake this loop."""
        return None

    async def _start(self, proposal: Proposal) -> bool:
        invocation = build_invocation(proposal)
        accepted = await self._runner.accept(invocation)
        if accepted.id == invocation.id:
            self._runner.start(invocation, accepted)
        return accepted.id == invocation.id
