"""Renders a card's small print: people, commit, times and progress."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import LiteralString

from bot.buildkite.models import Build
from bot.builds.cards.model import BuildRecord, CardReaders
from bot.builds.model import JobSummary, TrackedBuild
from bot.operations.build_wording import format_duration, measure_duration
from bot.operations.job_wording import count_open, group_counts
from bot.operations.repository_links import link_commit
from bot.slack.blockkit.blocks import NAME_LIMIT, join_dotted, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, join, local_time, md, mention

_DAY: LiteralString = "{date_short_pretty} at {time}"
_ENV_SHOWN = 5


def render_small_print(
    tracked: TrackedBuild, jobs: JobSummary, readers: CardReaders, record: BuildRecord
) -> list[str]:
    """Return people, commit, times and progress, each as a part of the small print.

    Progress needs no edits of its own. This block is drawn along with every other change; alone it is due at most
    as often as job counts have always been (see `update_order`). So it holds the time at which the build will
    probably end, which stays true, rather than the minutes left, which would be wrong a minute later.
    """
    build = tracked.build
    parts = [
        render_requester(readers),
        _render_owner(build, readers.asked_by, readers.watching, readers.author),
        link_commit(build),
        _render_env_names(build),
        render_timing(build),
        _render_forecast(build, record.usual),
        _render_settled_counts(tracked, jobs),
        _render_silence(tracked) if record.silent else "",
    ]
    return [part for part in parts if part]


def render_requester(readers: CardReaders) -> Mrkdwn:
    if not readers.asked_by:
        return Mrkdwn("")
    who = shorten(readers.requester_name, NAME_LIMIT) or mention(readers.asked_by)
    return md("followed for {who}", who=who) if readers.watching else md("requested by {who}", who=who)


def _render_env_names(build: Build) -> Mrkdwn:
    """Return the names of the variables that the build was started with; their values may be secret."""
    names = build.env_names or ()
    shown = join([code(shorten(name, 40)) for name in names[:_ENV_SHOWN]], " ")
    more = len(names) - _ENV_SHOWN
    return md("with {names}{more}", names=shown, more=f" and {more} more" if more > 0 else "") if names else shown


def _render_forecast(build: Build, usual: timedelta | None) -> Mrkdwn:
    """Return how long such a build usually takes, and until when that would be."""
    if usual is None or build.started_at is None or build.phase not in {"running", "failing"}:
        return Mrkdwn("")
    until = local_time(build.started_at + usual)
    return md("usually takes {usual}, until about {until}", usual=format_duration(usual), until=until)


def _render_silence(tracked: TrackedBuild) -> Mrkdwn:
    """Return `as of 12:03` while no webhook would report a change."""
    if tracked.deleted or tracked.build.inactive:
        return Mrkdwn("")
    return md("as of {time}", time=local_time(tracked.read_at or tracked.seen_at))


def _render_owner(build: Build, asked_by: str | None, watching: bool, author: str | None) -> Mrkdwn:
    """Return who started the build in Buildkite or wrote its commit; empty if it was requested in Slack."""
    person = build.author or build.creator
    named = shorten((person.name or person.email or "") if person else "", 100)
    who = mention(author) if author else named
    if not who or (asked_by and not watching):
        return Mrkdwn("")
    if build.source == "webhook":
        return md("commit by {who}", who=who)
    return md("started by {who}", who=who)


def render_timing(build: Build) -> Mrkdwn:
    """Return how long the build took, or since when it runs, as a date that Slack shows in the reader's zone."""
    if build.ended and (span := measure_duration(build)) is not None:
        return md("took {time}", time=format_duration(span))
    if build.ended and build.finished_at:
        return md("ended {time}", time=local_time(build.finished_at, _DAY))
    if build.started_at:
        return md("started {time}", time=local_time(build.started_at, _DAY))
    return md("created {time}", time=local_time(build.created_at, _DAY)) if build.created_at else Mrkdwn("")


def _render_settled_counts(tracked: TrackedBuild, jobs: JobSummary) -> Mrkdwn:
    """Return the job counts; empty until a read has settled them.

    Late or repeated webhooks can leave a build ended while the counts of an earlier read still have open jobs.
    """
    build = tracked.build
    is_open_after_end = (build.ended or tracked.deleted) and count_open(jobs.counts) > 0
    if is_open_after_end or (build.inactive and (tracked.unconfirmed or tracked.read_phase != build.phase)):
        return Mrkdwn("")
    return render_counts(jobs.counts, soft=build.phase == "passed", live=not build.ended)


def render_counts(counts: Mapping[str, int], *, soft: bool = False, live: bool = False) -> Mrkdwn:
    """Return `3 passed · 1 failed · 2 skipped`; empty without jobs.

    `soft`: the build passed nevertheless. `live`: it is under way, so the counts begin with `4 of 6 jobs done`.
    """
    grouped, total = group_counts(counts), sum(counts.values())
    noun = "job" if total == 1 else "jobs"
    done = f"{total - count_open(counts)} of {total} {noun} done" if live and total else ""
    # Jobs that passed are named only if others have ended, too.
    is_all_passed = bool(done) and grouped.get("passed", 0) == total - count_open(counts)
    words = {"failed": "soft failed"} if soft else {}
    shown = [
        f"{count} {shorten(words.get(group, group), 40)}"
        for group, count in grouped.items()
        if not (is_all_passed and group == "passed")
    ]
    return join_dotted([done, *shown])
