"""Replicas share out the deliveries among themselves."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from bot.builds.ingest.queries import claim_deliveries, insert_deliveries
from bot.builds.webhook_event import Delivery
from bot.store import migrate
from bot.store.transactions import Store

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


async def test_replicas_claim_different_deliveries(database: sa.URL) -> None:
    """Two replicas that claim at the same moment never get the same delivery, and miss none."""
    url = database.render_as_string(hide_password=False)
    await migrate.upgrade(url)
    store = Store(url)
    async with store.write_directly() as driver:
        await insert_deliveries(driver, [Delivery("ping", b"{}", f"d{number}", NOW) for number in range(6)])
    async with store.write() as first, store.write() as second:
        ours = await claim_deliveries(first, NOW, 4)
        theirs = await claim_deliveries(second, NOW, 4)
    rows = [item.row for item in (*ours, *theirs)]
    assert len(rows) == len(set(rows)) == 6
    await store.close()
