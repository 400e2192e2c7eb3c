"""A card as it would be drawn now: what is known of its build, read and rendered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal

from bot.buildkite.models import Job
from bot.builds.cards.render import COUNTS_BLOCK, render_card
from bot.builds.failures.knowledge import load_knowledge
from bot.builds.links.render import render_followable_preview, render_job_preview
from bot.builds.model import Card, TrackedBuild
from bot.builds.queries import find_jobs, summarize_jobs
from bot.builds.waiting.queries import find_reasons
from bot.notifications.direct.model import BUILDS, is_personal, rule_owner, stop_value
from bot.slack.blockkit.blocks import Message
from bot.slack.rate_limits import POST, UNFURL, UPDATE
from bot.store.transactions import Tx

Difference = Literal["none", "counts", "state"]
# A link in a message of yesterday is not looked at any more.
PREVIEW_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True)
class CardDraft:
    """`lacks`: nobody has looked yet why it fails, or what of it this card may show."""

    card: Card
    tracked: TrackedBuild
    message: Message
    needs_lookup: bool = False

    @property
    def method(self) -> str:
        """What shows it: a post, or an edit."""
        if not self.card.ts:
            return POST
        return UNFURL if self.card.unfurl else UPDATE

    @cached_property
    def fingerprint(self) -> str:
        """What is seen of it, then what is seen but for its counts."""
        rest = [block for block in self.message.blocks if not str(block.get("block_id")).startswith(COUNTS_BLOCK)]
        return f"{self.message.digest()}:{replace(self.message, blocks=tuple(rest)).digest()}"

    @cached_property
    def difference(self) -> Difference:
        """What people do not see yet: nothing, how many jobs are where, or more than that."""
        seen, now = (self.card.shown or "").split(":"), self.fingerprint.split(":")
        if not self.card.ts or not self.card.shown:
            return "state"
        if seen[0] == now[0]:
            return "none"
        return "counts" if seen[-1] == now[-1] else "state"


async def draft_card(tx: Tx, card: Card, tracked: TrackedBuild, now: datetime) -> CardDraft:
    """Read the rest of what is known, and render it."""
    jobs = await summarize_jobs(tx, tracked)
    knows = await load_knowledge(tx, tracked, jobs)
    message = render_card(
        tracked,
        jobs,
        card_id=card.id,
        asked_by=card.asked_by,
        now=now,
        watching=card.watching,
        failure=knows.shown(jobs, card.id),
        author=card.mentions,
        waiting=await find_reasons(tx, card.build_id) if tracked.build.phase == "scheduled" else (),
        **_choose_opt_out(card),
    )
    job = await find_linked_job(tx, card)
    return CardDraft(card, tracked, render_preview_or_card(card, tracked, job, message), knows.lacks(card.id))


def _choose_opt_out(card: Card) -> dict[str, Any]:
    """How to have less of it, where nobody asked for the card: what a person wished for, that person can stop."""
    if card.origin != "subscribed" or card.muted:
        return {}
    if card.subscription and is_personal(card.subscription):
        return {"stop": stop_value(BUILDS, rule_owner(card.subscription))}
    return {"mute": True}


async def find_linked_job(tx: Tx, card: Card) -> Job | None:
    """The job that the link names, as it was last heard of."""
    id_ = (card.unfurl or {}).get("job")
    return (await find_jobs(tx, [id_])).get(id_) if id_ else None


def has_preview_expired(card: Card, now: datetime) -> bool:
    """Whether it is kept up no more."""
    return card.unfurl is not None and card.created_at is not None and now - card.created_at > PREVIEW_LIFETIME


def is_preview_final(card: Card, tracked: TrackedBuild) -> bool:
    """Whether what it shows is the end of it."""
    return card.unfurl is not None and (tracked.deleted or tracked.build.ended) and not tracked.unconfirmed


def render_preview_or_card(card: Card, tracked: TrackedBuild, job: Job | None, card_message: Message) -> Message:
    """What stands below the link, where the build's card would be `drawn`."""
    if card.unfurl is None:
        return card_message
    return (
        render_job_preview(tracked, job, card.id)
        if job
        else render_followable_preview(card_message, tracked, card.id)
    )
