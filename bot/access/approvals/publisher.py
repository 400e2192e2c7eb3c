"""Publishes the cards of proposals and keeps them up to date."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.access.approvals.model import Proposal
from bot.access.approvals.proposals import Proposals, build_request
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
from bot.slack.posting import SHARED_OUTSIDE, PostDelayed, Posted, Poster, PostRejected
from bot.slack.rate_limits import POST, UPDATE, Pacing
from bot.slack.web_client import SlackClient
from bot.store.transactions import Transactions
from bot.store.vault import Vault

log = structlog.stdlib.get_logger(__name__)


class ProposalPublisher:
    """Publishes proposal cards. Only the leader runs it, so that no card is posted twice."""

    def __init__(
        self,
        store: Transactions,
        vault: Vault,
        clock: Clock,
        api: SlackClient,
        posting: Poster,
        pacing: Pacing,
        proposals: Proposals,
        answers: Answers,
    ) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._api = api
        self._posting = posting
        self._pacing = pacing
        self._proposals = proposals
        self._answers = answers

    async def tick(self) -> int:
        """Expire late proposals and publish due cards; return how many cards were published."""
        for proposal in await self._proposals.expire():
            text = (
                f"`{proposal.operation}` wasn't approved in time. Request it again when an approver is available."
            )
            await self._answers.send(build_request(proposal).recipient, render_note(text))
        async with self._store.read() as tx:
            due = await find_due_proposals(tx, self._vault, self._clock.now())
        return sum([await self._publish(proposal, outcome) for proposal, outcome in due])

    async def next_at(self) -> datetime | None:
        """Return when the next card is due or the next proposal expires."""
        async with self._store.read() as tx:
            return await find_next_proposal_due(tx)

    async def _publish(self, proposal: Proposal, outcome: str | None) -> bool:
        message = render_proposal(proposal, Mrkdwn(outcome) if outcome else None)
        if proposal.ts and message.digest() == proposal.shown_digest:
            await self._mark_drawn(proposal)
            return True
        wait = self._pacing.compute_wait(UPDATE if proposal.ts else POST, proposal.thread.channel)
        if wait > 0:
            await self._postpone(proposal, wait)
            return False
        return await (self._update if proposal.ts else self._post)(proposal, message)

    async def _post(self, proposal: Proposal, message: Message) -> bool:
        outcome = await self._posting.post_once(
            proposal.thread,
            message,
            f"proposal:{proposal.id}",
            intent_at=proposal.intent_at,
            begin=lambda: self._save(proposal, intent_at=self._clock.now()),
            attempts=proposal.attempts,
        )
        match outcome:
            case Posted(ts):
                await self._mark_drawn(proposal, ts=ts, shown=message.digest())
            case PostDelayed(seconds, maybe_posted):
                kept = {} if maybe_posted else {"intent_at": None}
                await self._postpone(proposal, seconds, attempts=proposal.attempts + 1, **kept)
            case PostRejected(code) if code == SHARED_OUTSIDE:
                await self._abandon(proposal)
            case PostRejected(code):
                log.warning("proposal cannot be posted", proposal=proposal.id, code=code)
                await self._save(proposal, due_at=None, intent_at=None)
        return isinstance(outcome, Posted)

    async def _update(self, proposal: Proposal, message: Message) -> bool:
        try:
            if await self._posting.is_shared_outside(proposal.thread.channel):
                await self._abandon(proposal)
                return False
            self._pacing.take(UPDATE, proposal.thread.channel)
            await self._api.update(proposal.thread.channel, proposal.ts or "", message)
        except SlackError as problem:
            if problem.kind == "limited":
                self._pacing.close(UPDATE, problem.retry_after)
            if problem.kind == "refused":
                await self._save(proposal, due_at=None)
            else:
                wait = problem.retry_after or backoff_seconds(proposal.attempts + 1)
                await self._postpone(proposal, wait, attempts=proposal.attempts + 1)
            return False
        await self._mark_drawn(proposal, shown=message.digest())
        return True

    async def _abandon(self, proposal: Proposal) -> None:
        """Withdraw a proposal because another organization now reads its channel: decisions don't belong there."""
        if await self._proposals.abandon(proposal, SHARED_OUTSIDE):
            text = f"This channel is now shared with another organization, so I withdrew `{proposal.operation}`."
            await self._answers.send(build_request(proposal).recipient, render_note(text))

    async def _mark_drawn(self, proposal: Proposal, **values: Any) -> None:
        async with self._store.write() as tx:
            await mark_proposal_drawn(tx, self._vault, proposal, **values)

    async def _postpone(self, proposal: Proposal, seconds: float, **values: Any) -> None:
        await self._save(proposal, due_at=self._clock.now() + timedelta(seconds=seconds), **values)

    async def _save(self, proposal: Proposal, **values: Any) -> None:
        async with self._store.write() as tx:
            await update_proposal(tx, proposal.id, **values)
