"""Decides what follows for a build once everything reported about it has been merged."""

from __future__ import annotations

from bot.builds.failures.model import FAILING_PHASES
from bot.builds.fold import merge
from bot.builds.fold.batch import BatchEntry, BuildBatch
from bot.builds.model import Card
from bot.builds.replies.kinds import END_KINDS, OVERTAKEN_BY_END, find_due_kinds, select_kinds

# In these phases the reply depends on whether a failed job is known by name.
_PHASES_NAMING_FAILED_JOBS = frozenset({"running", *FAILING_PHASES})


def needs_job_details(entry: BatchEntry) -> bool:
    """Return whether a read has settled the state of a build just now whose jobs it didn't show."""
    now, before = entry.current, entry.before
    if now.unconfirmed or not merge.lacks_job_details(now):
        return False
    was_settled = before is not None and not before.unconfirmed and merge.lacks_job_details(before)
    return not was_settled or entry.is_changed or entry.has_new_card


def needs_earlier_failures(entry: BatchEntry) -> bool:
    """Return whether it matters now that a job failed before this batch.

    Reading all failed jobs of a build costs a query, and most reports don't need it: a job that fails in this
    batch is at hand anyway.
    """
    phase, before = entry.current.build.phase, entry.before
    moved = before is None or before.build.phase != phase or before.generation != entry.current.generation
    return phase in _PHASES_NAMING_FAILED_JOBS and (
        entry.has_new_card or (entry.is_changed and (moved or phase in FAILING_PHASES))
    )


def queue_replies(batch: BuildBatch, entry: BatchEntry, card: Card, *, dropped: bool = False) -> None:
    """Queue the replies that are true now and that the card hasn't had.

    A card that is about to be posted shows the state itself, so its first replies are only recorded.
    """
    if card.muted or card.origin == "unfurled":
        return
    tracked = entry.current
    unposted = card.origin == "subscribed" and card.ts is None and card.intent_at is None
    wanted = select_kinds(find_due_kinds(tracked, failed=entry.has_failed_job), card.updates)
    if card.state != "live":
        # The card is lost: only the end still reaches the requester, by direct message.
        wanted = tuple(kind for kind in wanted if kind in END_KINDS)
    recorded = batch.find_reply_kinds(card, tracked.generation)
    for kind in wanted:
        if kind not in recorded:
            batch.queue_reply(card, kind, tracked.generation, dropped=dropped or unposted)
    if set(wanted) & END_KINDS:
        batch.drop_overtaken(card, OVERTAKEN_BY_END)
