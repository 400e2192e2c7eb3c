"""Reads at Buildkite what is in doubt, or due: the only word that settles what a build's state is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from bot.buildkite.client import Buildkite
from bot.builds.cards.subscribed_cards import SubscriptionMatcher
from bot.builds.fold.build_fold import BuildFold
from bot.builds.model import TrackedBuild
from bot.builds.polling.bulk_read import BulkRead, says_all
from bot.builds.queries import find_builds_due_for_reading, find_next_read_time, plan_read
from bot.errors import KitestringError, NotFound, Unavailable
from bot.history.queries import are_webhooks_arriving
from bot.notifications.subscriptions.index import SubscriptionCache
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import InternalError, run_guarded
from bot.runtime.token_bucket import backoff_seconds
from bot.store.transactions import Transactions, Tx

# What a card names of its jobs; the counts of all come with any answer.
NAMED_STATES = ("failed", "timed_out", "expired", "blocked")
BATCH = 200
SINGLES = 20
# Up to so many are read one by one, which tells more.
FEW = 5
AHEAD = timedelta(seconds=30)
Due = tuple[TrackedBuild, int]
log = structlog.stdlib.get_logger(__name__)


class Poller:
    """Reads with the patience of the background: people's requests go first."""

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        buildkite: Buildkite,
        instance: str,
        wake: Callable[[], None],
        subscribers: SubscriptionCache,
    ) -> None:
        self._subscribers = subscribers
        self._store = store
        self._clock = clock
        self._buildkite = buildkite.patient()
        self._survey = BulkRead(self._buildkite, instance)
        self._wake = wake

    async def tick(self) -> int:
        """Read the builds that are due; says how many were settled."""
        async with self._store.read() as tx:
            due = await self._due(tx)
            alive = await are_webhooks_arriving(tx, self._clock.now())
        settled = await self._survey_of(due, alive) if len(due) > FEW else frozenset[str]()
        if settled is None:
            return 0
        count = await self._one_by_one([item for item in due if item[0].build.id not in settled], alive)
        if settled or count:
            self._wake()
        return len(settled) + count

    async def next_at(self) -> datetime | None:
        """When there is something to read."""
        async with self._store.read() as tx:
            return await find_next_read_time(tx)

    async def _due(self, tx: Tx) -> tuple[Due, ...]:
        """What is due; where lists answer anyway, also what would be due soon, so that rounds stay together."""
        now = self._clock.now()
        due = await find_builds_due_for_reading(tx, now, BATCH)
        if all(known.unconfirmed for known, _failures in due):
            return due
        soon = await find_builds_due_for_reading(tx, now + AHEAD, BATCH)
        return soon if len(soon) > FEW else due

    async def _survey_of(self, due: Sequence[Due], alive: bool) -> frozenset[str] | None:
        """Fold in what lists say; gives the ids of the builds that need no more, None without an answer."""
        asked_at = self._clock.now()
        try:
            found = await run_guarded(self._survey.look([known for known, _failures in due]), "sweep")
        except KitestringError as error:
            for known, failures in due:
                await self._later(known, failures + 1, error)
            return None
        asked = {known.build.id: known for known, _failures in due}
        enough = {id_: build for id_, build in found.items() if says_all(asked[id_], build)}
        async with self._store.write() as tx:
            rules = await self._rules(tx, alive)
            await rules.read(tx, [(build, asked[id_].changes_reported) for id_, build in enough.items()], asked_at)
        return frozenset(enough)

    async def _one_by_one(self, due: Sequence[Due], alive: bool) -> int:
        """The rest, each with its jobs; as many as a tick may take."""
        settled = 0
        for known, failures in due[:SINGLES]:
            if not await self._safely(known, failures, alive):
                break
            settled += 1
        return settled

    async def _safely(self, tracked: TrackedBuild, failures: int, alive: bool) -> bool:
        """A build that cannot be read keeps no other waiting."""
        try:
            return await run_guarded(self._read(tracked, failures, alive), "sweep", build=str(tracked.build.ref))
        except InternalError as bug:
            await self._later(tracked, failures + 1, bug)
            return True

    async def _read(self, tracked: TrackedBuild, failures: int, alive: bool) -> bool:
        """Ask and fold in the answer; says whether it is worth going on with the next build."""
        ref, asked_at, asked = tracked.build.ref, self._clock.now(), tracked.changes_reported
        try:
            build = await self._buildkite.build(ref.pipeline, ref.number, job_states=NAMED_STATES)
        except NotFound:
            async with self._store.write() as tx:
                await BuildFold(self._clock.now(), alive).gone(tx, tracked.build.id, asked_at, asked)
            return True
        except KitestringError as error:
            await self._later(tracked, failures + 1, error)
            return not isinstance(error, Unavailable)
        async with self._store.write() as tx:
            await (await self._rules(tx, alive)).read(tx, [(build, asked)], asked_at, named=True)
        return True

    async def _rules(self, tx: Tx, alive: bool) -> BuildFold:
        now = self._clock.now()
        return BuildFold(now, alive, SubscriptionMatcher(await self._subscribers.index(tx), now))

    async def _later(self, tracked: TrackedBuild, failures: int, error: KitestringError) -> None:
        asked_for = getattr(error, "retry_after", None) or 0
        wait = max(backoff_seconds(failures, base=2, longest=120), asked_for)
        log.warning("read failed", build=str(tracked.build.ref), error=str(error), again_in=wait)
        async with self._store.write() as tx:
            await plan_read(tx, tracked.build.id, self._clock.now() + timedelta(seconds=wait), failures)
