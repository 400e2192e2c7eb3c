"""Keeps the card of every followed build equal to what is known: one message, edited in place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot import failures, previews
from bot.admission import Admission
from bot.clock import Clock
from bot.core import notify, pace
from bot.core.blocks import Message
from bot.core.render_card import card as draw
from bot.model import Card, JobSummary, Known
from bot.posting import SHUT, Later, Never, Posting, Sent
from bot.slack.api import SlackApi
from bot.slack.pacing import POST, UNFURL, UPDATE, Pacing
from bot.slack.problems import SlackProblem
from bot.store import audit, builds, cards, waits
from bot.store.store import Transactions
from bot.supervise import Bug, guarded

BATCH = 50
# A card in doubt for longer than a minute says how old it is.
_DOUBT_SHOWS = timedelta(seconds=61)
log = structlog.stdlib.get_logger(__name__)


class Reconcile:
    """The one writer of cards: draws what is due, as fast as Slack allows.

    `shown` is told posted, updated or unchanged, and how many seconds after the fact was known.
    """

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        api: SlackApi,
        posting: Posting,
        pacing: Pacing,
        shown: Callable[[str, float], None],
        admission: Admission,
    ) -> None:
        self._shown = shown
        self._admission = admission
        self._store = store
        self._clock = clock
        self._api = api
        self._posting = posting
        self._pacing = pacing

    async def tick(self) -> int:
        """Draw the cards that are due and may be sent now; says how many were brought up to date."""
        async with self._store.read() as tx:
            due = await cards.due(tx, self._clock.now(), BATCH)
        return sum([await self._safely(card) for card in due])

    async def next_at(self) -> datetime | None:
        """When there is a card or a notice to look at."""
        async with self._store.read() as tx:
            return await cards.next_due(tx)

    async def _safely(self, card: Card) -> bool:
        """A card that cannot be drawn keeps no other waiting."""
        try:
            return await guarded(self._bring_up(card), "card", card=card.id)
        except Bug:
            await self._later(card, pace.backoff(card.attempts + 1), attempts=card.attempts + 1)
            return False

    async def _bring_up(self, card: Card) -> bool:
        async with self._store.read() as tx:
            known = await builds.known(tx, card.build_id)
            jobs = await builds.summary(tx, known) if known else JobSummary()
            knows = await failures.knowledge(tx, known, jobs) if known else failures.NO_FAILURE
            waiting = await waits.found(tx, card.build_id) if known and known.build.phase == "scheduled" else ()
            job = await previews.job_of(tx, card)
        if known is None:
            await self._change(card, state="retired", due_at=None)
            return False
        if previews.over(card, self._clock.now()):
            async with self._store.write() as tx:
                await cards.rest(tx, card)
            return False
        if not await self._admitted(card, known):
            return False
        if knows.lacks(card.id):
            async with self._store.write() as tx:
                await failures.plan(tx, known, self._clock.now())
        message = draw(
            known,
            jobs,
            card_id=card.id,
            asked_by=card.asked_by,
            now=self._clock.now(),
            watching=card.watching,
            failure=knows.shown(jobs, card.id),
            author=card.mentions,
            waiting=waiting,
            **_peace(card),
        )
        message = previews.shown(card, known, job, message)
        if card.ts and message.digest() == card.shown:
            await self._drawn(card, known)
            return True
        return await self._send(card, known, message)

    async def _admitted(self, card: Card, known: Known) -> bool:
        """What nobody asked for is posted when it is time; what is there, or perhaps there, is kept up."""
        if card.origin != "subscribed" or card.ts or card.intent_at:
            return True
        match await self._admission.card(card, known):
            case Later(seconds):
                await self._later(card, seconds)
            case Never():
                await self._admission.withdraw(card)
            case None:
                return True
        return False

    async def _send(self, card: Card, known: Known, message: Message) -> bool:
        wait = self._pacing.wait(_way(card) if card.ts else POST, card.thread.channel)
        if wait > 0:
            await self._later(card, wait)
            return False
        return await (self._update if card.ts else self._post)(card, known, message)

    async def _post(self, card: Card, known: Known, message: Message) -> bool:
        outcome = await self._posting.once(
            card.thread,
            message,
            card.id,
            intent_at=card.intent_at,
            begin=lambda: self._change(card, intent_at=self._clock.now()),
            attempts=card.attempts,
        )
        match outcome:
            case Sent(ts, fresh=True):
                await self._drawn(card, known, ts=ts, shown=message.digest())
            case Sent(ts):
                await self._change(card, ts=ts, shown=None, intent_at=None, attempts=0, due_at=self._clock.now())
            case Later(seconds, doubtful):
                kept = {} if doubtful else {"intent_at": None}
                await self._later(card, seconds, attempts=card.attempts + 1, **kept)
            case Never(code):
                await self._cannot_post(card, code)
        return isinstance(outcome, Sent)

    async def _update(self, card: Card, known: Known, message: Message) -> bool:
        self._posting.sure()
        try:
            if await self._posting.shut(card.thread.channel):
                await self._leave(card)
                return False
            self._pacing.take(_way(card), card.thread.channel)
            await self._redraw(card, message)
        except SlackProblem as problem:
            await self._not_updated(card, problem)
            return False
        self._pacing.worked(_way(card))
        await self._drawn(card, known, shown=message.digest())
        return True

    async def _redraw(self, card: Card, message: Message) -> None:
        channel, ts = card.thread.channel, card.ts or ""
        if card.unfurl:
            await self._api.unfurl(channel, ts, str(card.unfurl["url"]), message)
        else:
            await self._api.update(channel, ts, message)

    async def _drawn(self, card: Card, known: Known, **values: Any) -> None:
        again = (known.doubt_since or self._clock.now()) + _DOUBT_SHOWS if known.doubtful else None
        if again and again <= self._clock.now():
            again = None
        if previews.rests(card, known):
            values["state"] = "retired"
        async with self._store.write() as tx:
            await cards.drawn(tx, card, known.revision, again, **values)
        outcome = "posted" if "ts" in values else "updated" if "shown" in values else "unchanged"
        self._shown(outcome, (self._clock.now() - known.seen_at).total_seconds())

    async def _not_updated(self, card: Card, problem: SlackProblem) -> None:
        if problem.kind == "limited":
            self._pacing.close(_way(card), problem.retry_after)
            await self._later(card, problem.retry_after)
        elif problem.kind == "refused":
            await self._cannot_update(card, problem.code)
        else:
            wait = max(self._pacing.failed(_way(card)), pace.backoff(card.attempts + 1, base=1, most=20))
            await self._later(card, wait, attempts=card.attempts + 1)

    async def _cannot_update(self, card: Card, code: str) -> None:
        """A deleted card is never posted again; where the edit window has closed there is one fresh card."""
        log.warning("card cannot be updated", card=card.id, code=code)
        if code == "edit_window_closed" and not card.reposts:
            await self._change(card, ts=None, shown=None, reposts=1, due_at=self._clock.now())
        else:
            await self._change(card, state="gone", due_at=None)

    async def _leave(self, card: Card) -> None:
        """Another organization reads along now: the card stays as it is; who asked is told the end by DM."""
        log.warning("card left", card=card.id, code=SHUT)
        async with self._store.write() as tx:
            await cards.change(tx, card.id, state="gone", due_at=None)
            await audit.card(tx, card, "retired", self._clock.now(), {"because": SHUT})

    async def _cannot_post(self, card: Card, code: str) -> None:
        """Where the bot may not post, the one who asked gets the card as a DM."""
        log.warning("card cannot be posted", card=card.id, code=code)
        if card.origin == "subscribed":
            await self._admission.unpostable(card, code)
            return
        if not card.asked_by or card.thread.channel.startswith("D"):
            await self._change(card, state="retired", due_at=None, intent_at=None)
            return
        try:
            channel = await self._api.direct(card.asked_by)
        except SlackProblem as problem:
            if problem.kind == "refused":
                await self._change(card, state="retired", due_at=None, intent_at=None)
                return
            await self._later(card, max(problem.retry_after, pace.backoff(card.attempts + 1)))
            return
        await self._move(card, channel)

    async def _move(self, card: Card, channel: str) -> None:
        async with self._store.write() as tx:
            taken = [other for other in await cards.of_build(tx, card.build_id) if other.thread.channel == channel]
            if taken:
                await cards.change(tx, card.id, state="retired", due_at=None, intent_at=None)
            else:
                moved = {"channel": channel, "thread_ts": "", "due_at": self._clock.now(), "intent_at": None}
                await cards.change(tx, card.id, **moved)

    async def _later(self, card: Card, seconds: float, **values: Any) -> None:
        await self._change(card, due_at=self._clock.now() + timedelta(seconds=seconds), **values)

    async def _change(self, card: Card, **values: Any) -> None:
        async with self._store.write() as tx:
            await cards.change(tx, card.id, **values)


def _peace(card: Card) -> dict[str, Any]:
    """How to have less of it, where nobody asked for the card: what a person wished for, that person can stop."""
    if card.origin != "subscribed" or card.muted:
        return {}
    if card.subscription and notify.personal(card.subscription):
        return {"stop": notify.stopping(notify.BUILDS, notify.owner(card.subscription))}
    return {"mute": True}


def _way(card: Card) -> str:
    """The method that draws it again."""
    return UNFURL if card.unfurl else UPDATE
