"""Models what a card shows about a failure beyond its jobs: new failures, the end of a log, annotations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from pydantic import BaseModel, ConfigDict

from bot.buildkite.models import Job
from bot.builds.failures.compare import Evidence, FailedStep, FailureKind, classify_failures
from bot.builds.failures.log_text import clean_log
from bot.builds.model import JobSummary, TrackedBuild
from bot.history.flakes import failed_hard
from bot.history.model import Attempt, Run

# A card must stay readable on a phone: lines, characters and annotations that it shows.
LOG_LINES = 8
SUBSCRIBED_LOG_LINES = 6
LOG_SHOWN = 600
# Bytes read from the end of a log: enough for those lines between progress bars.
LOG_BYTES = 16_384
ANNOTATIONS_SHOWN = 2
# As long as the report of `/bk health` unless another period is chosen, so that both show the same numbers.
FLAKY_WITHIN = timedelta(days=7)
FAILING_PHASES = frozenset({"failing", "failed"})
# This line of the agent only repeats the exit status, and the output of hooks and uploads follows it.
_AGENT_ERROR = "🚨 Error: The command exited with status"


class FailureFindings(BaseModel):
    """The result of a lookup about one generation of a failing build, as stored.

    `calls`: requests that were answered. `compared`: the previous build was requested. `log_job`: the job whose
    log was read; `log`: its last lines, masked. `annotations`: None until read. `judged`: cards for which it was
    decided whether they may show a log; `open`: those that may. `author`: the Slack user id of the author, if
    known, once it was asked for (`author_asked`).
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
    """A failure as far as it is known.

    `compared`: there is an earlier build that the steps were compared with. `log` is the end of the log of job
    `log_job`, empty if readers may not see logs.
    """

    steps: tuple[FailedStep, ...] = ()
    compared: bool = False
    log_job: str | None = None
    log: str = ""
    annotations: tuple[str, ...] = ()

    def find_step(self, job_id: str) -> FailedStep | None:
        """Return the job's step, if the kind of its failure is known."""
        step = next((step for step in self.steps if job_id in step.jobs), None)
        is_known = step and (self.compared or step.kind not in (FailureKind.NEW, FailureKind.STILL_FAILING))
        return step if is_known else None

    def find_kind(self, job_id: str) -> FailureKind | None:
        """Return the kind of the job's failure; None while it is unknown."""
        step = self.find_step(job_id)
        return step.kind if step else None

    @property
    def recovered(self) -> tuple[FailedStep, ...]:
        """Return the steps that failed, and passed when retried."""
        return tuple(step for step in self.steps if step.kind is FailureKind.PASSED_ON_RETRY)

    def choose_job_with_log(self, jobs: JobSummary) -> Job | None:
        """Return the failed job whose log to show: a new failure if there is one, else the first job that ran."""
        ran = [job for job in jobs.failed if job.type == "script" and job.started_at is not None]
        new = (job for job in ran if self.find_kind(job.id) is FailureKind.NEW)
        return next(new, ran[0] if ran else None)

    def sort_jobs(self, jobs: JobSummary) -> tuple[Job, ...]:
        """Return the failed jobs, new failures first, else in their order."""
        order = {
            FailureKind.NEW: 0,
            None: 1,
            FailureKind.STILL_FAILING: 2,
            FailureKind.FLAKY: 3,
            FailureKind.PASSED_ON_RETRY: 3,
        }
        return tuple(sorted(jobs.failed, key=lambda job: order[self.find_kind(job.id)]))


NO_DETAILS = Failure()


def compare_with_previous(
    attempts: Sequence[Attempt],
    previous: Run | None,
    before: Sequence[Attempt],
    evidence: Evidence,
    *,
    previous_read: bool,
) -> Failure:
    """Return what recorded builds show about a failure; `before` are the attempts of `previous`.

    `previous_read`: the previous build was read, so steps that aren't recorded weren't in it.
    """
    is_comparable = previous is not None and (previous_read or not needs_previous_build(previous, before))
    return Failure(classify_failures(attempts, evidence), is_comparable)


def needs_previous_build(previous: Run | None, before: Sequence[Attempt]) -> bool:
    """Return whether the previous build has to be read: it, or which of its steps failed, isn't known."""
    return previous is None or (previous.phase == "failed" and not any(map(failed_hard, before)))


def add_findings(failure: Failure, findings: FailureFindings, jobs: JobSummary, card_id: str) -> Failure:
    """Add the findings that the card may show; a log is shown only while its job still counts as failed."""
    shows_log = any(job.id == findings.log_job for job in jobs.failed) and card_id in findings.open
    return replace(
        failure,
        log_job=findings.log_job if shows_log else None,
        log=findings.log if shows_log else "",
        annotations=findings.annotations or (),
    )


def reduce_for_subscription(failure: Failure) -> Failure:
    """Return the failure with at most six lines of log, and none of a step that failed before.

    A channel that subscribes to a pipeline reads every failure of it: the log of a step that still fails was there
    when it began to fail.
    """
    if failure.log_job and failure.find_kind(failure.log_job) is FailureKind.STILL_FAILING:
        return replace(failure, log_job=None, log="")
    return replace(failure, log="\n".join(failure.log.split("\n")[-SUBSCRIBED_LOG_LINES:]))


def is_failing(tracked: TrackedBuild, *, has_named_job: bool) -> bool:
    """Return whether there is a failure to look up: the build fails, and a failed job is known by name."""
    return has_named_job and not tracked.deleted and tracked.build.phase in FAILING_PHASES


def extract_log_end(raw: str, *, whole: bool) -> str:
    """Return the last lines that a command printed, at most 8 lines and 600 characters, secrets masked."""
    printed = [line.rstrip() for line in clean_log(_cut_agent_error(raw), whole=whole).split("\n")]
    kept = [line for line in printed if line.strip()][-LOG_LINES:]
    while kept and len("\n".join(kept)) > LOG_SHOWN:
        kept = kept[1:] if len(kept) > 1 else [kept[0][: LOG_SHOWN - 1] + "…"]
    return "\n".join(kept)


def _cut_agent_error(raw: str) -> str:
    """Return the log without the agent's closing error."""
    return raw.rpartition(_AGENT_ERROR)[0] or raw
