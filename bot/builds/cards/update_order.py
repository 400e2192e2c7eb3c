"""Decides which cards are drawn first: states before counts, and no card's counts too often.

Slack allows 50 edits a minute per workspace. A build with a thousand jobs changes its counts many times a second,
so without limits its card would use up the edits that state changes of other builds need.
"""

from __future__ import annotations

from datetime import timedelta

from bot.builds.cards.draft import CardDraft
from bot.runtime.clock import Clock
from bot.slack.rate_limits import UPDATE, Pacing

# Seconds: a card that wasn't drawn for an hour no longer claims a share of the workspace's edits.
_ACTIVE_SECONDS = 3600.0
# Of the fifty edits of a minute, other edits leave as many to ends as builds may end, but at most this many.
_MOST_SPARE = 25


class UpdateOrder:
    """Orders drafts; the times of the last edits are kept in memory and unknown after a restart."""

    def __init__(self, clock: Clock, pacing: Pacing) -> None:
        self._clock = clock
        self._pacing = pacing
        self._drawn_at: dict[str, float] = {}

    def mark_drawn(self, card_draft: CardDraft) -> None:
        """Record that the card is up to date; the card of an ended build needs no more turns."""
        now = self._clock.monotonic()
        self._drawn_at.pop(card_draft.card.id, None)
        if not (card_draft.tracked.deleted or card_draft.tracked.build.ended):
            self._drawn_at[card_draft.card.id] = now
        while self._drawn_at and (first := next(iter(self._drawn_at.items())))[1] < now - _ACTIVE_SECONDS:
            del self._drawn_at[first[0]]

    def rank(self, card_draft: CardDraft) -> tuple[bool, bool, float]:
        """Return a key to sort by: ends first, then other new states, then new counts, longest undrawn first."""
        is_later = not self._shows_end_first(card_draft)
        if card_draft.difference == "state":
            return False, is_later, 0.0
        return True, is_later, self._find_last_drawn(card_draft.card.id)

    def compute_wait(self, card_draft: CardDraft, method: str) -> float:
        """Return the seconds until the draft may be sent by this call; 0 means now."""
        channel = card_draft.card.thread.channel
        # Each live build will end, perhaps all of them in the same minute, and people wait for ends.
        leaves_room = method == UPDATE and not self._shows_end_first(card_draft)
        spare = min(len(self._drawn_at), _MOST_SPARE) if leaves_room else 0
        if card_draft.difference == "state":
            return self._pacing.compute_wait(method, channel, spare=spare)
        turn = self._find_last_drawn(card_draft.card.id) + count_refresh_seconds(len(self._drawn_at))
        # Low priority leaves some of the workspace's edits to state changes that may come at any moment.
        pacing_wait = self._pacing.compute_wait(method, channel, low_priority=True, spare=spare)
        return max(pacing_wait, turn - self._clock.monotonic(), 0.0)

    def _shows_end_first(self, card_draft: CardDraft) -> bool:
        """Return whether this is the first card or edit to show that the build has stopped."""
        is_posted = bool(card_draft.card.ts)
        return card_draft.tracked.build.inactive and (not is_posted or card_draft.card.id in self._drawn_at)

    def _find_last_drawn(self, card_id: str) -> float:
        return self._drawn_at.get(card_id, float("-inf"))


def count_refresh_seconds(active: int) -> float:
    """Return the seconds between two edits of a card that show only new counts, given the cards of live builds.

    All cards together then stay within the edits that a workspace has, and each within the one edit per 3 s that
    Slack advises for a message. https://docs.slack.dev/apis/web-api/rate-limits
    """
    return max(3.0, active * 1.2)


# A card's turn comes sooner when other builds end, so a longer wait is computed again after this time.
RECHECK_AFTER = timedelta(seconds=20)
