"""Publishes rows: finds those that are due, draws them, sends what has changed and records what came of it."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Generic, Protocol, TypeVar

from bot.runtime.clock import Clock
from bot.runtime.error_boundary import InternalError, run_guarded
from bot.runtime.token_bucket import backoff_seconds
from bot.slack.api_errors import SlackError
from bot.slack.drafts import C, Draft, Held, Postponement, R, Withdrawn
from bot.slack.posting import Failed, Post, Poster, SendOutcome, Shown, Undeliverable
from bot.slack.rate_limits import Pacing
from bot.store.transactions import Transactions, Tx

# Calls to Slack for rows that were drawn together. Then the due rows are read again, so that an urgent one isn't
# queued behind many.
MAX_CALLS = 5


T = TypeVar("T")


class RowSource(Protocol[R, C]):
    """One kind of rows: how they are found and drawn, and the transitions that record what came of it.

    What needs Slack may raise SlackError: then the row is tried again.
    """

    @property
    def label(self) -> str:
        """Name the kind of rows for the log."""

    async def find_due(self, now: datetime) -> Sequence[R]:
        """Return rows that are due, in the order in which to draw them."""

    async def find_next_due(self, tx: Tx) -> datetime | None:
        """Return when the next row is due."""

    async def draw(self, row: R) -> Draft[R, C] | Held | Failed | Withdrawn:
        """Read what the row shows, and render it."""

    async def begin(self, tx: Tx, draft: Draft[R, C]) -> None:
        """Record that the row is about to be posted."""

    async def mark_shown(self, tx: Tx, draft: Draft[R, C], shown: Shown) -> None:
        """Record that Slack shows the row."""

    async def postpone(self, tx: Tx, row: R, postponement: Postponement) -> None:
        """Make the row due later."""

    async def give_up(self, draft: Draft[R, C], code: str) -> None:
        """Record that the row can't be shown there, and move it elsewhere or retire it."""


class Turns(Protocol[R, C]):
    """Decides which drafts are sent first, and when; `batch` rows are drawn together to be put in order."""

    @property
    def batch(self) -> int: ...

    def sort(self, drafts: Sequence[Draft[R, C]]) -> Sequence[Draft[R, C]]:
        """Return the drafts in the order in which to send them."""

    def compute_wait(self, draft: Draft[R, C]) -> float:
        """Return the seconds until the draft may be sent; 0 means now."""

    async def admit(self, draft: Draft[R, C]) -> Held | Withdrawn | None:
        """Return None if the draft may really be sent now, as is checked right before."""

    def note_shown(self, draft: Draft[R, C]) -> None:
        """Note that Slack shows the draft."""


@dataclass(frozen=True)
class PacedTurns(Generic[R, C]):
    """Sends each draft in its turn, as fast as Slack allows."""

    pacing: Pacing
    batch: int = 1

    def sort(self, drafts: Sequence[Draft[R, C]]) -> Sequence[Draft[R, C]]:
        """Return the drafts as they were drawn."""
        return drafts

    def compute_wait(self, draft: Draft[R, C]) -> float:
        """Return the seconds until Slack's limits allow the call."""
        return self.pacing.compute_wait(draft.sending.method, draft.sending.channel)

    async def admit(self, _draft: Draft[R, C]) -> Held | Withdrawn | None:
        """Admit every draft."""
        return None

    def note_shown(self, draft: Draft[R, C]) -> None:
        """Note nothing: the next turn doesn't depend on it."""


class Publisher(Generic[R, C]):
    """Keeps Slack showing what the rows of a source say; runs only on the leader.

    A row is level-triggered: whatever happened meanwhile, it is drawn from what is known now, so any number of
    changes costs one call, and a failed call needs no repair beyond the next one. A row that fails doesn't hold up
    the others.
    """

    def __init__(
        self, source: RowSource[R, C], turns: Turns[R, C], poster: Poster, store: Transactions, clock: Clock
    ) -> None:
        self._source = source
        self._turns = turns
        self._poster = poster
        self._store = store
        self._clock = clock

    async def tick(self) -> int:
        """Publish the rows that are due and may be sent now; return how many show what they should."""
        rows, batch = await self._source.find_due(self._clock.now()), self._turns.batch
        return sum([await self._publish_batch(rows[at : at + batch]) for at in range(0, len(rows), batch)])

    async def next_at(self) -> datetime | None:
        """Return when the next row is due."""
        async with self._store.read() as tx:
            return await self._source.find_next_due(tx)

    async def _publish_batch(self, rows: Sequence[R]) -> int:
        drafts: list[Draft[R, C]] = []
        held: list[tuple[R, Held | Failed]] = []
        for row in rows:
            match await self._run_safely(row, self._source.draw(row)):
                case Draft() as draft:
                    drafts.append(draft)
                case Held() | Failed() as later:
                    held.append((row, later))
        sent = await self._send_in_order([draft for draft in drafts if not draft.unchanged], held)
        unchanged = [draft for draft in drafts if draft.unchanged]
        await self._save_unsent(unchanged, held)
        return sent + len(unchanged)

    async def _send_in_order(self, drafts: Sequence[Draft[R, C]], held: list[tuple[R, Held | Failed]]) -> int:
        sent = 0
        for draft in self._turns.sort(drafts):
            wait = self._turns.compute_wait(draft)
            if wait > 0:
                held.append((draft.row, Held(wait)))
            elif sent < MAX_CALLS:
                # The others stay due: the next tick orders them again, with what has come in meanwhile.
                sent += await self._send_safely(draft)
        return sent

    async def _save_unsent(
        self, unchanged: Sequence[Draft[R, C]], held: Sequence[tuple[R, Held | Failed]]
    ) -> None:
        """Save in one transaction what needs no call to Slack."""
        if not unchanged and not held:
            return
        async with self._store.write() as tx:
            for draft in unchanged:
                await self._source.mark_shown(tx, draft, Shown(draft.sending.ts))
            for row, later in held:
                await self._source.postpone(tx, row, self._plan(row, later))
        for draft in unchanged:
            self._turns.note_shown(draft)

    async def _send_safely(self, draft: Draft[R, C]) -> bool:
        outcome = await self._run_safely(draft.row, self._send(draft))
        if isinstance(outcome, Held | Failed):
            async with self._store.write() as tx:
                await self._source.postpone(tx, draft.row, self._plan(draft.row, outcome))
        return isinstance(outcome, Shown)

    async def _send(self, draft: Draft[R, C]) -> SendOutcome | Held | Withdrawn:
        outcome = await self._turns.admit(draft) or await self._call_slack(draft)
        match outcome:
            case Shown():
                await self._record_shown(draft, outcome)
            case Undeliverable(code):
                await self._source.give_up(draft, code)
        return outcome

    async def _call_slack(self, draft: Draft[R, C]) -> SendOutcome:
        if isinstance(draft.sending, Post):
            return await self._poster.post_once(draft.sending, draft.row.attempts, partial(self._begin, draft))
        return await self._poster.edit(draft.sending, draft.row.attempts)

    async def _begin(self, draft: Draft[R, C]) -> None:
        async with self._store.write() as tx:
            await self._source.begin(tx, draft)

    async def _record_shown(self, draft: Draft[R, C], shown: Shown) -> None:
        async with self._store.write() as tx:
            await self._source.mark_shown(tx, draft, shown)
        if shown.fresh:
            self._turns.note_shown(draft)
        if isinstance(draft.sending, Post):
            await self._poster.post_charts(draft.sending, shown.ts)

    def _plan(self, row: R, later: Held | Failed) -> Postponement:
        # Rounded up: a row that is due a moment too early is drawn again, only to be held again.
        due_at = self._clock.now() + timedelta(milliseconds=math.ceil(later.seconds * 1000))
        if isinstance(later, Held):
            return Postponement(due_at, row.attempts)
        return Postponement(due_at, row.attempts + 1, keeps_intent=later.uncertain)

    async def _run_safely(self, row: R, work: Awaitable[T]) -> T | Failed:
        """Await work on a row; if Slack or a bug prevents it, return when to try again."""
        backoff = backoff_seconds(row.attempts + 1)
        try:
            return await run_guarded(work, self._source.label, id=row.id)
        except SlackError as problem:
            return Failed(max(problem.retry_after, backoff), uncertain=True)
        except InternalError:
            return Failed(backoff, uncertain=True)
