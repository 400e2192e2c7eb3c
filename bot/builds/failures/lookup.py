"""Looks up at Buildkite why builds fail, behind the cards that tell of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from bot.buildkite.client import Buildkite
from bot.buildkite.endpoints.annotations import Annotation
from bot.buildkite.models import Build, BuildRef, Job
from bot.builds.cards.queries import find_cards_of_build, mark_cards_due
from bot.builds.failures.annotation_text import words
from bot.builds.failures.author_mentions import Mentions
from bot.builds.failures.knowledge import load_knowledge
from bot.builds.failures.log_visibility import LogVisibility
from bot.builds.failures.model import ANNOTATIONS_SHOWN, LOG_BYTES, Found, extract_log_end, is_failing
from bot.builds.failures.queries import Finding, find_due_lookups, find_next_lookup_due, save_finding
from bot.builds.model import Card, JobSummary, TrackedBuild
from bot.builds.queries import find_build, summarize_jobs
from bot.errors import Conflict, NotFound, Refused, Unavailable
from bot.history.recorder import record_builds
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import InternalError, run_guarded
from bot.runtime.token_bucket import backoff_seconds
from bot.store.transactions import Transactions

T = TypeVar("T")
CALLS = 3
TRIES = 5
BATCH = 20
# Annotations that are looked through for those of style error.
_ANNOTATIONS_READ = 20
log = structlog.stdlib.get_logger(__name__)


class FailureLookup:
    """At most three answered calls for each life of a build that fails: the budget belongs to people first.

    They are: the build before with its jobs, unless webhooks told of it; the end of the log of the first failed
    job, read again at the end if a newly broken step came later; and, at the end, annotations. What Buildkite
    does not answer is tried five times in all, further and further apart. Cards are drawn without waiting for
    any of it, and again once it is there.
    """

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        buildkite: Buildkite,
        readers: LogVisibility,
        mentions: Mentions,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._buildkite = buildkite.for_background()
        # One try: this loop tries again by itself, and nobody waits behind it meanwhile.
        self._buildkite.requests.patience = 0
        self._readers = readers
        self._mentions = mentions
        self._wake = wake

    async def tick(self) -> int:
        """Look into the failures that are due; says how many were looked into."""
        async with self._store.read() as tx:
            due = await find_due_lookups(tx, self._clock.now(), BATCH)
        looked = 0
        for item in due:
            if not await self._safely(item):
                break
            looked += 1
        if due:
            self._wake()
        return looked

    async def next_at(self) -> datetime | None:
        """When there is a failure to look into."""
        async with self._store.read() as tx:
            return await find_next_lookup_due(tx)

    async def _safely(self, finding: Finding) -> bool:
        """What cannot be looked into keeps no other waiting; False while Buildkite or Slack does not answer."""
        try:
            return await run_guarded(self._look(finding), "findings", build=finding.build_id)
        except InternalError as bug:
            return await self._later(finding, Found.model_validate(finding.content or {}), bug)

    async def _look(self, finding: Finding) -> bool:
        async with self._store.read() as tx:
            known = await find_build(tx, finding.build_id)
            jobs = await summarize_jobs(tx, known) if known else JobSummary()
            shown = await find_cards_of_build(tx, finding.build_id)
        found = Found.model_validate(finding.content or {})
        if (
            known is None
            or known.generation != finding.generation
            or not is_failing(known, named=bool(jobs.failed))
        ):
            return await self._done(finding, found)
        try:
            for ask in (self._compared, self._with_log, self._with_annotations):
                found = await ask(known, jobs, found)
            found = await self._judged(known, shown, found)
            found = await self._mentions.of(known, shown, found)
        except Unavailable as error:
            return await self._later(finding, found, error)
        return await self._done(finding, found)

    async def _compared(self, tracked: TrackedBuild, jobs: JobSummary, found: Found) -> Found:
        """Ask for the build before with its jobs, where webhooks have not told of it."""
        async with self._store.read() as tx:
            untold = (await load_knowledge(tx, tracked, jobs)).untold
        if found.compared or not untold or found.calls >= CALLS or not tracked.build.branch:
            return found
        before = await _answered(self._before(tracked.build), None)
        if before is not None and before.number < tracked.build.number:
            async with self._store.write() as tx:
                await record_builds(tx, [(before, before.jobs)], self._clock.now())
        return found.model_copy(update={"compared": True, "calls": found.calls + 1})

    async def _before(self, build: Build) -> Build | None:
        """The build of that pipeline and branch that passed or failed last."""
        found = self._buildkite.builds(
            build.ref.pipeline,
            state=("passed", "failed"),
            branch=(build.branch or "",),
            created_to=build.created_at,
            exclude_jobs=False,
            exclude_pipeline=True,
            limit=1,
        )
        return next(iter([item async for item in found]), None)

    async def _with_log(self, tracked: TrackedBuild, jobs: JobSummary, found: Found) -> Found:
        """Read the end of the log of the first failure; another one's only once no more failures will come."""
        async with self._store.read() as tx:
            job = (await load_knowledge(tx, tracked, jobs)).failure.first(jobs)
        stands = any(item.id == found.log_job for item in jobs.failed)
        enough = job is None or job.id == found.log_job or (stands and not tracked.build.inactive)
        if job is None or enough or found.calls >= CALLS:
            return found
        raw, whole = await _answered(self._log(tracked.build, job), ("", True))
        end = extract_log_end(raw, whole=whole)
        return found.model_copy(update={"log_job": job.id, "log": end, "calls": found.calls + 1})

    async def _log(self, build: Build, job: Job) -> tuple[str, bool]:
        return await self._buildkite.job_log_end(build.ref.pipeline, build.number, job.id, LOG_BYTES)

    async def _with_annotations(self, tracked: TrackedBuild, _: JobSummary, found: Found) -> Found:
        """Read what the build says of itself, once it has ended."""
        if found.annotations is not None or not tracked.build.inactive or found.calls >= CALLS:
            return found
        ref = tracked.build.ref
        none: tuple[Annotation, ...] = ()
        said = await _answered(self._annotations(ref), none)
        errors = sorted((item for item in said if item.style == "error"), key=lambda item: -item.priority)
        texts = [text for text in (words(error.body_html) for error in errors) if text]
        update = {"annotations": tuple(texts[:ANNOTATIONS_SHOWN]), "calls": found.calls + 1}
        return found.model_copy(update=update)

    async def _annotations(self, ref: BuildRef) -> tuple[Annotation, ...]:
        """One page of them, and no more."""
        listed = self._buildkite.annotations(ref.pipeline, ref.number, limit=_ANNOTATIONS_READ)
        return tuple([item async for item in listed])

    async def _judged(self, tracked: TrackedBuild, shown: tuple[Card, ...], found: Found) -> Found:
        """See of each card whether it may show a log."""
        new = [card for card in shown if card.id not in found.judged] if found.log else []
        may = [card.id for card in new if await self._readers.may(card, tracked.build)]
        judged = (*found.judged, *(card.id for card in new))
        return found.model_copy(update={"judged": judged, "open": (*found.open, *may)})

    async def _done(self, finding: Finding, found: Found) -> bool:
        await self._save(finding, found, None, finding.attempts)
        return True

    async def _later(self, finding: Finding, found: Found, error: Unavailable | InternalError) -> bool:
        """Try again, further and further apart, and then no more."""
        tries = finding.attempts + 1
        wait = max(backoff_seconds(tries), getattr(error, "retry_after", None) or 0)
        log.warning(
            "failure not looked into", build=finding.build_id, error=str(error), again_in=wait, tries=tries
        )
        again = self._clock.now() + timedelta(seconds=wait) if tries < TRIES else None
        await self._save(finding, found, again, tries)
        return isinstance(error, InternalError)

    async def _save(self, finding: Finding, found: Found, again: datetime | None, tries: int) -> None:
        now, content = self._clock.now(), found.model_dump(mode="json")
        async with self._store.write() as tx:
            await save_finding(tx, finding, content, again, tries, now)
            if content != finding.content:
                await mark_cards_due(tx, [finding.build_id], now)


async def _answered(asked: Awaitable[T], nothing: T) -> T:
    """The answer, or `nothing` where Buildkite says no for good. Raises Unavailable where it says neither."""
    try:
        return await asked
    except (Conflict, NotFound, Refused) as refusal:
        log.info("not to be had", reason=str(refusal))
        return nothing
