"""Queries on the inbox: webhooks as they arrived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from lz4.frame import compress, decompress

from bot.builds.webhook_event import Delivery
from bot.store.bulk import write_all
from bot.store.sql import bind_among, is_among
from bot.store.tables import deliveries
from bot.store.transactions import Store, Tx

# https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md#general-structure-of-lz4-frame-format
_MAGIC = b"\x04\x22\x4d\x18"
# A smaller body is kept as it came: a frame around it would save nothing.
_MIN_COMPRESSED = 256
# https://www.sqlite.org/lang_insert.html, https://www.postgresql.org/docs/current/functions-array.html
_KEEP = "INSERT INTO deliveries (delivery_id, event, body, received_at, next_at)"
_UNNESTED = (
    "SELECT *, at FROM unnest($1::text[], $2::text[], $3::bytea[], $4::float8[]) AS one (id, event, body, at)"
)


def compress_body(body: bytes) -> bytes:
    """Return the body as stored: compressing takes a fraction of the time that writing the rest would."""
    return body if len(body) < _MIN_COMPRESSED else compress(body)


def decompress_body(kept: bytes) -> bytes:
    """Return the body as it arrived; a body that wasn't compressed can't begin with these bytes, since it is JSON.

    A damaged frame is returned as it is: decoding it reports that it isn't JSON.
    """
    if not kept.startswith(_MAGIC):
        return kept
    try:
        return bytes(decompress(kept))
    except RuntimeError:
        return kept


async def insert_deliveries(store: Store, arrived: Sequence[Delivery]) -> None:
    """Insert deliveries by one statement; ignore those whose id is there already."""
    async with store.write_single() as line:
        await (_insert_into_sqlite if store.sqlite else _insert_into_postgresql)(line, arrived)


async def _insert_into_sqlite(line: Any, arrived: Sequence[Delivery]) -> None:
    """Insert in a single step of SQLite, so that Python's lock changes hands once for all rows."""
    values = ", ".join(["(?, ?, ?, ?, ?)"] * len(arrived))
    given = [value for item in arrived for value in (*_select_columns(item), item.received_at.timestamp())]
    await line.execute_fetchall(f"{_KEEP} VALUES {values} ON CONFLICT DO NOTHING", given)


async def _insert_into_postgresql(line: Any, arrived: Sequence[Delivery]) -> None:
    """Insert in the order of the ids, so that replicas that receive the same webhooks can't deadlock."""
    ordered = sorted(arrived, key=lambda item: item.id or "")
    columns = zip(*(_select_columns(item) for item in ordered), strict=True)
    await line.execute(f"{_KEEP} {_UNNESTED} ON CONFLICT DO NOTHING", *columns)


def _select_columns(delivery: Delivery) -> tuple[str | None, str, bytes, float]:
    return delivery.id, delivery.event, compress_body(delivery.body), delivery.received_at.timestamp()


_C = deliveries.c
_DUE = (_C.state == "new", _C.next_at <= sa.bindparam("now", type_=_C.next_at.type))
_LIMIT = sa.bindparam("most", type_=sa.Integer)
# Made once: what is asked every moment costs more to put together than to answer.
_WAITING = sa.select(_C.id).where(*_DUE).order_by(_C.id).limit(_LIMIT)
_OLDEST = (
    sa.select(_C.id, _C.event, _C.body, _C.delivery_id, _C.received_at, _C.attempts)
    .where(*_DUE)
    .order_by(_C.id)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
_BY_ROW = _OLDEST.where(_C.id == sa.bindparam("row"))
_NEXT_DUE = sa.select(sa.func.min(_C.next_at)).where(_C.state == "new")


class PendingDelivery(NamedTuple):
    """A delivery to read, and how often that has failed."""

    row: int
    delivery: Delivery
    attempts: int


async def claim_deliveries(
    tx: Tx, now: datetime, limit: int, only: int | None = None
) -> tuple[PendingDelivery, ...]:
    """Claim the oldest deliveries until the transaction ends; skip those that another replica has claimed."""
    that = {} if only is None else {"row": only}
    found = await tx.execute(_BY_ROW if that else _OLDEST, {"now": now, "most": limit, **that})
    claimed = [
        PendingDelivery(row, Delivery(event, decompress_body(body), *told), tries)
        for row, event, body, *told, tries in found
    ]
    return tuple(sorted(claimed, key=lambda item: (item.delivery.received_at, item.row)))


async def find_pending_ids(tx: Tx, now: datetime, limit: int) -> tuple[int, ...]:
    """Return the row ids of deliveries to read, oldest first."""
    return tuple(await tx.scalars(_WAITING, {"now": now, "most": limit}))


async def find_next_delivery_due(tx: Tx) -> datetime | None:
    """Return when the next delivery is due."""
    when: datetime | None = await tx.scalar(_NEXT_DUE)
    return when


async def mark_deliveries_read(tx: Tx, read: Sequence[PendingDelivery]) -> None:
    """Close deliveries: the row stays for a while so that a repeat is recognised, the body goes.

    SQLite would leave a row that shrinks alone on its page, which takes twice the time and permanently 2 KB per
    row, so there the row is deleted and inserted.
    """
    await tx.execute(_close_statement(tx.dialect.name), bind_among(tx, [item.row for item in read]))
    if tx.dialect.name == "sqlite":
        await write_all(tx, _insert_statement, [_select_read_values(item) for item in read])


@cache
def _close_statement(dialect: str) -> sa.Update | sa.Delete:
    which = is_among(dialect, deliveries.c.id)
    if dialect == "sqlite":
        return sa.delete(deliveries).where(which)
    return sa.update(deliveries).where(which).values(state="done", body=None)


def _insert_statement(_dialect: str, _columns: Sequence[str]) -> sa.Insert:
    return sa.insert(deliveries)


def _select_read_values(delivery: PendingDelivery) -> dict[str, Any]:
    heard = delivery.delivery
    named = {"id": delivery.row, "delivery_id": heard.id, "event": heard.event, "received_at": heard.received_at}
    return {**named, "state": "done", "attempts": delivery.attempts, "next_at": heard.received_at}


async def mark_delivery_failed(tx: Tx, row: int, reason: str, *, set_aside: bool, next_at: datetime) -> None:
    """Plan another try for a delivery that couldn't be read, or set it aside, with the reason."""
    values: dict[str, Any] = {"attempts": deliveries.c.attempts + 1, "reason": reason[:500], "next_at": next_at}
    if set_aside:
        values["state"] = "aside"
    await tx.execute(sa.update(deliveries).where(deliveries.c.id == row).values(values))


@dataclass(frozen=True)
class Backlog:
    """Deliveries to read (`new`, the oldest received at `since`), and those set aside with the latest reasons."""

    new: int
    since: datetime | None
    set_aside: int
    reasons: tuple[str, ...]


async def measure_backlog(tx: Tx) -> Backlog:
    """Return how many deliveries haven't been read."""
    c = deliveries.c
    new, since = (
        await tx.execute(sa.select(sa.func.count(), sa.func.min(c.received_at)).where(c.state == "new"))
    ).one()
    aside = await tx.scalar(sa.select(sa.func.count()).where(c.state == "aside"))
    latest = sa.select(c.id, c.event, c.reason).where(c.state == "aside").order_by(c.id.desc()).limit(5)
    reasons = tuple(f"{row.id} {row.event}: {row.reason}" for row in await tx.execute(latest))
    return Backlog(new, since, aside or 0, reasons)


async def find_unreadable(tx: Tx) -> tuple[tuple[int, str, str], ...]:
    """Return all deliveries set aside as (row id, event, reason), oldest first."""
    c = deliveries.c
    found = await tx.execute(sa.select(c.id, c.event, c.reason).where(c.state == "aside").order_by(c.id))
    return tuple((row.id, row.event, row.reason or "") for row in found)


async def retry_deliveries(tx: Tx, ids: Sequence[int]) -> int:
    """Read deliveries that were set aside once more; return how many there were."""
    chosen = (deliveries.c.state == "aside", deliveries.c.id.in_(ids))
    change = {"state": "new", "attempts": 0, "next_at": deliveries.c.received_at}
    return (await tx.execute(sa.update(deliveries).where(*chosen).values(change))).rowcount


async def delete_deliveries(tx: Tx, ids: Sequence[int]) -> int:
    """Discard deliveries that were set aside; return how many there were."""
    chosen = (deliveries.c.state == "aside", deliveries.c.id.in_(ids))
    return (await tx.execute(sa.update(deliveries).where(*chosen).values(state="done", body=None))).rowcount
