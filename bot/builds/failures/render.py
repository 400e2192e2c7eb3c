"""Renders a failure: its jobs and what is new about them, the end of a log, annotations."""

from __future__ import annotations

from collections.abc import Sequence

from bot.buildkite.models import Job
from bot.builds.failures.compare import FailedStep, FailureKind
from bot.builds.failures.model import NO_DETAILS, Failure
from bot.builds.model import JobSummary
from bot.slack.blockkit.blocks import Block, context, join_dotted, join_lines, preformatted, section, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, link, md

FAILED_SHOWN = 5


def render_failed_jobs(jobs: JobSummary, failure: Failure = NO_DETAILS) -> list[Mrkdwn]:
    """Return a line for each failed job, new failures first, at most five; then the steps that recovered."""
    failed = [
        md("❌ {job}", job=render_failed_job(job, failure)) for job in failure.sort_jobs(jobs)[:FAILED_SHOWN]
    ]
    more = len(jobs.failed) - FAILED_SHOWN
    noun = "job" if more == 1 else "jobs"
    rest = [md("and {more} more failed {noun}", more=more, noun=noun)] if more > 0 else []
    return [*failed, *rest, *(_render_recovered(step) for step in failure.recovered[:FAILED_SHOWN])]


def render_failed_job(job: Job, failure: Failure = NO_DETAILS) -> Mrkdwn:
    """Return a job's name as a link, why it failed, and whether that is new."""
    return join_dotted([render_job(job), _render_kind(failure.find_step(job.id))])


def name_failed_jobs(jobs: JobSummary, failure: Failure = NO_DETAILS) -> Mrkdwn:
    """Return the first failed job and how many more, to end a sentence: `Test 1/2 (exit 1) and 2 more`."""
    first = next(iter(failure.sort_jobs(jobs)), None)
    if first is None:
        return Mrkdwn("")
    ended, more = describe_exit(first, "exit"), len(jobs.failed) - 1
    return md(
        "{name}{ended}{more}",
        name=link(first.web_url or "", shorten(first.title, 100)),
        ended=f" ({ended})" if ended else "",
        more=f" and {more} more" if more else "",
    )


def render_job(job: Job) -> Mrkdwn:
    """Return a job's name as a link, with why it failed if Buildkite says so."""
    name = link(job.web_url or "", shorten(job.title, 100))
    return join_dotted([name, describe_exit(job)])


def describe_exit(job: Job, noun: str = "exit status") -> str:
    """Return `exit status 1`, `agent lost`, `timed out`, `expired` or `broken`; empty for anything else."""
    if job.state in {"timed_out", "expired", "broken"}:
        return job.state.replace("_", " ")
    if job.exit_status is None:
        return ""
    return "agent lost" if job.exit_status == -1 else f"{noun} {job.exit_status}"


def render_failure_blocks(failure: Failure, jobs: JobSummary, card_id: str, revision: int) -> Sequence[Block]:
    """Return the end of the chosen job's log, and the text of error annotations."""
    suffix = f"{card_id}:{revision}"
    job = next((failed for failed in jobs.failed if failed.id == failure.log_job), None)
    log: list[Block] = []
    if job and failure.log:
        title = md("Last lines of {job}:", job=bold(shorten(job.title, 100)))
        log = [context(title, block_id=f"of:{suffix}"), preformatted(failure.log, block_id=f"log:{suffix}")]
    annotations = [
        _render_annotation(text, f"said{index}:{suffix}") for index, text in enumerate(failure.annotations)
    ]
    return [*log, *annotations]


def _render_kind(step: FailedStep | None) -> Mrkdwn:
    if step is None:
        return Mrkdwn("")
    flaky = _render_flakes(step)
    if step.kind is FailureKind.NEW:
        passed = md("last passed in {build}", build=step.since) if step.since else ""
        return join_dotted([md("*new failure*"), passed])
    if step.kind is FailureKind.STILL_FAILING:
        return join_dotted([md("still failing since {build}", build=step.since), flaky])
    if step.kind is FailureKind.FLAKY:
        return flaky or md("*flaky*: passed in another build of this commit")
    return Mrkdwn("")


def _render_flakes(step: FailedStep) -> Mrkdwn:
    if not step.flakes:
        return Mrkdwn("")
    return md("*flaky*: failed {flakes} of {tried} in 7 days", flakes=step.flakes, tried=step.tried)


def _render_recovered(step: FailedStep) -> Mrkdwn:
    return md("⚠️ {name} · *flaky*: passed when retried", name=shorten(step.name, 100))


def _render_annotation(text: str, block_id: str) -> Block:
    quoted = [md("> {line}", line=line) for line in text.split("\n")]
    return section(join_lines([md("*Annotation*"), *quoted]), block_id=block_id)
