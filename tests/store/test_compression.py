"""Bodies of webhooks are packed for the disk and unpacked again."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from bot.builds.ingest.queries import claim_deliveries, compress_body, decompress_body, insert_deliveries
from bot.builds.webhook_event import Delivery
from bot.store import migrate
from bot.store.tables import deliveries as rows
from bot.store.transactions import Store

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(), inner, max_size=30),
)


@given(st.dictionaries(st.text(), _VALUES), st.integers(min_value=0, max_value=300))
def test_packing_is_lossless(payload: dict[str, object], spaces: int) -> None:
    """Any JSON object is unpacked unchanged, and bodies that an earlier version stored unpacked are still read."""
    body = (json.dumps(payload, ensure_ascii=False) + " " * spaces).encode()
    assert decompress_body(compress_body(body)) == body
    assert decompress_body(body) == body
    assert len(compress_body(body)) <= len(body) + 15  # no more than a frame's own words


async def test_a_large_body_takes_little_space(url: str, store: Store) -> None:
    """Forty kilobytes of steps take a fraction of that on disk, and are read back whole."""
    await migrate.upgrade(url)
    body = json.dumps({"event": "ping", "steps": [{"command": f"make {n}"} for n in range(1500)]}).encode()
    async with store.write_directly() as driver:
        await insert_deliveries(driver, [Delivery("ping", body, "large", NOW)])
    async with store.write() as tx:
        kept = await tx.scalar(sa.select(sa.func.length(rows.c.body)))
        (claimed,) = await claim_deliveries(tx, NOW, 10)
    assert kept is not None
    assert kept < len(body) / 4
    assert claimed.delivery.body == body
