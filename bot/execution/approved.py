"""Starts what was approved, once: also what a crash kept from being started."""

from __future__ import annotations

from datetime import datetime

from bot.access.approvals.model import Proposal
from bot.access.approvals.proposals import Proposals, invocation
from bot.execution.runner import Runner


class Approved:
    """An approved proposal runs under a key of its own, as the one who asked for it."""

    def __init__(self, proposals: Proposals, runner: Runner) -> None:
        self._proposals = proposals
        self._runner = runner

    async def tick(self) -> int:
        """Start those that have not been; says how many."""
        return sum([await self._begin(item) for item in await self._proposals.approved()])

    async def next_at(self) -> datetime | None:
        """Nothing is planned: an approval wakes it."""
        return None

    async def _begin(self, proposal: Proposal) -> bool:
        asked = invocation(proposal)
        accepted = await self._runner.accept(asked)
        if accepted.id == asked.id:
            self._runner.start(asked, accepted)
        return accepted.id == asked.id
