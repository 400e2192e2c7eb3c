"""Finds the buttons of a posted reply that have nothing left to do, and says who did it."""

from __future__ import annotations

from datetime import datetime

from bot.builds.cards.buttons import render_buttons
from bot.builds.cards.draft import find_rebuild
from bot.builds.cards.queries import find_card
from bot.builds.model import QueuedMessage, TrackedBuild
from bot.builds.queries import find_build, summarize_jobs
from bot.operations.acts.model import name_build
from bot.operations.acts.queries import find_last_act
from bot.slack.blockkit.blocks import Message
from bot.slack.blockkit.mrkdwn import Mrkdwn
from bot.slack.blockkit.outdated import remove_buttons
from bot.store.transactions import Tx

# Acts after which a build needs something else than before.
_DECISIVE_ACTS = ("build cancel", "build rebuild", "build retry", "job retry", "job unblock")


async def prune_reply(tx: Tx, queued: QueuedMessage, message: Message, now: datetime) -> Message:
    """Return a posted reply with only those buttons that the build's card has as well.

    A reply of an earlier generation keeps none: they would act on what has happened since.
    """
    card = await find_card(tx, queued.card_id or "")
    tracked = await find_build(tx, card.build_id) if card else None
    if card is None or tracked is None:
        return message
    is_past = tracked.generation != queued.generation
    offered = frozenset() if is_past else await _find_offered(tx, tracked, card.id)
    note = await _describe_last_act(tx, tracked, queued.created_at or now, now)
    return remove_buttons(message, lambda action: action not in offered, note)


async def _find_offered(tx: Tx, tracked: TrackedBuild, card_id: str) -> frozenset[str]:
    """Return the operations that the build's card offers now."""
    jobs = await summarize_jobs(tx, tracked)
    is_rebuilt = await find_rebuild(tx, tracked.build) is not None
    return frozenset(
        str(button["action_id"]) for button in render_buttons(tracked, jobs, card_id, rebuilt=is_rebuilt)
    )


async def _describe_last_act(tx: Tx, tracked: TrackedBuild, since: datetime, now: datetime) -> Mrkdwn | None:
    """Return who did something about the build since then, or None if no one did it through the bot."""
    ref = tracked.build.ref
    act = await find_last_act(tx, _DECISIVE_ACTS, name_build(ref.pipeline, ref.number))
    return act.render(now) if act and act.at >= since else None
