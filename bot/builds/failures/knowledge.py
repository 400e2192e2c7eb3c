"""Loads from the database what is known about why a build fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.buildkite.models import Build
from bot.builds.failures.compare import Evidence, PastBuild
from bot.builds.failures.model import (
    FAILING_PHASES,
    FLAKY_WITHIN,
    NO_DETAILS,
    Failure,
    FailureFindings,
    add_findings,
    compare_with_previous,
    is_failing,
    needs_previous_build,
    reduce_for_subscription,
)
from bot.builds.failures.queries import find_lookup, plan_lookup
from bot.builds.model import Card, JobSummary, TrackedBuild
from bot.builds.queries import summarize_jobs
from bot.history.flakes import failed_hard
from bot.history.model import Attempt, Run
from bot.history.queries import (
    find_attempts_at_steps,
    find_attempts_of_build,
    find_attempts_of_commit,
    find_attempts_on_branch,
    find_previous_run,
)
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

    def select_for_card(self, jobs: JobSummary, card: Card) -> Failure:
        """Return what this card may show; less on a card that no one asked for."""
        failure = add_findings(self.failure, self.found, jobs, card.id)
        return reduce_for_subscription(failure) if card.origin == "subscribed" else failure

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
    evidence = await _find_evidence(tx, tracked.build, attempts)
    return FailureKnowledge(
        compare_with_previous(attempts, previous, before, evidence, previous_read=found.compared),
        found,
        needs_previous_build(previous, before),
        in_progress=lookup is not None and lookup.due_at is not None,
        unplanned=lookup is None,
    )


async def _find_evidence(tx: Tx, build: Build, attempts: Sequence[Attempt]) -> Evidence:
    """Return the records of the steps that failed: on this branch, at this commit, and in the last seven days.

    The seven days end with the build's last failure: what a card shows must not change only because time passes.
    """
    pipeline, branch = build.ref.pipeline, build.branch or ""
    failed = [attempt for attempt in attempts if failed_hard(attempt)]
    steps = sorted({attempt.step for attempt in failed})
    until = max((attempt.finished_at for attempt in failed if attempt.finished_at), default=None)
    if until is None:
        return Evidence()
    return Evidence(
        [
            PastBuild(f"{pipeline}#{number}", tries)
            for number, tries in await find_attempts_on_branch(tx, (pipeline, branch), build.number, steps)
        ],
        await find_attempts_of_commit(tx, pipeline, build.commit or ""),
        await find_attempts_at_steps(tx, pipeline, steps, until - FLAKY_WITHIN, until),
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
