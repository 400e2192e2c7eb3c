"""What is said in a build's thread: one reply for each thing that somebody should notice."""

from __future__ import annotations

from collections.abc import Callable

from bot.buildkite.models import Build
from bot.builds.cards.buttons import actions_id, logs_button, retriable, retry_button, unblock_button
from bot.builds.failures.model import NOTHING, Failure
from bot.builds.failures.render import FAILED_SHOWN, failed_job, failed_lines, failure_blocks
from bot.builds.model import JobSummary, TrackedBuild
from bot.operations.build_wording import format_duration, phase_words, reference, time_spent
from bot.slack.blockkit.blocks import Block, Message, actions, button, dotted, lines, message, section, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, md, mention, plain

_BAD_ENDS = frozenset({"failed"})


def render_thread_reply(
    kind: str,
    tracked: TrackedBuild,
    jobs: JobSummary,
    *,
    card_id: str,
    mention: str | None = None,
    failure: Failure = NOTHING,
) -> Message:
    """Draw a thread reply of kind running, resumed, blocked, failing, finished or gone.

    `mention` is the Slack user id of the one whose build it is: told of a bad end only; `failure` is what is
    known of why it fails. Raises KeyError for another kind.
    """
    write, row = _KINDS[kind]
    text = write(tracked, jobs, failure)
    bad = kind == "finished" and tracked.build.state in _BAD_ENDS
    if mention and bad:
        text = md("{who} {text}", who=_person(mention), text=text)
    blocks = [
        section(text, block_id=f"notice:{card_id}:{tracked.revision}"),
        *(failure_blocks(failure, jobs, card_id, tracked.revision) if bad else ()),
        actions(row(tracked, jobs, card_id), block_id=actions_id(card_id, tracked)),
    ]
    first = text.split("\n")[0]
    return message(_one_line(first, mention), blocks)


def _person(user: str) -> Mrkdwn:
    return mention(user)


def _one_line(text: str, user: str | None) -> Mrkdwn:
    """The first line without links, the mention kept."""
    who = _person(user) if user else Mrkdwn("")
    if who and text.startswith(who):
        return md("{who}{rest}", who=who, rest=plain(Mrkdwn(text[len(who) :])))
    return md("{line}", line=plain(Mrkdwn(text)))


def _running(tracked: TrackedBuild, _: JobSummary, __: Failure) -> Mrkdwn:
    return md("🔵 {ref} started running.", ref=reference(tracked.build))


def _resumed(tracked: TrackedBuild, _: JobSummary, __: Failure) -> Mrkdwn:
    return md("🔵 {ref} is running again.", ref=reference(tracked.build))


def _blocked(tracked: TrackedBuild, jobs: JobSummary, _: Failure) -> Mrkdwn:
    steps = dotted([bold(shorten(job.title, 100)) for job in jobs.waiting[:FAILED_SHOWN]])
    if not steps:
        return md("✋ {ref} is blocked: somebody has to unblock it.", ref=reference(tracked.build))
    return md("✋ {ref} is blocked at {steps}.", ref=reference(tracked.build), steps=steps)


def _failing(tracked: TrackedBuild, jobs: JobSummary, failure: Failure) -> Mrkdwn:
    ref = reference(tracked.build)
    if not jobs.failed:
        return md("🟠 {ref} is failing.", ref=ref)
    return md("🟠 {ref} is failing: {job}", ref=ref, job=failed_job(jobs.failed[0], failure))


def _finished(tracked: TrackedBuild, jobs: JobSummary, failure: Failure) -> Mrkdwn:
    emoji, words = phase_words(tracked.build.phase)
    said = {"not run": "was not run", "canceled": "was canceled", "skipped": "was skipped"}
    verb = said.get(words.lower(), words.lower())
    head = md(
        "{emoji} {ref} {verb}{time}.",
        emoji=emoji,
        ref=reference(tracked.build),
        verb=verb,
        time=_took(tracked.build),
    )
    return lines([head, *failed_lines(jobs, failure)] if tracked.build.state in _BAD_ENDS else [head])


def _took(build: Build) -> str:
    span = time_spent(build)
    return "" if span is None else f" after {format_duration(span)}"


def _gone(tracked: TrackedBuild, _: JobSummary, __: Failure) -> Mrkdwn:
    return md(
        "👻 {ref} is gone from Buildkite: it was deleted, or I may not see it any more.",
        ref=str(tracked.build.ref),
    )


def _no_buttons(_: TrackedBuild, __: JobSummary, ___: str) -> list[Block]:
    return []


def _unblock(tracked: TrackedBuild, _: JobSummary, card_id: str) -> list[Block]:
    return [unblock_button(str(tracked.build.ref), card_id)]


def _logs(tracked: TrackedBuild, jobs: JobSummary, card_id: str) -> list[Block]:
    return [logs_button(str(tracked.build.ref), card_id)] if jobs.failed else []


def _after_end(tracked: TrackedBuild, jobs: JobSummary, card_id: str) -> list[Block]:
    if tracked.build.state not in _BAD_ENDS:
        return []
    ref = str(tracked.build.ref)
    return [
        *([retry_button(ref, card_id)] if retriable(jobs) else []),
        *_logs(tracked, jobs, card_id),
        button("Rebuild", "build rebuild", card_id, reads=f"Rebuild {ref}"),
    ]


_Write = Callable[[TrackedBuild, JobSummary, Failure], Mrkdwn]
_Row = Callable[[TrackedBuild, JobSummary, str], list[Block]]
_KINDS: dict[str, tuple[_Write, _Row]] = {
    "running": (_running, _no_buttons),
    "resumed": (_resumed, _no_buttons),
    "blocked": (_blocked, _unblock),
    "failing": (_failing, _logs),
    "finished": (_finished, _after_end),
    "gone": (_gone, _no_buttons),
}
