"""How a failure is told: its jobs with what is new about them, the end of a log, annotations."""

from __future__ import annotations

from collections.abc import Sequence

from bot.buildkite.models import Job
from bot.builds.failures.compare import Break, BrokenStep
from bot.builds.failures.model import NOTHING, Failure
from bot.builds.model import JobSummary
from bot.slack.blockkit.blocks import Block, context, dotted, lines, preformatted, section, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, link, md

FAILED_SHOWN = 5


def failed_lines(jobs: JobSummary, failure: Failure = NOTHING) -> list[Mrkdwn]:
    """A line for each failed job, newly broken ones first, at most five; then the steps that recovered."""
    shown = [md("❌ {job}", job=failed_job(job, failure)) for job in failure.ordered(jobs)[:FAILED_SHOWN]]
    more = len(jobs.failed) - FAILED_SHOWN
    rest = [md("and {more} more failed jobs", more=more)] if more > 0 else []
    return [*shown, *rest, *(_recovered(item) for item in failure.recovered[:FAILED_SHOWN])]


def failed_job(job: Job, failure: Failure = NOTHING) -> Mrkdwn:
    """A job's name as a link, why it failed, and whether that is new."""
    return dotted([job_line(job), _news(failure.kind(job.id), failure.before)])


def job_line(job: Job) -> Mrkdwn:
    """A job's name as a link, with why it failed where Buildkite tells."""
    name = link(job.web_url or "", shorten(job.title, 100))
    return dotted([name, ended_with(job)])


def ended_with(job: Job) -> str:
    """`exit status 1`, `timed out`, `expired`, `broken`; empty for anything else."""
    if job.state in {"timed_out", "expired", "broken"}:
        return job.state.replace("_", " ")
    if job.exit_status is None:
        return ""
    return "agent lost" if job.exit_status == -1 else f"exit status {job.exit_status}"


def failure_blocks(failure: Failure, jobs: JobSummary, card_id: str, revision: int) -> Sequence[Block]:
    """The end of the log of the first failed job, and what annotations of style error say."""
    drawn = f"{card_id}:{revision}"
    job = next((item for item in jobs.failed if item.id == failure.log_job), None)
    log: list[Block] = []
    if job and failure.log:
        whose = md("Last lines of {job}:", job=bold(shorten(job.title, 100)))
        log = [context(whose, block_id=f"of:{drawn}"), preformatted(failure.log, block_id=f"log:{drawn}")]
    return [*log, *(_annotation(text, f"said{at}:{drawn}") for at, text in enumerate(failure.annotations))]


def _news(kind: Break | None, before: str) -> Mrkdwn:
    if kind is Break.NEW:
        return md("*newly broken* since {before}", before=before)
    if kind is Break.ALREADY:
        return md("broken already in {before}", before=before)
    if kind is Break.UNSTEADY:
        return md("*flaky*: passed in another build of this commit")
    return Mrkdwn("")


def _recovered(step: BrokenStep) -> Mrkdwn:
    return md("⚠️ {name} · *flaky*: passed when it was tried again", name=shorten(step.name, 100))


def _annotation(text: str, block_id: str) -> Block:
    quoted = [md("> {line}", line=line) for line in text.split("\n")]
    return section(lines([md("*Annotation*"), *quoted]), block_id=block_id)
