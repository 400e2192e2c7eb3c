"""Finds builds that subscriptions may want and that no webhook reported."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog

from bot.buildkite.client import Buildkite
from bot.buildkite.models import Build
from bot.builds.cards.subscribed_cards import SubscriptionMatcher
from bot.builds.fold.build_fold import BuildFold
from bot.errors import KitestringError
from bot.history.queries import are_webhooks_arriving
from bot.notifications.subscriptions.index import SubscriptionCache, SubscriptionIndex
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import run_guarded
from bot.store.sql import get_meta, set_meta
from bot.store.transactions import Transactions

CURSOR = "patrol"
INTERVAL_WITH_WEBHOOKS = timedelta(minutes=5)
INTERVAL_WITHOUT_WEBHOOKS = timedelta(seconds=30)
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
    """Asks every five minutes while webhooks arrive, else twice a minute; never without subscriptions."""

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
        self._buildkite = buildkite.for_background()
        self._subscribers = subscribers
        self._wake = wake

    async def tick(self) -> int:
        """Look for missed builds if it is time; return how many were found if there may be more."""
        now = self._clock.now()
        async with self._store.read() as tx:
            index = await self._subscribers.get_index(tx)
            round_ = _parse_round(await get_meta(tx, CURSOR))
            webhooks_arriving = await are_webhooks_arriving(tx, now)
        if not index.all or round_ is None:
            return await self._start_or_stop(round_, bool(index.all), now)
        if now < _find_due_time(round_, webhooks_arriving=webhooks_arriving):
            return 0
        try:
            return await run_guarded(self._catch_up(round_, index, now, webhooks_arriving), "patrol")
        except KitestringError as error:
            log.warning("catch-up failed", error=str(error))
            await self._save_round(replace(round_, at=now.timestamp()))
            return 0

    async def next_at(self) -> datetime | None:
        """Return when to look next; None without subscriptions."""
        async with self._store.read() as tx:
            round_ = _parse_round(await get_meta(tx, CURSOR))
            if round_ is None:
                return None
            webhooks_arriving = await are_webhooks_arriving(tx, self._clock.now())
            return _find_due_time(round_, webhooks_arriving=webhooks_arriving)

    async def _start_or_stop(self, round_: CatchUpRound | None, wanted: bool, now: datetime) -> int:
        """Start at the present moment: builds that ended before the first subscription aren't wanted."""
        if wanted or round_ is not None:
            await self._save_round(CatchUpRound(now.timestamp(), now.timestamp()) if wanted else None)
        return 0

    async def _catch_up(
        self, round_: CatchUpRound, index: SubscriptionIndex, now: datetime, webhooks_arriving: bool
    ) -> int:
        found = await self._list_ended(round_)
        more = len(found) == MAX_ENDED
        if not more:
            found += await self._list_live(index, now)
        # Oldest first: a subscription to fixed builds compares each build with the one before it.
        found.sort(key=lambda build: build.created_at or now)
        for start in range(0, len(found), _BATCH):
            await self._fold(found[start : start + _BATCH], webhooks_arriving)
        await self._save_round(_advance_round(round_, found if more else [], now))
        self._wake()
        return len(found) if more else 0

    async def _list_ended(self, round_: CatchUpRound) -> list[Build]:
        below = _parse_timestamp(round_.below) if round_.below else None
        since = _parse_timestamp(round_.since) - _OVERLAP
        ended = self._buildkite.builds(None, limit=MAX_ENDED, finished_from=since, created_to=below)
        return await _collect(ended)

    async def _list_live(self, index: SubscriptionIndex, now: datetime) -> list[Build]:
        """List running or waiting builds, if a subscription wants to hear about those states."""
        states = sorted({state for wanted in index.states for state in _LIVE_STATES.get(wanted, ())})
        if not states:
            return []
        created_from = now - _LIVE_CREATED_WITHIN
        return await _collect(
            self._buildkite.builds(None, limit=MAX_LIVE, state=states, created_from=created_from)
        )

    async def _fold(self, found: Sequence[Build], webhooks_arriving: bool) -> None:
        """Fold the builds in like webhooks: those wanted stay unconfirmed until they are read with their jobs."""
        async with self._store.write() as tx:
            now = self._clock.now()
            fold = BuildFold(
                now, webhooks_arriving, SubscriptionMatcher(await self._subscribers.get_index(tx), now)
            )
            await fold.fold_webhooks(tx, [(build, ()) for build in found])

    async def _save_round(self, round_: CatchUpRound | None) -> None:
        async with self._store.write() as tx:
            await set_meta(tx, CURSOR, json.dumps(asdict(round_)) if round_ else "")


async def _collect(builds: AsyncGenerator[Build, None]) -> list[Build]:
    async with aclosing(builds) as listed:
        return [build async for build in listed]


def _parse_round(stored: str | None) -> CatchUpRound | None:
    return CatchUpRound(**json.loads(stored)) if stored else None


def _find_due_time(round_: CatchUpRound, *, webhooks_arriving: bool) -> datetime:
    last = _parse_timestamp(round_.at)
    if round_.below:
        return last
    return last + (INTERVAL_WITH_WEBHOOKS if webhooks_arriving else INTERVAL_WITHOUT_WEBHOOKS)


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
