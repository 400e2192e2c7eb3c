"""A card as it would be drawn now: what is known of its build, read and rendered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from bot.builds.cards.render import COUNTS, render_card
from bot.builds.failures.knowledge import load_knowledge
from bot.builds.links import preview_cards
from bot.builds.model import Card, TrackedBuild
from bot.builds.queries import summarize_jobs
from bot.builds.waiting.queries import find_reasons
from bot.notifications.direct.model import BUILDS, is_personal, rule_owner, stop_value
from bot.slack.blockkit.blocks import Message
from bot.slack.rate_limits import POST, UNFURL, UPDATE
from bot.store.transactions import Tx

Difference = Literal["none", "counts", "state"]


@dataclass(frozen=True)
class CardDraft:
    """`lacks`: nobody has looked yet why it fails, or what of it this card may show."""

    card: Card
    known: TrackedBuild
    message: Message
    lacks: bool = False

    @property
    def method(self) -> str:
        """What shows it: a post, or an edit."""
        if not self.card.ts:
            return POST
        return UNFURL if self.card.unfurl else UPDATE

    @cached_property
    def fingerprint(self) -> str:
        """What is seen of it, then what is seen but for its counts."""
        rest = [block for block in self.message.blocks if not str(block.get("block_id")).startswith(COUNTS)]
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


async def draft_card(tx: Tx, card: Card, known: TrackedBuild, now: datetime) -> CardDraft:
    """Read the rest of what is known, and render it."""
    jobs = await summarize_jobs(tx, known)
    knows = await load_knowledge(tx, known, jobs)
    message = render_card(
        known,
        jobs,
        card_id=card.id,
        asked_by=card.asked_by,
        now=now,
        watching=card.watching,
        failure=knows.shown(jobs, card.id),
        author=card.mentions,
        waiting=await find_reasons(tx, card.build_id) if known.build.phase == "scheduled" else (),
        **_peace(card),
    )
    job = await preview_cards.job_of(tx, card)
    return CardDraft(card, known, preview_cards.shown(card, known, job, message), knows.lacks(card.id))


def _peace(card: Card) -> dict[str, Any]:
    """How to have less of it, where nobody asked for the card: what a person wished for, that person can stop."""
    if card.origin != "subscribed" or card.muted:
        return {}
    if card.subscription and is_personal(card.subscription):
        return {"stop": stop_value(BUILDS, rule_owner(card.subscription))}
    return {"mute": True}
