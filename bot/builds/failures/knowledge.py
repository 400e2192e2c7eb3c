"""What is known of why a build fails, read from the store for whoever draws it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.builds.failures.model import (
    FAILING_PHASES,
    NOTHING,
    Failure,
    Found,
    add_findings,
    compare_with_previous,
    is_failing,
    needs_previous_build,
)
from bot.builds.failures.queries import find_finding, plan_lookup
from bot.builds.model import JobSummary, TrackedBuild
from bot.builds.queries import summarize_jobs
from bot.history.model import Attempt, Run
from bot.history.queries import find_attempts_of_build, find_attempts_of_commit, find_previous_run
from bot.store.transactions import Tx


@dataclass(frozen=True)
class Knowledge:
    """`failure` is what comparisons tell, `found` what was looked up; `looking`: more is on its way.

    `untold`: Buildkite has to be asked for the build before.
    """

    failure: Failure = NOTHING
    found: Found = field(default_factory=Found)
    untold: bool = False
    looking: bool = False
    unplanned: bool = False

    def shown(self, jobs: JobSummary, card_id: str) -> Failure:
        """What that card may show."""
        return add_findings(self.failure, self.found, jobs, card_id)

    def lacks(self, card_id: str) -> bool:
        """Nothing was looked up yet, or there is a log and nobody has looked whether this card may show it."""
        return self.unplanned or (bool(self.found.log) and card_id not in self.found.judged and not self.looking)


NO_FAILURE = Knowledge()


async def load_knowledge(tx: Tx, tracked: TrackedBuild, jobs: JobSummary) -> Knowledge:
    """All that is known of a build's failure; nothing of one that does not fail."""
    if not is_failing(tracked, named=bool(jobs.failed)):
        return NO_FAILURE
    finding = await find_finding(tx, tracked.build.id, tracked.generation)
    found = Found.model_validate(finding.content or {}) if finding else Found()
    previous, before = await _before(tx, tracked)
    here = await find_attempts_of_build(tx, tracked.build.id)
    same = await find_attempts_of_commit(tx, tracked.build.ref.pipeline, tracked.build.commit or "")
    return Knowledge(
        compare_with_previous(here, previous, before, same, asked=found.compared),
        found,
        needs_previous_build(previous, before),
        looking=finding is not None and finding.due_at is not None,
        unplanned=finding is None,
    )


async def plan_failure_lookup(tx: Tx, tracked: TrackedBuild, now: datetime) -> None:
    """Have it looked up why a build fails, once it does and the first failed job is known."""
    if tracked.build.phase not in FAILING_PHASES:
        return
    if is_failing(tracked, named=bool((await summarize_jobs(tx, tracked)).failed)):
        await plan_lookup(tx, [(tracked.build.id, tracked.generation)], now)


async def _before(tx: Tx, tracked: TrackedBuild) -> tuple[Run | None, tuple[Attempt, ...]]:
    build = tracked.build
    previous = await find_previous_run(tx, build.ref.pipeline, build.branch or "", build.number)
    return previous, await find_attempts_of_build(tx, previous.id) if previous else ()
