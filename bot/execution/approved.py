"""Starts approved operations exactly once, including those that a crash held back."""

from __future__ import annotations

from datetime import datetime

from bot.access.approvals.model import Proposal
from bot.access.approvals.proposals import Proposals, build_request
from bot.execution.procedure import Procedure
from bot.operations.reply import Call


class ApprovedStarter:
    """Runs each approved proposal as its requester, under a key of its own."""

    def __init__(self, proposals: Proposals, procedure: Procedure) -> None:
        self._proposals = proposals
        self._procedure = procedure

    async def tick(self) -> int:
        """Start approved proposals that haven't been started; returns how many."""
        return sum([await self._start(proposal) for proposal in await self._proposals.find_approved()])

    async def next_at(self) -> datetime | None:
        """Return None: nothing is planned, because approvals wake this loop."""
        return None

    async def _start(self, proposal: Proposal) -> bool:
        call = Call(proposal.operation, proposal.args, confirmed=True)
        recorded = await self._procedure.record(build_request(proposal), call)
        if recorded.is_new:
            self._procedure.start(recorded)
        return recorded.is_new
