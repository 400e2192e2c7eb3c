"""Looks up in Buildkite why builds fail, for the cards that show it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from bot.buildkite.client import Buildkite
from bot.buildkite.endpoints.annotations import Annotation
from bot.buildkite.models import Build, BuildRef, Job
from bot.buildkite.request_order import Purpose
from bot.builds.cards.queries import find_cards_of_build, mark_cards_due
from bot.builds.failures.annotation_text import extract_text
from bot.builds.failures.author_mentions import AuthorMentions
from bot.builds.failures.knowledge import load_knowledge
from bot.builds.failures.log_visibility import LogVisibility
from bot.builds.failures.model import ANNOTATIONS_SHOWN, LOG_BYTES, FailureFindings, extract_log_end, is_failing
from bot.builds.failures.queries import PlannedLookup, find_due_lookups, find_next_lookup_due, save_lookup
from bot.builds.model import Card, JobSummary, TrackedBuild
from bot.builds.queries import find_build, summarize_jobs
from bot.errors import BudgetUsedUp, Conflict, NotFound, Refused, Unavailable
from bot.history.recorder import record_builds
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import InternalError, run_guarded
from bot.runtime.token_bucket import backoff_seconds
from bot.store.transactions import Transactions

T = TypeVar("T")
# Answered requests per generation, and tries per request: see FailureLookup.
MAX_CALLS = 3
MAX_TRIES = 5
BATCH = 20
# Only annotations of style error are shown, and there is no way to request those alone.
_ANNOTATIONS_READ = 20
log = structlog.stdlib.get_logger(__name__)


class FailureLookup:
    """Looks up failures with at most three answered requests per generation: the budget belongs to people first.

    They are: the previous build with its jobs, unless webhooks reported it; the end of the first failed job's log,
    read again if a new failure shows up by the end; and, at the end, annotations. A request that Buildkite doesn't
    answer is tried five times in all, at growing intervals. Cards don't wait for any of it; they are drawn again
    once it is there.
    """

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        buildkite: Buildkite,
        log_visibility: LogVisibility,
        mentions: AuthorMentions,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        # A single try per request: this loop plans its own retries, and others don't wait meanwhile.
        self._buildkite = buildkite.for_background(Purpose.FAILURES, patience=0)
        # Annotations are read for builds that have shown their log already, so they come after everything else.
        self._patient_buildkite = buildkite.for_background(Purpose.OTHER, patience=0)
        self._resume_at = 0.0
        self._log_visibility = log_visibility
        self._mentions = mentions
        self._wake = wake

    async def tick(self) -> int:
        """Look up the failures that are due; return how many."""
        if self._clock.monotonic() < self._resume_at:
            return 0
        async with self._store.read() as tx:
            due = await find_due_lookups(tx, self._clock.now(), BATCH)
        count = 0
        for lookup in due:
            if not await self._look_up_safely(lookup):
                break
            count += 1
        if due:
            self._wake()
        return count

    async def next_at(self) -> datetime | None:
        """Return when the next lookup is due."""
        async with self._store.read() as tx:
            due = await find_next_lookup_due(tx)
        left = self._resume_at - self._clock.monotonic()
        return max(due, self._clock.now() + timedelta(seconds=left)) if due and left > 0 else due

    async def _look_up_safely(self, lookup: PlannedLookup) -> bool:
        """Look up one failure; return False while Buildkite or Slack doesn't answer, so that the rest waits."""
        try:
            return await run_guarded(self._look_up(lookup), "findings", build=lookup.build_id)
        except InternalError as bug:
            return await self._retry_later(lookup, FailureFindings.model_validate(lookup.content or {}), bug)

    async def _look_up(self, lookup: PlannedLookup) -> bool:
        async with self._store.read() as tx:
            tracked = await find_build(tx, lookup.build_id)
            jobs = await summarize_jobs(tx, tracked) if tracked else JobSummary()
            cards = await find_cards_of_build(tx, lookup.build_id)
        found = FailureFindings.model_validate(lookup.content or {})
        if (
            tracked is None
            or tracked.generation != lookup.generation
            or not is_failing(tracked, has_named_job=bool(jobs.failed))
        ):
            return await self._finish(lookup, found)
        try:
            for step in (self._find_previous_build, self._find_log_end):
                found = await step(tracked, jobs, found)
            found = await self._judge_cards(tracked, cards, found)
            found = await self._mentions.mention_author(tracked, cards, found)
            found = await self._find_annotations(tracked, jobs, found)
        except BudgetUsedUp as refused:
            return await self._wait_for_requests(lookup, found, refused)
        except Unavailable as error:
            # What was found so far is saved: the next try requests only the rest.
            return await self._retry_later(lookup, found, error)
        return await self._finish(lookup, found)

    async def _find_previous_build(
        self, tracked: TrackedBuild, jobs: JobSummary, found: FailureFindings
    ) -> FailureFindings:
        """Read the previous build with its jobs, unless webhooks have reported it."""
        async with self._store.read() as tx:
            is_needed = (await load_knowledge(tx, tracked, jobs)).previous_needed
        if found.compared or not is_needed or found.calls >= MAX_CALLS or not tracked.build.branch:
            return found
        before = await _answer_or_default(self._read_previous_build(tracked.build), None)
        if before is not None and before.number < tracked.build.number:
            async with self._store.write() as tx:
                await record_builds(tx, [(before, before.jobs)], self._clock.now())
        return found.model_copy(update={"compared": True, "calls": found.calls + 1})

    async def _read_previous_build(self, build: Build) -> Build | None:
        """Return the build of that pipeline and branch that passed or failed last."""
        listed = self._buildkite.builds(
            build.ref.pipeline,
            state=("passed", "failed"),
            branch=(build.branch or "",),
            created_to=build.created_at,
            exclude_jobs=False,
            exclude_pipeline=True,
            limit=1,
        )
        return next(iter([previous async for previous in listed]), None)

    async def _find_log_end(
        self, tracked: TrackedBuild, jobs: JobSummary, found: FailureFindings
    ) -> FailureFindings:
        """Read the end of the first failure's log; another one's only once the build has ended."""
        async with self._store.read() as tx:
            job = (await load_knowledge(tx, tracked, jobs)).failure.choose_job_with_log(jobs)
        has_log = any(failed.id == found.log_job for failed in jobs.failed)
        is_enough = job is None or job.id == found.log_job or (has_log and not tracked.build.inactive)
        if job is None or is_enough or found.calls >= MAX_CALLS:
            return found
        raw, whole = await _answer_or_default(self._read_log_end(tracked.build, job), ("", True))
        end = extract_log_end(raw, whole=whole)
        return found.model_copy(update={"log_job": job.id, "log": end, "calls": found.calls + 1})

    async def _read_log_end(self, build: Build, job: Job) -> tuple[str, bool]:
        return await self._buildkite.job_log_end(build.ref.pipeline, build.number, job.id, LOG_BYTES)

    async def _find_annotations(
        self, tracked: TrackedBuild, _: JobSummary, found: FailureFindings
    ) -> FailureFindings:
        """Read the error annotations once the build has ended."""
        if found.annotations is not None or not tracked.build.inactive or found.calls >= MAX_CALLS:
            return found
        ref = tracked.build.ref
        none: tuple[Annotation, ...] = ()
        annotations = await _answer_or_default(self._read_annotations(ref), none)
        errors = sorted(
            (annotation for annotation in annotations if annotation.style == "error"),
            key=lambda annotation: -annotation.priority,
        )
        texts = [text for text in (extract_text(error.body_html) for error in errors) if text]
        update = {"annotations": tuple(texts[:ANNOTATIONS_SHOWN]), "calls": found.calls + 1}
        return found.model_copy(update=update)

    async def _read_annotations(self, ref: BuildRef) -> tuple[Annotation, ...]:
        """Return a single page of annotations."""
        listed = self._patient_buildkite.annotations(ref.pipeline, ref.number, limit=_ANNOTATIONS_READ)
        return tuple([annotation async for annotation in listed])

    async def _judge_cards(
        self, tracked: TrackedBuild, cards: tuple[Card, ...], found: FailureFindings
    ) -> FailureFindings:
        """Decide for each new card whether it may show the log."""
        new = [card for card in cards if card.id not in found.judged] if found.log else []
        allowed = [card.id for card in new if await self._log_visibility.may_show_log(card, tracked.build)]
        judged = (*found.judged, *(card.id for card in new))
        return found.model_copy(update={"judged": judged, "open": (*found.open, *allowed)})

    async def _finish(self, lookup: PlannedLookup, found: FailureFindings) -> bool:
        await self._save(lookup, found, None, lookup.attempts)
        return True

    async def _wait_for_requests(
        self, lookup: PlannedLookup, found: FailureFindings, refused: BudgetUsedUp
    ) -> bool:
        """Look up the rest once there are requests for it: that isn't a failed try.

        If only annotations are left, which come last, the others' logs needn't wait.
        """
        seconds, has_log = refused.retry_after or 0.0, bool(found.judged)
        await self._save(lookup, found, self._clock.now() + timedelta(seconds=seconds), lookup.attempts)
        if not has_log:
            self._resume_at = self._clock.monotonic() + seconds
        return has_log

    async def _retry_later(
        self, lookup: PlannedLookup, found: FailureFindings, error: Unavailable | InternalError
    ) -> bool:
        """Plan another try, at growing intervals, until there have been five."""
        tries = lookup.attempts + 1
        wait = max(backoff_seconds(tries), getattr(error, "retry_after", None) or 0)
        log.warning("failure not looked up", build=lookup.build_id, error=str(error), again_in=wait, tries=tries)
        due_at = self._clock.now() + timedelta(seconds=wait) if tries < MAX_TRIES else None
        await self._save(lookup, found, due_at, tries)
        return isinstance(error, InternalError)

    async def _save(
        self, lookup: PlannedLookup, found: FailureFindings, due_at: datetime | None, tries: int
    ) -> None:
        now, content = self._clock.now(), found.model_dump(mode="json")
        async with self._store.write() as tx:
            await save_lookup(tx, lookup, content, due_at, tries, now)
            if content != lookup.content:
                await mark_cards_due(tx, [lookup.build_id], now)


async def _answer_or_default(request: Awaitable[T], default: T) -> T:
    """Return the answer, or `default` if Buildkite refuses. Raise Unavailable if it doesn't answer."""
    try:
        return await request
    except (Conflict, NotFound, Refused) as refusal:
        log.info("lookup refused", reason=str(refusal))
        return default
