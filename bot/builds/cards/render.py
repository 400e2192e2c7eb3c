"""Renders the card of a build: the one message that represents it and is edited in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

from bot.buildkite.models import Build
from bot.builds.cards.buttons import format_actions_id, get_phase, render_buttons
from bot.builds.failures.model import NO_DETAILS, Failure
from bot.builds.failures.render import FAILED_SHOWN, render_failed_jobs, render_failure_blocks
from bot.builds.model import JobSummary, ShownReason, TrackedBuild
from bot.operations.acts.model import Act
from bot.operations.build_wording import (
    describe_phase_as_verb,
    extract_title,
    format_duration,
    link_build,
    measure_duration,
    render_headline,
)
from bot.operations.git_names import HEAD, is_sha
from bot.runtime.characters import mark_invisible
from bot.slack.blockkit.blocks import (
    NAME_LIMIT,
    Block,
    Message,
    actions,
    button,
    context,
    join_dotted,
    join_lines,
    message,
    section,
    shorten,
)
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, local_time, md, mention

_AGE_SHOWN_AFTER = timedelta(minutes=1)
_DAY: LiteralString = "{date_short_pretty} at {time}"
# The block with the job counts is recognised by this prefix of its id.
COUNTS_BLOCK = "small:"
_COUNTED_STATES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("passed", ("passed", "unblocked")),
    ("failed", ("failed", "timed_out", "expired")),
    ("broken", ("broken",)),
    ("running", ("running", "assigned", "accepted", "canceling", "timing_out")),
    ("waiting", ("scheduled", "waiting", "limiting", "limited", "pending", "creating", "platform_limiting")),
    ("blocked", ("blocked",)),
    ("canceled", ("canceled",)),
    ("skipped", ("skipped", "waiting_failed", "blocked_failed", "unblocked_failed")),
)


@dataclass(frozen=True)
class CardReaders:
    """The people that a card names, and the buttons with which they can get fewer messages.

    `asked_by` is the Slack user id of the person who started the build or, when `watching`, of the person who
    wanted to follow it, and `requester_name` their name; `author` is the id of the build's author. `stop` is the
    value of the button that stops direct messages.
    """

    asked_by: str | None = None
    requester_name: str = ""
    watching: bool = False
    author: str | None = None
    mute: bool = False
    stop: str | None = None


def render_card(
    tracked: TrackedBuild,
    jobs: JobSummary,
    *,
    card_id: str,
    readers: CardReaders,
    now: datetime,
    failure: Failure = NO_DETAILS,
    waiting: Sequence[ShownReason] = (),
    rebuild: Act | None = None,
) -> Message:
    """Return the card of a build; equal facts give equal digests, whatever the time.

    Only the age of an unconfirmed card depends on `now`. `waiting` holds the reasons why the build hasn't begun,
    `rebuild` the rebuild that has taken its place.
    """
    blocks = [
        section(_render_head(tracked), block_id=f"head:{card_id}:{tracked.revision}"),
        _render_context(
            tracked,
            jobs,
            card_id,
            _render_requester(readers),
            _render_owner(tracked.build, readers.asked_by, readers.watching, readers.author),
        ),
        _render_details(tracked, jobs, card_id, failure),
        *render_failure_blocks(failure, jobs, card_id, tracked.revision),
        *(_render_reason(reason, index, card_id, tracked.revision) for index, reason in enumerate(waiting)),
        _render_age(tracked, now, card_id),
        _render_rebuild(rebuild, card_id, tracked.revision) if rebuild else None,
        actions(
            render_buttons(
                tracked, jobs, card_id, mute=readers.mute, stop=readers.stop, rebuilt=rebuild is not None
            ),
            block_id=format_actions_id(card_id, tracked),
        ),
    ]
    return message(render_summary(tracked, readers), blocks)


def render_summary(tracked: TrackedBuild, readers: CardReaders) -> Mrkdwn:
    """Return the single line for notifications and screen readers."""
    build = tracked.build
    emoji, verb = describe_phase_as_verb(get_phase(tracked))
    title = mark_invisible(extract_title(build.message))
    branch = mark_invisible(shorten(build.branch, 100)) if build.branch and not tracked.deleted else ""
    requester = _render_requester(readers)
    return md(
        "{emoji} {title}{ref} {verb}{where}{requester}",
        emoji=emoji,
        title=md("{title} – ", title=title) if title else "",
        ref=str(build.ref),
        verb=verb,
        where=md(" on {branch}", branch=branch) if branch else "",
        requester=md(", {requester}", requester=requester) if requester else "",
    )


def _render_head(tracked: TrackedBuild) -> Mrkdwn:
    build = tracked.build
    ref = str(build.ref) if tracked.deleted else link_build(build)
    branch = None if tracked.deleted else build.branch
    return render_headline(get_phase(tracked), extract_title(build.message), ref, branch)


def _render_commit(build: Build) -> Mrkdwn:
    if not build.commit or build.commit == HEAD:
        return Mrkdwn("")
    return code(build.commit[:7] if is_sha(build.commit) else shorten(build.commit, 100))


def _render_context(
    tracked: TrackedBuild, jobs: JobSummary, card_id: str, requester: Mrkdwn, owner: Mrkdwn
) -> Block | None:
    """Return people, commit, times and job counts in small print."""
    parts = [
        part
        for part in (
            requester,
            owner,
            _render_commit(tracked.build),
            render_timing(tracked.build),
            render_counts(jobs, soft=tracked.build.phase == "passed"),
        )
        if part
    ]
    return context(*parts, block_id=f"{COUNTS_BLOCK}{card_id}:{tracked.revision}") if parts else None


def _render_requester(readers: CardReaders) -> Mrkdwn:
    """Return who asked for the card, by name: a mention would notify people of what they did themselves."""
    if not readers.asked_by:
        return Mrkdwn("")
    who = shorten(readers.requester_name, NAME_LIMIT) or mention(readers.asked_by)
    if readers.watching:
        return md("followed for {who}", who=who)
    return md("requested by {who}", who=who)


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


def _render_rebuild(rebuild: Act, card_id: str, revision: int) -> Block | None:
    text = md("Rebuilt as {build} by {who}", build=rebuild.link, who=rebuild.who)
    return context(text, block_id=f"rebuilt:{card_id}:{revision}")


def render_timing(build: Build) -> Mrkdwn:
    """Return how long the build took, or since when it runs, as a date that Slack shows in the reader's zone."""
    if build.ended and (span := measure_duration(build)) is not None:
        return md("took {time}", time=format_duration(span))
    if build.ended and build.finished_at:
        return md("ended {time}", time=local_time(build.finished_at, _DAY))
    if build.started_at:
        return md("started {time}", time=local_time(build.started_at, _DAY))
    return md("created {time}", time=local_time(build.created_at, _DAY)) if build.created_at else Mrkdwn("")


def render_counts(jobs: JobSummary, *, soft: bool = False) -> Mrkdwn:
    """Return `3 passed · 1 failed · 2 waiting`; empty without totals. `soft`: the build passed nevertheless."""
    named = {state for _, states in _COUNTED_STATES for state in states}
    summed = [(word, sum(jobs.counts.get(state, 0) for state in states)) for word, states in _COUNTED_STATES]
    other = [
        (state.replace("_", " "), count) for state, count in sorted(jobs.counts.items()) if state not in named
    ]
    words = {"failed": "soft failed"} if soft else {}
    counted = [(words.get(word, word), count) for word, count in [*summed, *other[:5]] if count > 0]
    return join_dotted([f"{count} {shorten(word, 40)}" for word, count in counted])


def _render_details(tracked: TrackedBuild, jobs: JobSummary, card_id: str, failure: Failure) -> Block | None:
    text = join_lines([*render_failed_jobs(jobs, failure), *_render_waiting_steps(tracked, jobs)])
    return section(text, block_id=f"jobs:{card_id}:{tracked.revision}") if text else None


def _render_waiting_steps(tracked: TrackedBuild, jobs: JobSummary) -> list[Mrkdwn]:
    if tracked.deleted or tracked.build.ended:
        return []
    steps = [md("✋ Waiting for “{label}”", label=shorten(job.title, 100)) for job in jobs.waiting[:FAILED_SHOWN]]
    more = len(jobs.waiting) - FAILED_SHOWN
    noun = "step" if more == 1 else "steps"
    return [*steps, md("and for {more} more {noun}", more=more, noun=noun)] if more > 0 else steps


def _render_reason(reason: ShownReason, index: int, card_id: str, revision: int) -> Block:
    """Return a reason why the build waits; its button acts with the rights of the person who presses it."""
    accessory = None
    if choice := reason.get("choice"):
        accessory = button(
            reason.get("label", ""),
            f"choice:{index}:waiting",
            choice,
            accessibility_label=reason.get("reads"),
        )
    text = md("⏳ {text}", text=Mrkdwn(reason["text"]))
    return section(text, block_id=f"why{index}:{card_id}:{revision}", accessory=accessory)


def _render_age(tracked: TrackedBuild, now: datetime, card_id: str) -> Block | None:
    """Return `as of 12:03` if a reported change has been unconfirmed for over a minute."""
    if tracked.deleted or not tracked.unconfirmed or now - tracked.seen_at <= _AGE_SHOWN_AFTER:
        return None
    read = tracked.read_at or tracked.seen_at
    return context(md("as of {time}", time=local_time(read)), block_id=f"doubt:{card_id}:{tracked.revision}")
