"""Renders the replies in a build's thread: one for each change that people should notice."""

from __future__ import annotations

from collections.abc import Callable

from bot.buildkite.models import Build
from bot.builds.cards.buttons import (
    format_actions_id,
    has_retriable_job,
    render_logs_button,
    render_retry_button,
    render_unblock_button,
)
from bot.builds.failures.model import NO_DETAILS, Failure
from bot.builds.failures.render import FAILED_SHOWN, render_failed_job, render_failed_jobs, render_failure_blocks
from bot.builds.model import JobSummary, TrackedBuild
from bot.operations.build_wording import describe_phase, format_duration, link_build, measure_duration
from bot.slack.blockkit.blocks import Block, Message, actions, button, join_lines, message, section, shorten
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
) -> Message:
    """Return the reply of kind running, resumed, blocked, failing, finished or gone.

    `mention` is the Slack user id of the requester or author, who is mentioned only if the build failed. `failure`
    holds what is known about why it failed. Raise KeyError for any other kind.
    """
    write, row = _KINDS[kind]
    text = write(tracked, jobs, failure)
    is_bad_end = kind == "finished" and tracked.build.state in _BAD_ENDS
    if mention and is_bad_end:
        text = md("{who} {text}", who=_render_mention(mention), text=text)
    blocks = [
        section(text, block_id=f"notice:{card_id}:{tracked.revision}"),
        *(render_failure_blocks(failure, jobs, card_id, tracked.revision) if is_bad_end else ()),
        actions(row(tracked, jobs, card_id), block_id=format_actions_id(card_id, tracked)),
    ]
    first = text.split("\n")[0]
    return message(_render_fallback(first, mention), blocks)


def _render_mention(user: str) -> Mrkdwn:
    return mention(user)


def _render_fallback(text: str, user: str | None) -> Mrkdwn:
    """Return the first line without links, keeping the mention."""
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
    ref = link_build(tracked.build)
    if not jobs.failed:
        return md("🟠 {ref} is failing.", ref=ref)
    return md("🟠 {ref} is failing: {job}", ref=ref, job=render_failed_job(jobs.failed[0], failure))


def _render_finished(tracked: TrackedBuild, jobs: JobSummary, failure: Failure) -> Mrkdwn:
    emoji, words = describe_phase(tracked.build.phase)
    passive = {"not run": "was not run", "canceled": "was canceled", "skipped": "was skipped"}
    verb = passive.get(words.lower(), words.lower())
    head = md(
        "{emoji} {ref} {verb}{time}.",
        emoji=emoji,
        ref=link_build(tracked.build),
        verb=verb,
        time=_format_time_spent(tracked.build),
    )
    return join_lines([head, *render_failed_jobs(jobs, failure)] if tracked.build.state in _BAD_ENDS else [head])


def _format_time_spent(build: Build) -> str:
    span = measure_duration(build)
    return "" if span is None else f" after {format_duration(span)}"


def _render_deleted(tracked: TrackedBuild, _: JobSummary, __: Failure) -> Mrkdwn:
    return md(
        "👻 {ref} is no longer in Buildkite: it was deleted, or I lost access to it.",
        ref=str(tracked.build.ref),
    )


def _offer_no_buttons(_: TrackedBuild, __: JobSummary, ___: str) -> list[Block]:
    return []


def _offer_unblock(tracked: TrackedBuild, _: JobSummary, card_id: str) -> list[Block]:
    return [render_unblock_button(str(tracked.build.ref), card_id)]


def _offer_logs(tracked: TrackedBuild, jobs: JobSummary, card_id: str) -> list[Block]:
    return [render_logs_button(str(tracked.build.ref), card_id)] if jobs.failed else []


def _offer_next_steps(tracked: TrackedBuild, jobs: JobSummary, card_id: str) -> list[Block]:
    if tracked.build.state not in _BAD_ENDS:
        return []
    ref = str(tracked.build.ref)
    return [
        *([render_retry_button(ref, card_id)] if has_retriable_job(jobs) else []),
        *_offer_logs(tracked, jobs, card_id),
        button("Rebuild", "build rebuild", card_id, accessibility_label=f"Rebuild {ref}"),
    ]


_RenderText = Callable[[TrackedBuild, JobSummary, Failure], Mrkdwn]
_OfferButtons = Callable[[TrackedBuild, JobSummary, str], list[Block]]
_KINDS: dict[str, tuple[_RenderText, _OfferButtons]] = {
    "running": (_render_running, _offer_no_buttons),
    "resumed": (_render_resumed, _offer_no_buttons),
    "blocked": (_render_blocked, _offer_unblock),
    "failing": (_render_failing, _offer_logs),
    "finished": (_render_finished, _offer_next_steps),
    "gone": (_render_deleted, _offer_no_buttons),
}
