"""Renders the replies in a build's thread: one for each change that people should notice."""

from __future__ import annotations

from collections.abc import Callable

from bot.buildkite.models import Build
from bot.builds.cards.buttons import format_actions_id, render_buttons, render_unblock_button
from bot.builds.failures.model import NO_DETAILS, Failure
from bot.builds.failures.render import (
    FAILED_SHOWN,
    name_failed_jobs,
    render_failed_jobs,
    render_failure_blocks,
)
from bot.builds.model import JobSummary, TrackedBuild
from bot.operations.build_wording import describe_phase_as_verb, format_duration, link_build, measure_duration
from bot.slack.blockkit.blocks import Block, Message, actions, join_lines, message, section, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, join, md, mention, strip_markup

_BAD_ENDS = frozenset({"failed"})


def render_thread_reply(
    kind: str,
    tracked: TrackedBuild,
    jobs: JobSummary,
    *,
    card_id: str,
    mention: str | None = None,
    failure: Failure = NO_DETAILS,
    stands_alone: bool = False,
) -> Message:
    """Return the reply of kind running, resumed, blocked, failing, finished or gone.

    `mention` is the Slack user id of the requester or author, who is mentioned only if the build failed. `failure`
    holds what is known about why it failed. A failure is one line, because the card above shows the rest;
    `stands_alone`: there is no card above, so the reply shows it. Raise KeyError for any other kind.
    """
    text = _KINDS[kind](tracked, jobs, failure)
    is_bad_end = kind == "finished" and tracked.build.state in _BAD_ENDS
    if mention and is_bad_end:
        text = md("{who} {text}", who=_render_mention(mention), text=text)
    buttons = render_buttons(tracked, jobs, card_id) if is_bad_end and stands_alone else []
    if kind == "blocked":
        buttons = [render_unblock_button(str(tracked.build.ref), card_id)]
    blocks = [
        section(text, block_id=f"notice:{card_id}:{tracked.revision}"),
        *(_render_details(tracked, jobs, card_id, failure) if is_bad_end and stands_alone else ()),
        actions(buttons, block_id=format_actions_id(card_id, tracked)),
    ]
    return message(_render_fallback(text, mention), blocks)


def _render_details(tracked: TrackedBuild, jobs: JobSummary, card_id: str, failure: Failure) -> list[Block]:
    """Return what the card would show of the failure."""
    lines = render_failed_jobs(jobs, failure)
    failed = [section(join_lines(lines), block_id=f"jobs:{card_id}:{tracked.revision}")] if lines else []
    return [*failed, *render_failure_blocks(failure, jobs, card_id, tracked.revision)]


def _render_mention(user: str) -> Mrkdwn:
    return mention(user)


def _render_fallback(text: str, user: str | None) -> Mrkdwn:
    """Return the text without links, keeping the mention."""
    who = _render_mention(user) if user else Mrkdwn("")
    if who and text.startswith(who):
        return md("{who}{rest}", who=who, rest=strip_markup(Mrkdwn(text[len(who) :])))
    return md("{line}", line=strip_markup(Mrkdwn(text)))


def _render_running(tracked: TrackedBuild, _: JobSummary, __: Failure) -> Mrkdwn:
    return md("🔵 {ref} started running.", ref=link_build(tracked.build))


def _render_resumed(tracked: TrackedBuild, _: JobSummary, __: Failure) -> Mrkdwn:
    return md("🔵 {ref} is running again.", ref=link_build(tracked.build))


def _render_blocked(tracked: TrackedBuild, jobs: JobSummary, _: Failure) -> Mrkdwn:
    steps = join([md("“{title}”", title=shorten(job.title, 100)) for job in jobs.waiting[:FAILED_SHOWN]], ", ")
    if not steps:
        return md("✋ {ref} is blocked until someone unblocks it.", ref=link_build(tracked.build))
    return md("✋ {ref} is waiting for {steps}", ref=link_build(tracked.build), steps=steps)


def _render_failing(tracked: TrackedBuild, jobs: JobSummary, failure: Failure) -> Mrkdwn:
    failed = name_failed_jobs(jobs, failure)
    ending = md(": {jobs}", jobs=failed) if failed else "."
    return md("🟠 {ref} is failing{ending}", ref=link_build(tracked.build), ending=ending)


def _render_finished(tracked: TrackedBuild, jobs: JobSummary, failure: Failure) -> Mrkdwn:
    emoji, verb = describe_phase_as_verb(tracked.build.phase)
    head = md("{emoji} {ref} {verb}", emoji=emoji, ref=link_build(tracked.build), verb=verb)
    if tracked.build.state in _BAD_ENDS and jobs.failed:
        return md("{head}: {jobs}", head=head, jobs=name_failed_jobs(jobs, failure))
    return md("{head}{time}.", head=head, time=_format_time_spent(tracked.build))


def _format_time_spent(build: Build) -> str:
    span = measure_duration(build)
    return "" if span is None else f" after {format_duration(span)}"


def _render_deleted(tracked: TrackedBuild, _: JobSummary, __: Failure) -> Mrkdwn:
    return md(
        "👻 {ref} is no longer in Buildkite: it was deleted, or I lost access to it.",
        ref=str(tracked.build.ref),
    )


_RenderText = Callable[[TrackedBuild, JobSummary, Failure], Mrkdwn]
_KINDS: dict[str, _RenderText] = {
    "running": _render_running,
    "resumed": _render_resumed,
    "blocked": _render_blocked,
    "failing": _render_failing,
    "finished": _render_finished,
    "gone": _render_deleted,
}
