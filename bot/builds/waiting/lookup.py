"""Looks up why a scheduled build hasn't begun, so that its card can say so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from bot.buildkite.catalog import Catalog
from bot.buildkite.client import Buildkite
from bot.buildkite.models import Build
from bot.buildkite.request_order import Purpose
from bot.buildkite.resources import Queue
from bot.builds.cards.queries import mark_cards_due
from bot.builds.model import ShownReason, TrackedBuild
from bot.builds.queries import plan_earlier_read
from bot.builds.waiting.queries import find_next_waiting_due, find_reasons, find_waiting_builds, save_reasons
from bot.builds.waiting.reasons import WAITING_STATES, WaitingReason, explain_waiting
from bot.errors import BudgetUsedUp, KitestringError, Refused
from bot.operations.choices import Choices, make_choice_id
from bot.operations.invocation import Choice
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import run_guarded
from bot.slack.types import Thread
from bot.store.transactions import Transactions, Tx

# Most builds begin within a minute; after that, people wonder why.
PATIENCE = timedelta(seconds=60)
# The reason may change at any time, but the longer a build has waited, the less likely that is.
REPEAT_AFTER = timedelta(seconds=60)
_REPEAT_SELDOM_AFTER = timedelta(minutes=5)
_REPEAT_OFTEN_FOR = timedelta(minutes=15)
# Builds of a lookup: a list of them comes with their jobs, so it mustn't become too long.
BATCH = 30
# Requests in a period: a hundred waiting builds must leave some for the reads that confirm states.
REQUESTS = 5
PERIOD = timedelta(seconds=30)
log = structlog.stdlib.get_logger(__name__)


class WaitingLookup:
    """Looks up waiting builds.

    One list of the builds that wait, with their jobs, answers for many of them; a few are read one by one. All of
    them share one list of agents and one of queues, which are read at most every 15 and 60 seconds.
    """

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        buildkite: Buildkite,
        choices: Choices,
        team: str,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._buildkite = buildkite.for_background(Purpose.WAITING, patience=0)
        self._catalog = Catalog(self._buildkite, clock)
        self._choices = choices
        self._team = team
        self._wake = wake
        self._left = REQUESTS
        self._period_ends: datetime | None = None

    async def tick(self) -> int:
        """Look up builds that have waited for a minute, with a few requests at a time; return how many."""
        now = self._clock.now()
        if self._period_ends is None or now >= self._period_ends:
            self._left, self._period_ends = REQUESTS, now + PERIOD
        if not self._left:
            return 0
        async with self._store.read() as tx:
            due = await find_waiting_builds(tx, now, now - PATIENCE, BATCH)
        if not due:
            return 0
        if await self._look_up_safely(due):
            self._wake()
        return 1

    async def next_at(self) -> datetime | None:
        """Return when the next build will have waited long enough."""
        async with self._store.read() as tx:
            due = await find_next_waiting_due(tx, PATIENCE.total_seconds())
        return max(due, self._period_ends) if due and self._period_ends and not self._left else due

    async def _look_up_safely(self, group: Sequence[TrackedBuild]) -> bool:
        """Look up some builds; if that fails, try again later: the cards are right without a reason."""
        names = " ".join(str(tracked.build.ref) for tracked in group)
        try:
            return await run_guarded(self._look_up(group), "waiting", build=names)
        except BudgetUsedUp as refused:
            self._left = 0
            self._period_ends = self._clock.now() + timedelta(seconds=refused.retry_after or 0)
        except KitestringError as error:
            log.warning("waiting build not looked up", build=names, error=str(error))
            now = self._clock.now()
            async with self._store.write() as tx:
                for tracked in group:
                    before = await find_reasons(tx, tracked.build.id)
                    await save_reasons(tx, tracked.build.id, before, now, now + _REPEAT_SELDOM_AFTER)
        return False

    async def _look_up(self, group: Sequence[TrackedBuild]) -> bool:
        """Look up the reasons and save them; return whether any of them have changed."""
        self._left -= 1
        builds = await self._read_builds(group)
        left = [tracked for tracked in group if tracked.build.id not in builds]
        if len(builds) >= BATCH:
            # Other builds filled the list, so it doesn't say that these have moved on.
            for tracked in left[: self._left]:
                self._left -= 1
                builds |= await self._read_builds([tracked])
            left = []
        changed = [
            await self._explain(tracked, builds[tracked.build.id])
            for tracked in group
            if tracked.build.id in builds
        ]
        async with self._store.write() as tx:
            for tracked in left:
                await self._read_again(tx, tracked)
        return any(changed)

    async def _read_builds(self, group: Sequence[TrackedBuild]) -> dict[str, Build]:
        """Return those of the builds that wait, by id."""
        if len(group) == 1:
            ref = group[0].build.ref
            build = await self._buildkite.build(ref.pipeline, ref.number, job_states=WAITING_STATES)
            return {group[0].build.id: build}
        pipelines = {tracked.build.ref.pipeline for tracked in group}
        created = [tracked.build.created_at for tracked in group if tracked.build.created_at]
        listed = self._buildkite.builds(
            pipelines.pop() if len(pipelines) == 1 else None,
            state=("scheduled",),
            created_from=min(created, default=None),
            created_to=max(created) + timedelta(seconds=1) if created else None,
            exclude_jobs=False,
            exclude_pipeline=True,
            limit=BATCH,
        )
        return {build.id: build async for build in listed}

    async def _explain(self, tracked: TrackedBuild, build: Build) -> bool:
        """Save why the build waits; return whether that has changed."""
        now = self._clock.now()
        found = explain_waiting(build.jobs, await self._catalog.list_agents(), await self._find_queues(build))
        async with self._store.read() as tx:
            before = await find_reasons(tx, tracked.build.id)
        after = await self._save_choices(found, before)
        waited = now - (tracked.build.created_at or now)
        async with self._store.write() as tx:
            pause = REPEAT_AFTER if waited < _REPEAT_OFTEN_FOR else _REPEAT_SELDOM_AFTER
            await save_reasons(tx, tracked.build.id, after, now, now + pause)
            if after != before:
                await mark_cards_due(tx, [tracked.build.id], now)
        return after != before

    async def _read_again(self, tx: Tx, tracked: TrackedBuild) -> None:
        """Have the poller read a build that isn't among those that wait: it has moved on."""
        now, ref = self._clock.now(), tracked.build.ref
        await plan_earlier_read(tx, ref.pipeline, ref.number, now)
        before = await find_reasons(tx, tracked.build.id)
        await save_reasons(tx, tracked.build.id, before, now, now + REPEAT_AFTER)

    async def _find_queues(self, build: Build) -> dict[str, Queue]:
        """Return the queues by id; empty if the token may not read clusters."""
        if not any(job.cluster_queue_id for job in build.jobs):
            return {}
        try:
            return {queue.queue.id: queue.queue for queue in await self._catalog.list_queues()}
        except Refused:
            return {}

    async def _save_choices(
        self, found: Sequence[WaitingReason], before: Sequence[ShownReason]
    ) -> list[ShownReason]:
        """Return the reasons as stored; a button that was there before keeps its choice, so it keeps working."""
        known = {
            (shown.get("label"), shown.get("call")): shown["choice"] for shown in before if shown.get("choice")
        }
        reasons: list[ShownReason] = []
        new: list[Choice] = []
        for reason in found:
            shown: ShownReason = {"text": str(reason.text)}
            if reason.button and reason.button.call:
                call = f"{reason.button.call.operation} {sorted(reason.button.call.args.items())}"
                key = (reason.button.label, call)
                if key not in known:
                    new.append(self._make_choice(reason))
                    known[key] = new[-1].id
                shown["label"], shown["call"], shown["choice"] = reason.button.label, call, known[key]
                shown["reads"] = reason.button.spoken_label
            reasons.append(shown)
        await self._choices.save(new)
        return reasons

    def _make_choice(self, reason: WaitingReason) -> Choice:
        """Return a choice that anyone may press; permissions are checked when it is pressed."""
        assert reason.button and reason.button.call  # noqa: S101, PT018  (the caller has checked)
        call = reason.button.call
        return Choice(
            make_choice_id(), call.operation, dict(call.args), Thread(self._team, ""), confirmed=call.confirmed
        )
