"""Looks for builds that subscriptions may want and no webhook told of: what is lost on the way is found here."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

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
WHILE_HEARD = timedelta(minutes=5)
UNHEARD = timedelta(seconds=30)
# Three pages of a hundred an hour that is looked at; what is left is looked at in the next tick.
MOST = 300
MOST_ALIVE = 100
_BATCH = 50
_OVERLAP = timedelta(minutes=1)
_ALIVE_SINCE = timedelta(days=7)
_ALIVE: dict[str, tuple[str, ...]] = {
    "scheduled": ("creating", "scheduled"),
    "running": ("running", "failing"),
    "failing": ("failing",),
    "blocked": ("blocked",),
}
log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Round:
    """Seconds since 1970: builds that ended after `since` are looked for; `at` is when Buildkite was asked last.

    While a round is under way, those created before `below` are left, and it began at `began`.
    """

    since: float
    at: float
    below: float | None = None
    began: float | None = None


class CatchUp:
    """Asks once in five minutes while webhooks arrive, else twice a minute; nothing without subscriptions."""

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
        self._buildkite = buildkite.patient()
        self._subscribers = subscribers
        self._wake = wake

    async def tick(self) -> int:
        """Look, if it is time; says how many builds were found."""
        now = self._clock.now()
        async with self._store.read() as tx:
            index = await self._subscribers.index(tx)
            round_ = _round(await get_meta(tx, CURSOR))
            alive = await are_webhooks_arriving(tx, now)
        if not index.all or round_ is None:
            return await self._rest(round_, bool(index.all), now)
        if now < _due(round_, alive=alive):
            return 0
        try:
            return await run_guarded(self._look(round_, index, now, alive), "patrol")
        except KitestringError as error:
            log.warning("patrol failed", error=str(error))
            await self._keep(replace(round_, at=now.timestamp()))
            return 0

    async def next_at(self) -> datetime | None:
        """When to look next; None while nobody wants anything."""
        async with self._store.read() as tx:
            round_ = _round(await get_meta(tx, CURSOR))
            return _due(round_, alive=await are_webhooks_arriving(tx, self._clock.now())) if round_ else None

    async def _rest(self, round_: Round | None, wanted: bool, now: datetime) -> int:
        """What ended before anybody wanted anything is not looked for."""
        if wanted or round_ is not None:
            await self._keep(Round(now.timestamp(), now.timestamp()) if wanted else None)
        return 0

    async def _look(self, round_: Round, index: SubscriptionIndex, now: datetime, alive: bool) -> int:
        found = await self._ended(round_)
        more = len(found) == MOST
        if not more:
            found += await self._living(index, now)
        found.sort(key=lambda item: item.created_at or now)  # each is compared with the one before
        for start in range(0, len(found), _BATCH):
            await self._fold(found[start : start + _BATCH], alive)
        await self._keep(_after(round_, found if more else [], now))
        self._wake()
        return len(found) if more else 0

    async def _ended(self, round_: Round) -> list[Build]:
        below = _moment(round_.below) if round_.below else None
        since = _moment(round_.since) - _OVERLAP
        return await self._listed(MOST, finished_from=since, created_to=below)

    async def _living(self, index: SubscriptionIndex, now: datetime) -> list[Build]:
        """Those that run or wait, where somebody wants to be told of that."""
        states = sorted({state for wanted in index.states for state in _ALIVE.get(wanted, ())})
        if not states:
            return []
        return await self._listed(MOST_ALIVE, state=states, created_from=now - _ALIVE_SINCE)

    async def _listed(self, most: int, **which: Any) -> list[Build]:
        async with aclosing(self._buildkite.builds(None, limit=most, **which)) as listed:
            return [build async for build in listed]

    async def _fold(self, found: Sequence[Build], alive: bool) -> None:
        """As if a webhook had told of them: what is wanted is in doubt until it has been read with its jobs."""
        async with self._store.write() as tx:
            now = self._clock.now()
            rules = BuildFold(now, alive, SubscriptionMatcher(await self._subscribers.index(tx), now))
            await rules.heard(tx, [(build, ()) for build in found])

    async def _keep(self, round_: Round | None) -> None:
        async with self._store.write() as tx:
            await set_meta(tx, CURSOR, json.dumps(asdict(round_)) if round_ else "")


def _round(kept: str | None) -> Round | None:
    return Round(**json.loads(kept)) if kept else None


def _due(round_: Round, *, alive: bool) -> datetime:
    last = _moment(round_.at)
    return last if round_.below else last + (WHILE_HEARD if alive else UNHEARD)


def _after(round_: Round, left: Sequence[Build], now: datetime) -> Round:
    """A full answer has not told all: the list goes on below the oldest that was in it."""
    began = round_.began or now.timestamp()
    oldest = min((item.created_at.timestamp() for item in left if item.created_at), default=None)
    if oldest is None or (round_.below and oldest + 0.001 >= round_.below):
        return Round(since=began, at=now.timestamp())
    return Round(round_.since, now.timestamp(), below=oldest + 0.001, began=began)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
