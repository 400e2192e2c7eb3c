"""The card of a build: the one message that stands for it and is edited in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, LiteralString

from bot.buildkite.models import Build
from bot.builds.cards.buttons import format_actions_id, get_phase, render_buttons
from bot.builds.failures.model import NOTHING, Failure
from bot.builds.failures.render import FAILED_SHOWN, failed_lines, failure_blocks
from bot.builds.model import JobSummary, TrackedBuild
from bot.operations.build_wording import format_duration, phase_words, reference, time_spent
from bot.operations.git_names import HEAD, is_sha
from bot.runtime.characters import show_unseen
from bot.slack.blockkit.blocks import (
    Block,
    Message,
    actions,
    button,
    context,
    dotted,
    lines,
    message,
    section,
    shorten,
)
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, md, mention, when

_AGE_SHOWN_AFTER = timedelta(minutes=1)
_DAY: LiteralString = "{date_short_pretty} at {time}"
# The ids of the block that says how many jobs are where begin so.
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


def render_card(
    tracked: TrackedBuild,
    jobs: JobSummary,
    *,
    card_id: str,
    asked_by: str | None,
    now: datetime,
    watching: bool = False,
    failure: Failure = NOTHING,
    author: str | None = None,
    waiting: Sequence[Mapping[str, Any]] = (),
    mute: bool = False,
    stop: str | None = None,
) -> Message:
    """Draw what is known of a build; equal facts give equal digests, whatever the time.

    Only a doubt of over a minute is drawn with the clock's help. `asked_by` is a Slack user id, of the
    one who started the build or, when `watching`, of the one who asked to follow it; `author` that of the one
    whose build it is. `failure` is what is known of why it fails. `waiting` says why a build that was to begin
    does not: each `text` with a button's `label`, `choice` and `reads` where one helps. `mute` offers to say no
    more, `stop` to send no such direct messages any more.
    """
    blocks = [
        section(_render_head(tracked), block_id=f"head:{card_id}:{tracked.revision}"),
        _render_context(tracked, jobs, card_id, _render_requester(asked_by, watching), _render_owner(tracked.build, asked_by, watching, author)),
        _details(tracked, jobs, card_id, failure),
        *failure_blocks(failure, jobs, card_id, tracked.revision),
        *(_why(item, index, card_id, tracked.revision) for index, item in enumerate(waiting)),
        _doubt(tracked, now, card_id),
        actions(
            render_buttons(tracked, jobs, card_id, mute=mute, stop=stop),
            block_id=format_actions_id(card_id, tracked),
        ),
    ]
    return message(render_summary(tracked, asked_by, watching), blocks)


def render_summary(tracked: TrackedBuild, asked_by: str | None, watching: bool = False) -> Mrkdwn:
    """The one line for notifications and screen readers."""
    build = tracked.build
    emoji, words = phase_words(get_phase(tracked))
    where = md(" on {branch}", branch=show_unseen(shorten(build.branch, 100))) if build.branch else Mrkdwn("")
    asked = _render_requester(asked_by, watching)
    return md(
        "{emoji} {ref} {words}{where}{asked}",
        emoji=emoji,
        ref=str(build.ref),
        words=words[:1].lower() + words[1:],
        where=where,
        asked=md(", {asked}", asked=asked) if asked else "",
    )


def _render_head(tracked: TrackedBuild) -> Mrkdwn:
    build = tracked.build
    emoji, words = phase_words(get_phase(tracked))
    title = md("{emoji} {words}", emoji=emoji, words=bold(words))
    branch = code(shorten(build.branch, 100)) if build.branch else ""
    message_line = shorten((build.message or "").strip().split("\n")[0].strip(), 200)
    return lines(
        [
            dotted([title, str(build.ref) if tracked.deleted else reference(build), branch, _render_commit(build)]),
            message_line,
        ]
    )


def _render_commit(build: Build) -> Mrkdwn:
    if not build.commit or build.commit == HEAD:
        return Mrkdwn("")
    return code(build.commit[:7] if is_sha(build.commit) else shorten(build.commit, 100))


def _render_context(tracked: TrackedBuild, jobs: JobSummary, card_id: str, requester: Mrkdwn, owner: Mrkdwn) -> Block | None:
    """Who, since when or how long, and how many jobs are where."""
    parts = [
        part
        for part in (requester, owner, render_timing(tracked.build), render_counts(jobs, soft=tracked.build.phase == "passed"))
        if part
    ]
    return context(*parts, block_id=f"{COUNTS_BLOCK}{card_id}:{tracked.revision}") if parts else None


def _render_requester(asked_by: str | None, watching: bool) -> Mrkdwn:
    if not asked_by:
        return Mrkdwn("")
    if watching:
        return md("followed for {who}", who=mention(asked_by))
    return md("asked by {who}", who=mention(asked_by))


def _render_owner(build: Build, asked_by: str | None, watching: bool, author: str | None) -> Mrkdwn:
    """Who started it at Buildkite, or is on the commit that was pushed; nobody where somebody asked in Slack."""
    person = build.author or build.creator
    named = shorten((person.name or person.email or "") if person else "", 100)
    who = mention(author) if author else named
    if not who or (asked_by and not watching):
        return Mrkdwn("")
    if build.source == "webhook":
        return md("commit by {who}", who=who)
    return md("started by {who}", who=who)


def render_timing(build: Build) -> Mrkdwn:
    """Since when it runs, as a date that Slack draws in the reader's zone; or how long it took."""
    if build.ended and (span := time_spent(build)) is not None:
        return md("took {time}", time=format_duration(span))
    if build.ended and build.finished_at:
        return md("ended {time}", time=when(build.finished_at, _DAY))
    if build.started_at:
        return md("started {time}", time=when(build.started_at, _DAY))
    return md("created {time}", time=when(build.created_at, _DAY)) if build.created_at else Mrkdwn("")


def render_counts(jobs: JobSummary, *, soft: bool = False) -> Mrkdwn:
    """`3 passed · 1 failed · 2 waiting`; empty until totals were read. `soft`: the build passed nevertheless."""
    named = {state for _, states in _COUNTED_STATES for state in states}
    summed = [(word, sum(jobs.counts.get(state, 0) for state in states)) for word, states in _COUNTED_STATES]
    other = [
        (state.replace("_", " "), count) for state, count in sorted(jobs.counts.items()) if state not in named
    ]
    words = {"failed": "soft failed"} if soft else {}
    said = [(words.get(word, word), count) for word, count in [*summed, *other[:5]] if count > 0]
    return dotted([f"{count} {shorten(word, 40)}" for word, count in said])


def _details(tracked: TrackedBuild, jobs: JobSummary, card_id: str, failure: Failure) -> Block | None:
    text = lines([*failed_lines(jobs, failure), *_waiting(tracked, jobs)])
    return section(text, block_id=f"jobs:{card_id}:{tracked.revision}") if text else None


def _waiting(tracked: TrackedBuild, jobs: JobSummary) -> list[Mrkdwn]:
    if tracked.deleted or tracked.build.ended:
        return []
    shown = [
        md("✋ Waiting at {label}", label=bold(shorten(job.title, 100))) for job in jobs.waiting[:FAILED_SHOWN]
    ]
    more = len(jobs.waiting) - FAILED_SHOWN
    return [*shown, md("and at {more} more steps", more=more)] if more > 0 else shown


def _why(entry: Mapping[str, Any], index: int, card_id: str, revision: int) -> Block:
    """A reason why it waits; the button acts with the rights of whoever presses it."""
    helps = entry.get("choice") and button(
        str(entry["label"]), f"choice:{index}:waiting", str(entry["choice"]), reads=entry.get("reads")
    )
    text = md("⏳ {text}", text=Mrkdwn(entry["text"]))
    return section(text, block_id=f"why{index}:{card_id}:{revision}", accessory=helps or None)


def _doubt(tracked: TrackedBuild, now: datetime, card_id: str) -> Block | None:
    """`as of 12:03`, once something heard has not been confirmed for over a minute."""
    if tracked.deleted or not tracked.unconfirmed or now - tracked.seen_at <= _AGE_SHOWN_AFTER:
        return None
    read = tracked.read_at or tracked.seen_at
    return context(md("as of {time}", time=when(read)), block_id=f"doubt:{card_id}:{tracked.revision}")
