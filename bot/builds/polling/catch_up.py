"""Finds builds that subscriptions may want and that no webhook reported."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog

from bot.buildkite.client import Buildkite
from bot.buildkite.endpoints.builds import BuildsRead
from bot.buildkite.models import Build
from bot.buildkite.request_order import Purpose
from bot.builds.cards.subscribed_cards import STALE_AFTER, SubscriptionMatcher
from bot.builds.fold.build_fold import BuildFold
from bot.builds.polling.schedule import choose_intervals
from bot.errors import BudgetUsedUp, KitestringError
from bot.history.queries import are_builds_running, are_webhooks_arriving
from bot.notifications.subscriptions.index import SubscriptionCache, SubscriptionIndex
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import run_guarded
from bot.store.sql import get_meta, set_meta
from bot.store.transactions import Transactions, Tx

CURSOR = "patrol"
INTERVAL_WITH_WEBHOOKS = timedelta(minutes=5)
INTERVAL_WITHOUT_WEBHOOKS = timedelta(seconds=30)
# While builds are known to run, the webhook of any end may be lost. So often, a list call is a small part of fifty
# requests a minute; with more of them, it's made more often.
INTERVAL_WHILE_RUNNING = timedelta(seconds=30)
_REQUESTS, _SHORTEST = 50, timedelta(seconds=10)
# Three pages of a hundred builds in one tick; the next tick continues below them.
MAX_ENDED = 300
MAX_LIVE = 100
_BATCH = 50
# Buildkite's clock may differ from ours, and a build may show up in lists a moment after it ended.
_OVERLAP = timedelta(minutes=1)
_LIVE_CREATED_WITHIN = timedelta(days=7)
_LIVE_STATES: dict[str, tuple[str, ...]] = {
    "scheduled": ("creating", "scheduled"),
    "running": ("running", "failing"),
    "failing": ("failing",),
    "blocked": ("blocked",),
}
log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class CatchUpRound:
    """The progress of a round, in seconds since 1970.

    A round looks for builds that ended after `since`; `at` is when Buildkite was last asked. While it is under
    way, only builds created before `below` are left, and `began` is when it began.
    """

    since: float
    at: float
    below: float | None = None
    began: float | None = None


class CatchUp:
    """Lists what has ended, if there are subscriptions, and settles it: one call answers for all pipelines.

    It asks every 30 seconds while builds are known to run, or else every five minutes; twice a minute without
    webhooks.
    """

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        buildkite: Buildkite,
        subscribers: SubscriptionCache,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._buildkite = buildkite.for_background(Purpose.ENDS, patience=0)
        self._buildkite.observe = self._note
        self._pages: list[BuildsRead] = []
        self._resume_at = 0.0
        self._subscribers = subscribers
        self._wake = wake

    async def tick(self) -> int:
        """Look for missed builds if it is time; return how many were found if there may be more."""
        now = self._clock.now()
        if self._clock.monotonic() < self._resume_at:
            return 0
        async with self._store.read() as tx:
            index = await self._subscribers.get_index(tx)
            round_ = _parse_round(await get_meta(tx, CURSOR))
            webhooks_arriving = await are_webhooks_arriving(tx, now)
            interval = await self._choose_interval(tx, now, webhooks_arriving)
        if not index.all or round_ is None:
            return await self._start_or_stop(round_, bool(index.all), now)
        if now < _find_due_time(round_, interval):
            return 0
        try:
            return await run_guarded(self._catch_up(round_, index, now, webhooks_arriving), "patrol")
        except KitestringError as error:
            log.warning("catch-up failed", error=str(error))
            await self._save_round(replace(round_, at=now.timestamp()))
            return 0

    async def next_at(self) -> datetime | None:
        """Return when to look next; None without subscriptions."""
        now = self._clock.now()
        async with self._store.read() as tx:
            round_ = _parse_round(await get_meta(tx, CURSOR))
            if round_ is None:
                return None
            webhooks_arriving = await are_webhooks_arriving(tx, now)
            due = _find_due_time(round_, await self._choose_interval(tx, now, webhooks_arriving))
        left = self._resume_at - self._clock.monotonic()
        return max(due, now + timedelta(seconds=left)) if left > 0 else due

    async def _choose_interval(self, tx: Tx, now: datetime, webhooks_arriving: bool) -> timedelta:
        if not webhooks_arriving:
            return INTERVAL_WITHOUT_WEBHOOKS
        if not await are_builds_running(tx, now - STALE_AFTER):
            return INTERVAL_WITH_WEBHOOKS
        return max(INTERVAL_WHILE_RUNNING * _REQUESTS / max(self._buildkite.budget.limit, _REQUESTS), _SHORTEST)

    async def _start_or_stop(self, round_: CatchUpRound | None, wanted: bool, now: datetime) -> int:
        """Start at the present moment: builds that ended before the first subscription aren't wanted."""
        if wanted or round_ is not None:
            await self._save_round(CatchUpRound(now.timestamp(), now.timestamp()) if wanted else None)
        return 0

    async def _catch_up(
        self, round_: CatchUpRound, index: SubscriptionIndex, now: datetime, webhooks_arriving: bool
    ) -> int:
        """List what has ended, and what runs if somebody wants to know; settle as much of it as could be read."""
        self._pages = []
        refused = await self._read_until_refused(self._list_ended(round_))
        ended = [build for page in self._pages for build in page.builds]
        more = refused is not None or len(ended) >= MAX_ENDED
        if not more:
            refused = await self._read_until_refused(self._list_live(index, now))
        await self._fold_pages(webhooks_arriving)
        if not (refused and not ended):
            await self._save_round(_advance_round(round_, ended if more else [], now))
        if refused:
            self._resume_at = self._clock.monotonic() + (refused.retry_after or 0.0)
        self._wake()
        return len(ended) if more and not refused else 0

    async def _read_until_refused(self, builds: AsyncGenerator[Build, None] | None) -> BudgetUsedUp | None:
        """Read a list to its end; return the error if the budget allows no more requests before that."""
        try:
            if builds is not None:
                async with aclosing(builds) as listed:
                    async for _build in listed:
                        pass
        except BudgetUsedUp as refused:
            return refused
        return None

    def _list_ended(self, round_: CatchUpRound) -> AsyncGenerator[Build, None]:
        below = _parse_timestamp(round_.below) if round_.below else None
        since = _parse_timestamp(round_.since) - _OVERLAP
        return self._buildkite.builds(None, limit=MAX_ENDED, finished_from=since, created_to=below)

    def _list_live(self, index: SubscriptionIndex, now: datetime) -> AsyncGenerator[Build, None] | None:
        """List running or waiting builds, if a subscription wants to hear about those states."""
        states = sorted({state for wanted in index.states for state in _LIVE_STATES.get(wanted, ())})
        if not states:
            return None
        created_from = now - _LIVE_CREATED_WITHIN
        return self._buildkite.builds(None, limit=MAX_LIVE, state=states, created_from=created_from)

    def _note(self, page: BuildsRead) -> None:
        self._pages.append(page)

    async def _fold_pages(self, webhooks_arriving: bool) -> None:
        """Fold in the builds as they were read, those created first at first.

        A subscription to fixed builds compares each build with the one before it.
        """
        asked_at = min((page.asked_at for page in self._pages), default=self._clock.now())
        found = {build.id: build for page in self._pages for build in page.builds}
        ordered = sorted(found.values(), key=lambda build: build.created_at or asked_at)
        for start in range(0, len(ordered), _BATCH):
            async with self._store.write() as tx:
                now = self._clock.now()
                matcher = SubscriptionMatcher(await self._subscribers.get_index(tx), now)
                fold = BuildFold(now, webhooks_arriving, matcher, choose_intervals(self._buildkite.budget.limit))
                answers = [(build, None) for build in ordered[start : start + _BATCH]]
                await fold.fold_reads(tx, answers, asked_at, wanted_only=True)

    async def _save_round(self, round_: CatchUpRound | None) -> None:
        async with self._store.write() as tx:
            await set_meta(tx, CURSOR, json.dumps(asdict(round_)) if round_ else "")


def _parse_round(stored: str | None) -> CatchUpRound | None:
    return CatchUpRound(**json.loads(stored)) if stored else None


def _find_due_time(round_: CatchUpRound, interval: timedelta) -> datetime:
    last = _parse_timestamp(round_.at)
    return last if round_.below else last + interval


def _advance_round(round_: CatchUpRound, unread: Sequence[Build], now: datetime) -> CatchUpRound:
    """Return the next state of the round: a full answer isn't the end, so continue below its oldest build."""
    began = round_.began or now.timestamp()
    oldest = min((build.created_at.timestamp() for build in unread if build.created_at), default=None)
    # A millisecond more, so that builds created in the same moment aren't skipped. If the bound doesn't move,
    # more builds than a tick can list share that moment, and the round ends.
    if oldest is None or (round_.below and oldest + 0.001 >= round_.below):
        return CatchUpRound(since=began, at=now.timestamp())
    return CatchUpRound(round_.since, now.timestamp(), below=oldest + 0.001, began=began)


def _parse_timestamp(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
