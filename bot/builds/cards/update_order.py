"""Whose turn it is to be drawn: states before counts, and the counts of no card too often."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.builds.cards.draft import CardDraft
from bot.runtime.clock import Clock
from bot.slack.rate_limits import Pacing

# A card that was not drawn for so many seconds takes no part of the edits that a workspace has.
_ACTIVE = 3600.0


class UpdateOrder:
    """In memory, as the limits are: after a restart of no card is known when it was drawn."""

    def __init__(self, clock: Clock, pacing: Pacing) -> None:
        self._clock = clock
        self._pacing = pacing
        self._drawn: dict[str, float] = {}

    def drawn(self, card_draft: CardDraft) -> None:
        """It shows what is known; a card of a build that has ended needs no more turns."""
        now = self._clock.monotonic()
        self._drawn.pop(card_draft.card.id, None)
        if not (card_draft.tracked.deleted or card_draft.tracked.build.ended):
            self._drawn[card_draft.card.id] = now
        while self._drawn and (first := next(iter(self._drawn.items())))[1] < now - _ACTIVE:
            del self._drawn[first[0]]

    def in_order(self, sketches: Sequence[CardDraft]) -> list[CardDraft]:
        """States in the order in which they are due; then counts, of the card first that was drawn longest ago."""
        states = [sketch for sketch in sketches if sketch.difference == "state"]
        counts = [sketch for sketch in sketches if sketch.difference == "counts"]
        return states + sorted(counts, key=lambda item: self._last(item.card.id))

    def wait(self, card_draft: CardDraft) -> float:
        """Seconds until it may be sent; zero: now."""
        if card_draft.difference == "state":
            return self._pacing.compute_wait(card_draft.method, card_draft.card.thread.channel)
        again = self._last(card_draft.card.id) + count_refresh_seconds(len(self._drawn)) - self._clock.monotonic()
        return max(
            self._pacing.compute_wait(card_draft.method, card_draft.card.thread.channel, low_priority=True),
            again,
            0.0,
        )

    def _last(self, card_id: str) -> float:
        return self._drawn.get(card_id, float("-inf"))


def count_refresh_seconds(active: int) -> float:
    """Seconds between two edits of a card that show nothing but new counts, with so many cards of living builds.

    Taken together they stay within the edits that a workspace has; advice is one edit each 3 s of a message.
    https://docs.slack.dev/apis/web-api/rate-limits
    """
    return max(3.0, active * 1.2)


# Turns of cards come sooner when other builds have ended: after so long it is looked again whose turn it is.
RECHECK_AFTER = timedelta(seconds=20)
