"""Renders the card of a build: the one message that represents it and is edited in place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.buildkite.models import Build
from bot.builds.cards.buttons import format_actions_id, get_phase, render_buttons
from bot.builds.cards.model import NO_RECORD, BuildRecord, CardReaders
from bot.builds.cards.small_print import render_requester, render_small_print
from bot.builds.failures.model import NO_DETAILS, Failure
from bot.builds.failures.render import FAILED_SHOWN, render_failed_jobs, render_failure_blocks
from bot.builds.model import JobSummary, ShownReason, TrackedBuild
from bot.history.model import Run
from bot.operations.acts.model import Act
from bot.operations.build_wording import describe_phase_as_verb, extract_title, link_build, render_headline
from bot.operations.repository_links import find_comparison
from bot.runtime.characters import mark_invisible
from bot.slack.blockkit.blocks import (
    Block,
    Message,
    actions,
    button,
    context,
    join_lines,
    message,
    section,
    shorten,
)
from bot.slack.blockkit.mrkdwn import Mrkdwn, link, local_time, md

_AGE_SHOWN_AFTER = timedelta(minutes=1)
# The block with the job counts is recognised by this prefix of its id.
COUNTS_BLOCK = "small:"


def render_card(
    tracked: TrackedBuild,
    jobs: JobSummary,
    *,
    card_id: str,
    readers: CardReaders,
    now: datetime,
    failure: Failure = NO_DETAILS,
    waiting: Sequence[ShownReason] = (),
    record: BuildRecord = NO_RECORD,
) -> Message:
    """Return the card of a build; equal facts give equal digests, whatever the time.

    Only the age of an unconfirmed card depends on `now`. `waiting` holds the reasons why the build hasn't begun.
    """
    blocks = [
        section(_render_head(tracked, record), block_id=f"head:{card_id}:{tracked.revision}"),
        _render_context(tracked, jobs, card_id, readers, record),
        _render_details(tracked, jobs, card_id, failure, record),
        *render_failure_blocks(failure, jobs, card_id, tracked.revision),
        *(_render_reason(reason, index, card_id, tracked.revision) for index, reason in enumerate(waiting)),
        _render_age(tracked, now, card_id),
        _render_rebuild(record.rebuild, card_id, tracked.revision) if record.rebuild else None,
        actions(
            render_buttons(
                tracked, jobs, card_id, mute=readers.mute, stop=readers.stop, rebuilt=record.rebuild is not None
            ),
            block_id=format_actions_id(card_id, tracked),
        ),
    ]
    return message(render_summary(tracked, readers, record), blocks)


def render_summary(tracked: TrackedBuild, readers: CardReaders, record: BuildRecord = NO_RECORD) -> Mrkdwn:
    """Return the single line for notifications and screen readers."""
    build = tracked.build
    emoji, verb = describe_phase_as_verb(get_phase(tracked))
    title = mark_invisible(extract_title(build.message))
    branch = mark_invisible(shorten(build.branch, 100)) if build.branch and not tracked.deleted else ""
    requester = render_requester(readers)
    return md(
        "{emoji} {title}{ref} {verb}{where}{fixed}{requester}",
        emoji=emoji,
        title=md("{title} – ", title=title) if title else "",
        ref=str(build.ref),
        verb=verb,
        where=md(" on {branch}", branch=branch) if branch else "",
        fixed=_render_fixed(record),
        requester=md(", {requester}", requester=requester) if requester else "",
    )


def _render_fixed(record: BuildRecord) -> Mrkdwn:
    return md(", fixed: {ref} had failed", ref=record.fixes) if record.fixes else Mrkdwn("")


def _render_head(tracked: TrackedBuild, record: BuildRecord) -> Mrkdwn:
    build = tracked.build
    ref = str(build.ref) if tracked.deleted else link_build(build)
    branch = None if tracked.deleted else build.branch
    headline = render_headline(get_phase(tracked), extract_title(build.message), ref, branch)
    return md("{headline}{fixed}", headline=headline, fixed=_render_fixed(record))


def _render_context(
    tracked: TrackedBuild, jobs: JobSummary, card_id: str, readers: CardReaders, record: BuildRecord
) -> Block | None:
    parts = render_small_print(tracked, jobs, readers, record)
    return context(*parts, block_id=f"{COUNTS_BLOCK}{card_id}:{tracked.revision}") if parts else None


def _render_details(
    tracked: TrackedBuild, jobs: JobSummary, card_id: str, failure: Failure, record: BuildRecord
) -> Block | None:
    failed = render_failed_jobs(jobs, failure)
    changes = _render_changes(tracked.build, record.last_passed) if failed else ""
    text = join_lines([*failed, changes, *_render_waiting_steps(tracked, jobs)])
    return section(text, block_id=f"jobs:{card_id}:{tracked.revision}") if text else None


def _render_changes(build: Build, last_passed: Run | None) -> Mrkdwn:
    """Return a link to the commits since the last build that passed, if the provider has such a page."""
    address = find_comparison(build, last_passed.commit) if last_passed else ""
    if last_passed is None or not address:
        return Mrkdwn("")
    return md("{changes}, which passed", changes=link(address, f"Commits since {last_passed.ref}"))


def _render_rebuild(rebuild: Act, card_id: str, revision: int) -> Block | None:
    text = md("Rebuilt as {build} by {who}", build=rebuild.link, who=rebuild.who)
    return context(text, block_id=f"rebuilt:{card_id}:{revision}")


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
