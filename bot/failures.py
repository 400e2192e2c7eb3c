"""What is known of why a build fails, read from the store for whoever draws it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.core import failure
from bot.core.failure import NOTHING, Failure, Found
from bot.core.history import Attempt, Run
from bot.model import JobSummary, Known
from bot.store import builds, findings, history
from bot.store.store import Tx


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
        return failure.with_found(self.failure, self.found, jobs, card_id)

    def lacks(self, card_id: str) -> bool:
        """Nothing was looked up yet, or there is a log and nobody has looked whether this card may show it."""
        return self.unplanned or (bool(self.found.log) and card_id not in self.found.judged and not self.looking)


NO_FAILURE = Knowledge()


async def knowledge(tx: Tx, known: Known, jobs: JobSummary) -> Knowledge:
    """All that is known of a build's failure; nothing of one that does not fail."""
    if not failure.fails(known, named=bool(jobs.failed)):
        return NO_FAILURE
    finding = await findings.of_build(tx, known.build.id, known.episode)
    found = Found.model_validate(finding.content or {}) if finding else Found()
    previous, before = await _before(tx, known)
    here = await history.of_build(tx, known.build.id)
    same = await history.of_commit(tx, known.build.ref.pipeline, known.build.commit or "")
    return Knowledge(
        failure.compared(here, previous, before, same, asked=found.compared),
        found,
        failure.untold(previous, before),
        looking=finding is not None and finding.due_at is not None,
        unplanned=finding is None,
    )


async def plan(tx: Tx, known: Known, now: datetime) -> None:
    """Have it looked up why a build fails, once it does and the first failed job is known."""
    if known.build.phase not in failure.FAILING:
        return
    if failure.fails(known, named=bool((await builds.summary(tx, known)).failed)):
        await findings.plan(tx, [(known.build.id, known.episode)], now)


async def _before(tx: Tx, known: Known) -> tuple[Run | None, tuple[Attempt, ...]]:
    build = known.build
    previous = await history.before(tx, build.ref.pipeline, build.branch or "", build.number)
    return previous, await history.of_build(tx, previous.id) if previous else ()
