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
        for one in await self._made.expire():
            text = f"Nobody approved `{one.operation}` in time. Ask again when somebody is there."
            await self._answers.tell(invocation(one).recipient, render_note(text))
        async with self._store.read() as tx:
            due = await find_due_proposals(tx, self._vault, self._clock.now())
        return sum([await self._bring_up(one, outcome) for one, outcome in due])

    async def next_at(self) -> datetime | None:
        """When there is something to draw, or to end."""
        async with self._store.read() as tx:
            return await find_next_proposal_due(tx)

    async def _bring_up(self, one: Proposal, outcome: str | None) -> bool:
        message = render_proposal(one, Mrkdwn(outcome) if outcome else None)
        if one.ts and message.digest() == one.shown:
            await self._drawn(one)
            return True
        wait = self._pacing.wait(UPDATE if one.ts else POST, one.thread.channel)
        if wait > 0:
            await self._later(one, wait)
            return False
        return await (self._update if one.ts else self._post)(one, message)

    async def _post(self, one: Proposal, message: Message) -> bool:
        outcome = await self._posting.once(
            one.thread,
            message,
            f"proposal:{one.id}",
            intent_at=one.intent_at,
            begin=lambda: self._change(one, intent_at=self._clock.now()),
            attempts=one.attempts,
        )
        match outcome:
            case Sent(ts):
                await self._drawn(one, ts=ts, shown=message.digest())
            case Later(seconds, doubtful):
                kept = {} if doubtful else {"intent_at": None}
                await self._later(one, seconds, attempts=one.attempts + 1, **kept)
            case Never(code) if code == SHUT:
                await self._abandon(one)
            case Never(code):
                log.warning("proposal cannot be posted", proposal=one.id, code=code)
                await self._change(one, due_at=None, intent_at=None)
        return isinstance(outcome, Sent)

    async def _update(self, one: Proposal, message: Message) -> bool:
        try:
            if await self._posting.shut(one.thread.channel):
                await self._abandon(one)
                return False
            self._pacing.take(UPDATE, one.thread.channel)
            await self._api.update(one.thread.channel, one.ts or "", message)
        except SlackError as problem:
            if problem.kind == "limited":
                self._pacing.close(UPDATE, problem.retry_after)
            if problem.kind == "refused":
                await self._change(one, due_at=None)
            else:
                wait = problem.retry_after or backoff_seconds(one.attempts + 1)
                await self._later(one, wait, attempts=one.attempts + 1)
            return False
        await self._drawn(one, shown=message.digest())
        return True

    async def _abandon(self, one: Proposal) -> None:
        """Another organization reads along now: nobody is to decide there."""
        if await self._made.abandon(one, SHUT):
            text = f"This channel is shared with another organization now: `{one.operation}` was withdrawn."
            await self._answers.tell(invocation(one).recipient, render_note(text))

    async def _drawn(self, one: Proposal, **values: Any) -> None:
        async with self._store.write() as tx:
            await mark_proposal_drawn(tx, self._vault, one, **values)

    async def _later(self, one: Proposal, seconds: float, **values: Any) -> None:
        await self._change(one, due_at=self._clock.now() + timedelta(seconds=seconds), **values)

    async def _change(self, one: Proposal, **values: Any) -> None:
        async with self._store.write() as tx:
            await update_proposal(tx, one.id, **values)
