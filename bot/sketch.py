"""A card as it would be drawn now: what is known of its build, read and rendered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from bot import failures, previews
from bot.core import notify
from bot.core.blocks import Message
from bot.core.render_card import COUNTS
from bot.core.render_card import card as draw
from bot.model import Card, Known
from bot.slack.pacing import POST, UNFURL, UPDATE
from bot.store import builds, waits
from bot.store.store import Tx

Difference = Literal["none", "counts", "state"]


@dataclass(frozen=True)
class Sketch:
    """`lacks`: nobody has looked yet why it fails, or what of it this card may show."""

    card: Card
    known: Known
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


async def sketch(tx: Tx, card: Card, known: Known, now: datetime) -> Sketch:
    """Read the rest of what is known, and render it."""
    jobs = await builds.summary(tx, known)
    knows = await failures.knowledge(tx, known, jobs)
    message = draw(
        known,
        jobs,
        card_id=card.id,
        asked_by=card.asked_by,
        now=now,
        watching=card.watching,
        failure=knows.shown(jobs, card.id),
        author=card.mentions,
        waiting=await waits.found(tx, card.build_id) if known.build.phase == "scheduled" else (),
        **_peace(card),
    )
    job = await previews.job_of(tx, card)
    return Sketch(card, known, previews.shown(card, known, job, message), knows.lacks(card.id))


def _peace(card: Card) -> dict[str, Any]:
    """How to have less of it, where nobody asked for the card: what a person wished for, that person can stop."""
    if card.origin != "subscribed" or card.muted:
        return {}
    if card.subscription and notify.personal(card.subscription):
        return {"stop": notify.stopping(notify.BUILDS, notify.owner(card.subscription))}
    return {"mute": True}
