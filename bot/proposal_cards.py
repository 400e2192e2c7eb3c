"""Keeps the card of every proposal equal to where it stands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.answers import Answers
from bot.clock import Clock
from bot.core import pace, render_reply
from bot.core.blocks import Message
from bot.core.markup import Mrkdwn
from bot.core.proposals import Proposal
from bot.core.render_proposal import proposal as draw
from bot.posting import SHUT, Later, Never, Posting, Sent
from bot.proposals import Proposals, invocation
from bot.slack.api import SlackApi
from bot.slack.pacing import POST, UPDATE, Pacing
from bot.slack.problems import SlackProblem
from bot.store import proposals as rows
from bot.store.store import Transactions
from bot.store.vault import Vault

log = structlog.stdlib.get_logger(__name__)


class ProposalCards:
    """The one writer of proposal cards, under the same rule as other cards."""

    def __init__(
        self,
        store: Transactions,
        vault: Vault,
        clock: Clock,
        api: SlackApi,
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
            await self._answers.tell(invocation(one), render_reply.note(text))
        async with self._store.read() as tx:
            due = await rows.due(tx, self._vault, self._clock.now())
        return sum([await self._bring_up(one, outcome) for one, outcome in due])

    async def next_at(self) -> datetime | None:
        """When there is something to draw, or to end."""
        async with self._store.read() as tx:
            return await rows.next_due(tx)

    async def _bring_up(self, one: Proposal, outcome: str | None) -> bool:
        message = draw(one, Mrkdwn(outcome) if outcome else None)
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
        except SlackProblem as problem:
            if problem.kind == "limited":
                self._pacing.close(UPDATE, problem.retry_after)
            if problem.kind == "refused":
                await self._change(one, due_at=None)
            else:
                wait = problem.retry_after or pace.backoff(one.attempts + 1)
                await self._later(one, wait, attempts=one.attempts + 1)
            return False
        await self._drawn(one, shown=message.digest())
        return True

    async def _abandon(self, one: Proposal) -> None:
        """Another organization reads along now: nobody is to decide there."""
        if await self._made.abandon(one, SHUT):
            text = f"This channel is shared with another organization now: `{one.operation}` was withdrawn."
            await self._answers.tell(invocation(one), render_reply.note(text))

    async def _drawn(self, one: Proposal, **values: Any) -> None:
        async with self._store.write() as tx:
            await rows.drawn(tx, self._vault, one, **values)

    async def _later(self, one: Proposal, seconds: float, **values: Any) -> None:
        await self._change(one, due_at=self._clock.now() + timedelta(seconds=seconds), **values)

    async def _change(self, one: Proposal, **values: Any) -> None:
        async with self._store.write() as tx:
            await rows.change(tx, one.id, **values)
