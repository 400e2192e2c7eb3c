"""The table of a build's jobs, the same in every view."""

from __future__ import annotations

from collections.abc import Sequence

from bot.buildkite.models import Build, Job
from bot.buildkite.states import truncate_to_second
from bot.builds.cards.small_print import render_counts
from bot.builds.failures.render import describe_exit
from bot.builds.job_counts import count_listed_jobs
from bot.operations.build_wording import format_duration
from bot.operations.job_wording import describe_job_state
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import Mrkdwn, link, local_time, md


def make_job_table(jobs: Sequence[Job], limit: int) -> Table:
    """Return a table of the first `limit` jobs."""
    rows = tuple(_render_row(job) for job in jobs[:limit])
    return Table(("State", "Job", "Took", "End", "Agent"), rows, noun="job", named_by=1)


def count_jobs(build: Build) -> Mrkdwn:
    """Return the counts of a build's jobs as its card shows them."""
    counts = count_listed_jobs(build)
    return render_counts(counts.states if counts else {}, soft=build.phase == "passed", live=not build.ended)


def _render_row(job: Job) -> tuple[str, ...]:
    emoji, words, _group = describe_job_state(job.state)
    soft = " (soft)" if job.soft_failed else ""
    return (
        md("{emoji} {words}{soft}", emoji=emoji, words=words, soft=soft),
        link(job.web_url or "", shorten(job.title, 100)),
        _render_time(job),
        describe_exit(job) if job.exit_status else "",
        job.agent.name if job.agent and job.agent.name else "",
    )


def _render_time(job: Job) -> str:
    """Return how long the job took, or since when it runs."""
    began, ended = truncate_to_second(job.started_at), truncate_to_second(job.finished_at)
    if began and ended:
        return format_duration(ended - began)
    return md("since {time}", time=local_time(began)) if began else ""
