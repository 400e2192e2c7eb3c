"""Loads from the database what is known about why a build fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.builds.failures.model import (
    FAILING_PHASES,
    NO_DETAILS,
    Failure,
    FailureFindings,
    add_findings,
    compare_with_previous,
    is_failing,
    needs_previous_build,
)
from bot.builds.failures.queries import find_lookup, plan_lookup
from bot.builds.model import JobSummary, TrackedBuild
from bot.builds.queries import summarize_jobs
from bot.history.model import Attempt, Run
from bot.history.queries import find_attempts_of_build, find_attempts_of_commit, find_previous_run
from bot.store.transactions import Tx


@dataclass(frozen=True)
class FailureKnowledge:
    """The `failure` as compared, and the findings of lookups.

    `previous_needed`: the previous build has to be read first. `in_progress`: a lookup is planned. `unplanned`: no
    lookup was ever planned.
    """

    failure: Failure = NO_DETAILS
    found: FailureFindings = field(default_factory=FailureFindings)
    previous_needed: bool = False
    in_progress: bool = False
    unplanned: bool = False

    def select_for_card(self, jobs: JobSummary, card_id: str) -> Failure:
        """Return what this card may show."""
        return add_findings(self.failure, self.found, jobs, card_id)

    def needs_lookup(self, card_id: str) -> bool:
        """Return whether nothing was looked up yet, or it is unknown whether this card may show the log."""
        return self.unplanned or (
            bool(self.found.log) and card_id not in self.found.judged and not self.in_progress
        )


NO_FAILURE = FailureKnowledge()


async def load_knowledge(tx: Tx, tracked: TrackedBuild, jobs: JobSummary) -> FailureKnowledge:
    """Return all that is known about a build's failure; nothing if it isn't failing."""
    if not is_failing(tracked, has_named_job=bool(jobs.failed)):
        return NO_FAILURE
    lookup = await find_lookup(tx, tracked.build.id, tracked.generation)
    found = FailureFindings.model_validate(lookup.content or {}) if lookup else FailureFindings()
    previous, before = await _find_previous(tx, tracked)
    attempts = await find_attempts_of_build(tx, tracked.build.id)
    same_commit = await find_attempts_of_commit(tx, tracked.build.ref.pipeline, tracked.build.commit or "")
    return FailureKnowledge(
        compare_with_previous(attempts, previous, before, same_commit, previous_read=found.compared),
        found,
        needs_previous_build(previous, before),
        in_progress=lookup is not None and lookup.due_at is not None,
        unplanned=lookup is None,
    )


async def plan_failure_lookup(tx: Tx, tracked: TrackedBuild, now: datetime) -> None:
    """Plan the lookup of a failure, once the build fails and a failed job is known."""
    if tracked.build.phase not in FAILING_PHASES:
        return
    if is_failing(tracked, has_named_job=bool((await summarize_jobs(tx, tracked)).failed)):
        await plan_lookup(tx, [(tracked.build.id, tracked.generation)], now)


async def _find_previous(tx: Tx, tracked: TrackedBuild) -> tuple[Run | None, tuple[Attempt, ...]]:
    build = tracked.build
    previous = await find_previous_run(tx, build.ref.pipeline, build.branch or "", build.number)
    return previous, await find_attempts_of_build(tx, previous.id) if previous else ()
