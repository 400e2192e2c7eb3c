"""What a card tells of a failure beyond its jobs: which steps are new, the end of a log, annotations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict

from bot.buildkite.models import Job
from bot.builds.failures.compare import Break, BrokenStep, broken, failed_hard
from bot.builds.failures.log_text import clean
from bot.builds.model import JobSummary, TrackedBuild
from bot.history.model import Attempt, Run

LOG_LINES = 8
LOG_SHOWN = 600
LOG_BYTES = 16_384
ANNOTATIONS_SHOWN = 2
FAILING_PHASES = frozenset({"failing", "failed"})
# The agent's own last words say what the exit status says already; hooks and uploads come after them.
_LAST_WORDS = "🚨 Error: The command exited with status"


class Found(BaseModel):
    """What was looked up at Buildkite for one life of a build that fails, as it is stored.

    `calls`: the questions that were answered; `compared`: the build before was asked for; `log_job`: whose log
    was read; `log`: its last lines, masked; `annotations`: None until they were read; `judged`: cards of which
    is known whether everybody who may read them may read logs, `open`: those where it is so; `author` is
    the Slack user id of the one whose build it is, where that is known, once it was asked for (`author_asked`).
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    calls: int = 0
    compared: bool = False
    log_job: str | None = None
    log: str = ""
    annotations: tuple[str, ...] | None = None
    author: str | None = None
    author_asked: bool = False
    judged: tuple[str, ...] = ()
    open: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """`before` is the build that steps are compared with (`web#100`), empty where there is none to go by.

    `log` is the end of the log of the job `log_job`; it is empty for those who may not read logs.
    """

    steps: tuple[BrokenStep, ...] = ()
    before: str = ""
    log_job: str | None = None
    log: str = ""
    annotations: tuple[str, ...] = ()

    def kind(self, job_id: str) -> Break | None:
        """What kind of failure that job's is; None while it cannot be told."""
        found = next((step.kind for step in self.steps if job_id in step.jobs), None)
        return None if found in (Break.NEW, Break.ALREADY) and not self.before else found

    @property
    def recovered(self) -> tuple[BrokenStep, ...]:
        """Steps that failed, and passed when they were tried again."""
        return tuple(step for step in self.steps if step.kind is Break.RETRIED)

    def first(self, jobs: JobSummary) -> Job | None:
        """The failed job to look into: a newly broken one if there is any, else the first that ran."""
        ran = [job for job in jobs.failed if job.type == "script" and job.started_at is not None]
        new = (job for job in ran if self.kind(job.id) is Break.NEW)
        return next(new, ran[0] if ran else None)

    def ordered(self, jobs: JobSummary) -> tuple[Job, ...]:
        """The failed jobs, newly broken ones first, else as they came."""
        order = {Break.NEW: 0, None: 1, Break.ALREADY: 2, Break.UNSTEADY: 3, Break.RETRIED: 3}
        return tuple(sorted(jobs.failed, key=lambda job: order[self.kind(job.id)]))


NOTHING = Failure()


def compare_with_previous(
    here: Sequence[Attempt],
    previous: Run | None,
    before: Sequence[Attempt],
    same_commit: Sequence[Attempt],
    *,
    asked: bool,
) -> Failure:
    """What is known of a failure from what was remembered of builds; `before` are `previous`'s attempts.

    `asked`: Buildkite has been asked for the build before, so that what is not known of it is not there.
    """
    told = previous is not None and (asked or not needs_previous_build(previous, before))
    return Failure(broken(here, before, same_commit), previous.ref if previous and told else "")


def needs_previous_build(previous: Run | None, before: Sequence[Attempt]) -> bool:
    """Whether the build before has to be asked for: it is not known, or not known which of its steps failed."""
    return previous is None or (previous.phase == "failed" and not any(map(failed_hard, before)))


def add_findings(failure: Failure, found: Found, jobs: JobSummary, card_id: str) -> Failure:
    """Add what was looked up, as far as that card may show it; a log counts while its job stands as failed."""
    stands = any(job.id == found.log_job for job in jobs.failed) and card_id in found.open
    return replace(
        failure,
        log_job=found.log_job if stands else None,
        log=found.log if stands else "",
        annotations=found.annotations or (),
    )


def is_failing(tracked: TrackedBuild, *, named: bool) -> bool:
    """Whether there is a failure to look into: the build fails, and a failed job is known by name."""
    return named and not tracked.deleted and tracked.build.phase in FAILING_PHASES


def extract_log_end(raw: str, *, whole: bool) -> str:
    """The last lines of what a command printed, at most 8 lines and 600 characters, secrets masked."""
    printed = [line.rstrip() for line in clean(_command(raw), whole=whole).split("\n")]
    kept = [line for line in printed if line.strip()][-LOG_LINES:]
    while kept and len("\n".join(kept)) > LOG_SHOWN:
        kept = kept[1:] if len(kept) > 1 else [kept[0][: LOG_SHOWN - 1] + "…"]
    return "\n".join(kept)


def _command(raw: str) -> str:
    """Without what the agent says once the command is over."""
    return raw.rpartition(_LAST_WORDS)[0] or raw
