"""A card as it should look now: reads everything that it shows, and renders it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal

from bot.access.approvals.queries import find_build_approvals
from bot.buildkite.models import Build, Job
from bot.builds.cards.approval_lines import add_approvals
from bot.builds.cards.model import BuildRecord, CardReaders
from bot.builds.cards.render import COUNTS_BLOCK, render_card
from bot.builds.failures.knowledge import load_knowledge
from bot.builds.failures.model import FAILING_PHASES
from bot.builds.links.render import render_followable_preview, render_job_preview
from bot.builds.model import Card, TrackedBuild
from bot.builds.queries import find_jobs, summarize_jobs
from bot.builds.waiting.queries import find_reasons
from bot.history.queries import (
    WEBHOOK_SILENCE,
    find_last_passed_run,
    find_last_webhook_time,
    find_previous_run,
    find_usual_duration,
)
from bot.notifications.direct.model import BUILDS, find_rule_owner, is_personal, make_stop_value
from bot.operations.acts.model import Act, name_build
from bot.operations.acts.queries import find_last_act
from bot.slack.blockkit.blocks import Message
from bot.slack.queries import find_name
from bot.store.transactions import Tx

Difference = Literal["none", "counts", "state"]
# A card unconfirmed for over a minute shows its age: it is drawn again a second later than that.
_AGE_SHOWN_AFTER = timedelta(seconds=61)
# Buildkite's clock, which says when a build ended, and ours, which says when it was rebuilt, may differ.
CLOCK_DIFFERENCE = timedelta(seconds=30)
# Few people scroll back to yesterday's links, and each preview takes part in Slack's limits.
PREVIEW_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True)
class CardDraft:
    """A rendered card; `needs_lookup`: its failure, or who may see its log, hasn't been looked up.

    `silent_from`: the card has to say how old it is if no webhook arrives before.
    """

    card: Card
    tracked: TrackedBuild
    message: Message
    needs_lookup: bool = False
    silent_from: datetime | None = None

    def find_redraw_time(self, now: datetime) -> datetime | None:
        """Return when the card has to show its age, if no read confirms its state and no webhook arrives before.

        A card that is drawn then and looks the same isn't edited.
        """
        unconfirmed_since = (self.tracked.unconfirmed_since or now) if self.tracked.unconfirmed else None
        times = (unconfirmed_since and unconfirmed_since + _AGE_SHOWN_AFTER, self.silent_from)
        return min((time for time in times if time and time > now), default=None)

    @cached_property
    def fingerprint(self) -> str:
        """Return two digests: of all that people see, and of all but the job counts."""
        rest = [block for block in self.message.blocks if not str(block.get("block_id")).startswith(COUNTS_BLOCK)]
        return f"{self.message.digest()}:{replace(self.message, blocks=tuple(rest)).digest()}"

    @cached_property
    def difference(self) -> Difference:
        """Return what differs from the card as shown: nothing, only job counts, or the state."""
        seen, now = (self.card.shown or "").split(":"), self.fingerprint.split(":")
        if not self.card.ts or not self.card.shown:
            return "state"
        if seen[0] == now[0]:
            return "none"
        return "counts" if seen[-1] == now[-1] else "state"


async def draft_card(tx: Tx, card: Card, tracked: TrackedBuild, now: datetime) -> CardDraft:
    """Read what the card shows, and render it."""
    jobs = await summarize_jobs(tx, tracked)
    knowledge = await load_knowledge(tx, tracked, jobs)
    silent_from = await _find_start_of_silence(tx, tracked)
    record = await _load_record(tx, tracked, silent=silent_from is not None and silent_from <= now)
    message = render_card(
        tracked,
        jobs,
        card_id=card.id,
        readers=await _choose_readers(tx, card),
        now=now,
        failure=knowledge.select_for_card(jobs, card),
        waiting=await find_reasons(tx, card.build_id) if tracked.build.phase == "scheduled" else (),
        record=record,
    )
    approvals = await find_build_approvals(tx, str(tracked.build.ref))
    message = add_approvals(message, approvals, card.id, tracked.revision)
    job = await find_linked_job(tx, card)
    return CardDraft(
        card,
        tracked,
        render_preview_or_card(card, tracked, job, message),
        knowledge.needs_lookup(card.id),
        silent_from,
    )


async def _load_record(tx: Tx, tracked: TrackedBuild, *, silent: bool) -> BuildRecord:
    """Read what the card's phase needs from the records of the branch."""
    build = tracked.build
    line = (build.ref.pipeline, build.branch or "", build.number)
    is_failing = build.phase in FAILING_PHASES
    previous = await find_previous_run(tx, *line) if build.phase == "passed" else None
    return BuildRecord(
        usual=await find_usual_duration(tx, *line) if build.phase in {"running", "failing"} else None,
        last_passed=await find_last_passed_run(tx, *line) if is_failing else None,
        fixes=previous.ref if previous and previous.phase == "failed" else "",
        silent=silent,
        rebuild=await find_rebuild(tx, build),
    )


async def find_rebuild(tx: Tx, build: Build) -> Act | None:
    """Return the rebuild that has taken the place of a build since it ended, or None."""
    if not build.ended:
        return None
    rebuild = await find_last_act(tx, ("build rebuild",), name_build(build.ref.pipeline, build.ref.number))
    is_newer = rebuild and (build.finished_at is None or rebuild.at >= build.finished_at - CLOCK_DIFFERENCE)
    return rebuild if is_newer else None


async def _find_start_of_silence(tx: Tx, tracked: TrackedBuild) -> datetime | None:
    """Return when webhooks count as silent if none arrives before; None if that no longer matters to the build.

    A build just created gets a minute: after a quiet night its own webhooks are the first.
    """
    if tracked.deleted or tracked.build.inactive:
        return None
    first = (tracked.build.created_at or tracked.seen_at) + _AGE_SHOWN_AFTER
    last = await find_last_webhook_time(tx)
    return max(first, last + WEBHOOK_SILENCE) if last else first


async def _choose_readers(tx: Tx, card: Card) -> CardReaders:
    """Return the people of a card. A subscription's own subscriber can stop it, others can mute it."""
    name = card.agent or (await find_name(tx, card.thread.team, card.asked_by) if card.asked_by else "")
    readers = CardReaders(card.asked_by, name, card.watching, card.mentions)
    if card.origin != "subscribed" or card.muted:
        return readers
    if card.subscription and is_personal(card.subscription):
        return replace(readers, stop=make_stop_value(BUILDS, find_rule_owner(card.subscription)))
    return replace(readers, mute=True)


async def find_linked_job(tx: Tx, card: Card) -> Job | None:
    """Return the job that the link names, as last reported."""
    id_ = card.unfurl.job if card.unfurl else None
    return (await find_jobs(tx, [id_])).get(id_) if id_ else None


def has_preview_expired(card: Card, now: datetime) -> bool:
    """Return whether a link preview is too old to be kept up to date."""
    return card.unfurl is not None and card.created_at is not None and now - card.created_at > PREVIEW_LIFETIME


def is_preview_final(card: Card, tracked: TrackedBuild) -> bool:
    """Return whether a link preview shows a confirmed end, so that it needs no more edits."""
    return card.unfurl is not None and (tracked.deleted or tracked.build.ended) and not tracked.unconfirmed


def render_preview_or_card(card: Card, tracked: TrackedBuild, job: Job | None, card_message: Message) -> Message:
    """Return the message below the link if the card is a preview, else the card's own message."""
    if card.unfurl is None:
        return card_message
    if job:
        return render_job_preview(tracked, job, card.id)
    return render_followable_preview(card_message, tracked, card.id)
