"""Looks why a build that was to begin does not, so that its card can say so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.buildkite.catalog import Catalog
from bot.buildkite.client import Buildkite
from bot.buildkite.models import Build, Queue
from bot.builds.cards.queries import mark_cards_due
from bot.builds.model import TrackedBuild
from bot.builds.waiting.queries import find_next_waiting_due, find_reasons, find_waiting_builds, save_reasons
from bot.builds.waiting.reasons import STATES, Reason, reasons
from bot.errors import KitestringError, Refused
from bot.operations.choices import Choices, new_choice_id
from bot.operations.invocation import Choice
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import run_guarded
from bot.slack.types import Thread
from bot.store.transactions import Transactions

# A build that has waited for so long is looked at, then again and again, less and less often.
PATIENCE = timedelta(seconds=60)
AGAIN = timedelta(seconds=60)
_SELDOM = timedelta(minutes=5)
_OFTEN_FOR = timedelta(minutes=15)
# So many looks, then a pause: a hundred builds that wait leave requests to what settles states.
BATCH = 5
PAUSE = timedelta(seconds=30)
log = structlog.stdlib.get_logger(__name__)


class WaitingLookup:
    """A look is one read of the build; agents and queues are read for all of them, at most each 15 and 60 s."""

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        buildkite: Buildkite,
        offers: Choices,
        team: str,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._buildkite = buildkite.for_background()
        self._catalog = Catalog(self._buildkite, clock)
        self._offers = offers
        self._team = team
        self._wake = wake
        self._not_before: datetime | None = None

    async def tick(self) -> int:
        """Look at builds that have waited for a minute, few at a time; says how many."""
        now = self._clock.now()
        if self._not_before and now < self._not_before:
            return 0
        async with self._store.read() as tx:
            due = await find_waiting_builds(tx, now, now - PATIENCE, BATCH)
        self._not_before = now + PAUSE if len(due) == BATCH else None
        looked = [await self._safely(known) for known in due]
        if any(looked):
            self._wake()
        return len(looked)

    async def next_at(self) -> datetime | None:
        """When the next build will have waited long enough."""
        async with self._store.read() as tx:
            due = await find_next_waiting_due(tx, PATIENCE.total_seconds())
        return max(due, self._not_before) if due and self._not_before else due

    async def _safely(self, tracked: TrackedBuild) -> bool:
        """What cannot be looked at now is looked at later; a card is right without."""
        try:
            return await run_guarded(self._look(tracked), "waiting", build=str(tracked.build.ref))
        except KitestringError as error:
            log.warning("not looked why it waits", build=str(tracked.build.ref), error=str(error))
            async with self._store.write() as tx:
                before = await find_reasons(tx, tracked.build.id)
                await save_reasons(tx, tracked.build.id, before, self._clock.now(), self._clock.now() + _SELDOM)
            return False

    async def _look(self, tracked: TrackedBuild) -> bool:
        """Ask, and keep the answer; says whether it is another than before."""
        ref, now = tracked.build.ref, self._clock.now()
        build = await self._buildkite.build(ref.pipeline, ref.number, job_states=STATES)
        found = reasons(build.jobs, await self._catalog.list_agents(), await self._queues(build))
        async with self._store.read() as tx:
            before = await find_reasons(tx, tracked.build.id)
        after = await self._offered(found, before)
        waited = now - (tracked.build.created_at or now)
        async with self._store.write() as tx:
            again = AGAIN if waited < _OFTEN_FOR else _SELDOM
            await save_reasons(tx, tracked.build.id, after, now, now + again)
            if after != before:
                await mark_cards_due(tx, [tracked.build.id], now)
        return after != before

    async def _queues(self, build: Build) -> dict[str, Queue]:
        """The queues by their UUID; none where the token may not read clusters."""
        if not any(job.cluster_queue_id for job in build.jobs):
            return {}
        try:
            return {queue.queue.id: queue.queue for queue in await self._catalog.list_queues()}
        except Refused:
            return {}

    async def _offered(self, found: Sequence[Reason], before: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The reasons as they are kept; a button that stood there keeps the row behind it."""
        known = {(item.get("label"), item.get("call")): item["choice"] for item in before if item.get("choice")}
        kept, made = [], []
        for reason in found:
            entry: dict[str, Any] = {"text": str(reason.text)}
            if reason.button and reason.button.call:
                call = f"{reason.button.call.operation} {sorted(reason.button.call.args.items())}"
                key = (reason.button.label, call)
                if key not in known:
                    made.append(self._choice(reason))
                    known[key] = made[-1].id
                entry |= {"label": key[0], "call": call, "choice": known[key], "reads": reason.button.reads}
            kept.append(entry)
        await self._offers.make(made)
        return kept

    def _choice(self, reason: Reason) -> Choice:
        """Anybody may press; where it was pressed and by whom is judged then."""
        assert reason.button and reason.button.call  # noqa: S101, PT018  (the caller has looked)
        call = reason.button.call
        return Choice(new_choice_id(), call.operation, dict(call.args), Thread(self._team, ""), confirmed=call.yes)
