"""Keeps the card of every proposal equal to where it stands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.access.approvals.model import Proposal
from bot.access.approvals.proposals import Proposals, invocation
from bot.access.approvals.queries import (
    find_due_proposals,
    find_next_proposal_due,
    mark_proposal_drawn,
    update_proposal,
)
from bot.access.approvals.render import render_proposal
from bot.operations.render import render_note
from bot.runtime.clock import Clock
from bot.runtime.token_bucket import backoff_seconds
from bot.slack.answers import Answers
from bot.slack.api_errors import SlackError
from bot.slack.blockkit.blocks import Message
from bot.slack.blockkit.mrkdwn import Mrkdwn
from bot.slack.posting import SHUT, Later, Never, Posting, Sent
from bot.slack.rate_limits import POST, UPDATE, Pacing
from bot.slack.web_client import SlackClient
from bot.store.transactions import Transactions
from bot.store.vault import Vault

log = structlog.stdlib.get_logger(__name__)


class ProposalPublisher:
    """The one writer of proposal cards, under the same rule as other cards."""

    def __init__(
        self,
        store: Transactions,
        vault: Vault,
        clock: Clock,
        api: SlackClient,
        posting: Posting,
        pacing: Pacing,
        made: Proposals,
        answers: Answers,
    ) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._api = api
        self._posting = posting
        self._pacing = pacing
        self._made = made
        self._answers = answers

    async def tick(self) -> int:
        """End what is late, draw what is due; says how much was done."""
        for item in await self._made.expire():
            text = f"Nobody approved `{item.operation}` in time. Ask again when somebody is there."
            await self._answers.tell(invocation(item).recipient, render_note(text))
        async with self._store.read() as tx:
            due = await find_due_proposals(tx, self._vault, self._clock.now())
        return sum([await self._bring_up(item, outcome) for item, outcome in due])

    async def next_at(self) -> datetime | None:
        """When there is something to draw, or to end."""
        async with self._store.read() as tx:
            return await find_next_proposal_due(tx)

    async def _bring_up(self, proposal: Proposal, outcome: str | None) -> bool:
        message = render_proposal(proposal, Mrkdwn(outcome) if outcome else None)
        if proposal.ts and message.digest() == proposal.shown:
            await self._drawn(proposal)
            return True
        wait = self._pacing.wait(UPDATE if proposal.ts else POST, proposal.thread.channel)
        if wait > 0:
            await self._later(proposal, wait)
            return False
        return await (self._update if proposal.ts else self._post)(proposal, message)

    async def _post(self, proposal: Proposal, message: Message) -> bool:
        outcome = await self._posting.once(
            proposal.thread,
            message,
            f"proposal:{proposal.id}",
            intent_at=proposal.intent_at,
            begin=lambda: self._change(proposal, intent_at=self._clock.now()),
            attempts=proposal.attempts,
        )
        match outcome:
            case Sent(ts):
                await self._drawn(proposal, ts=ts, shown=message.digest())
            case Later(seconds, doubtful):
                kept = {} if doubtful else {"intent_at": None}
                await self._later(proposal, seconds, attempts=proposal.attempts + 1, **kept)
            case Never(code) if code == SHUT:
                await self._abandon(proposal)
            case Never(code):
                log.warning("proposal cannot be posted", proposal=proposal.id, code=code)
                await self._change(proposal, due_at=None, intent_at=None)
        return isinstance(outcome, Sent)

    async def _update(self, proposal: Proposal, message: Message) -> bool:
        try:
            if await self._posting.shut(proposal.thread.channel):
                await self._abandon(proposal)
                return False
            self._pacing.take(UPDATE, proposal.thread.channel)
            await self._api.update(proposal.thread.channel, proposal.ts or "", message)
        except SlackError as problem:
            if problem.kind == "limited":
                self._pacing.close(UPDATE, problem.retry_after)
            if problem.kind == "refused":
                await self._change(proposal, due_at=None)
            else:
                wait = problem.retry_after or backoff_seconds(proposal.attempts + 1)
                await self._later(proposal, wait, attempts=proposal.attempts + 1)
            return False
        await self._drawn(proposal, shown=message.digest())
        return True

    async def _abandon(self, proposal: Proposal) -> None:
        """Another organization reads along now: nobody is to decide there."""
        if await self._made.abandon(proposal, SHUT):
            text = f"This channel is shared with another organization now: `{proposal.operation}` was withdrawn."
            await self._answers.tell(invocation(proposal).recipient, render_note(text))

    async def _drawn(self, proposal: Proposal, **values: Any) -> None:
        async with self._store.write() as tx:
            await mark_proposal_drawn(tx, self._vault, proposal, **values)

    async def _later(self, proposal: Proposal, seconds: float, **values: Any) -> None:
        await self._change(proposal, due_at=self._clock.now() + timedelta(seconds=seconds), **values)

    async def _change(self, proposal: Proposal, **values: Any) -> None:
        async with self._store.write() as tx:
            await update_proposal(tx, proposal.id, **values)
