"""Cards are due at once for what people would miss, and in their turn for job counts."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.builds.cards.update_order import RECHECK_AFTER
from bot.builds.fold.build_fold import BuildFold
from bot.builds.model import NewCard
from bot.slack.types import Thread
from bot.store import migrate
from bot.store.tables import cards
from bot.store.transactions import Store
from tests.store.test_fold_batches import NOW, make_report

NUMBER = 1


async def due_after(store: Store, planned: timedelta | None, *states: str) -> datetime | None:
    """Return when a running build's card, planned for that time, is due after a webhook reported job states."""
    await migrate.upgrade(store.url.render_as_string(hide_password=False))
    async with store.write() as tx:
        begun, _ = make_report((NUMBER, "running", 0, None, 1))
        rules = BuildFold(NOW, webhooks_arriving=True)
        await rules.track(tx, begun, NewCard("card", Thread("T1", "C1"), "U1"))
        await tx.execute(sa.update(cards).values(ts="1.0", due_at=planned and NOW + planned))
        for state in states:
            await rules.fold_webhooks(tx, [make_report((NUMBER, "running", 0, state, 1))])
        due: datetime | None = await tx.scalar(sa.select(cards.c.due_at))
    return due


@pytest.mark.parametrize(
    ("planned", "states", "due"),
    [
        (None, ("running",), timedelta(0)),
        (timedelta(seconds=9), ("running", "passed"), timedelta(seconds=9)),
        (2 * RECHECK_AFTER, ("passed",), timedelta(0)),
        (timedelta(seconds=9), ("running", "failed"), timedelta(0)),
        (timedelta(seconds=9), (), timedelta(seconds=9)),
    ],
    ids=["at rest", "its turn comes", "its turn is far", "a job failed", "nothing"],
)
async def test_counts_wait_for_their_turn(store, planned, states, due) -> None:
    """Progress of jobs doesn't make a card due earlier, a failed job does, and a resting card gets its turn."""
    assert await due_after(store, planned, *states) == NOW + due
