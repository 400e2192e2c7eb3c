"""Queries on the inbox: webhooks as they arrived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import NamedTuple

import sqlalchemy as sa
from lz4.frame import compress, decompress

from bot.builds.webhook_event import Delivery
from bot.store.bulk import write_all
from bot.store.drivers import Driver, SqlCall, SqliteDriver
from bot.store.sql import bind_among, is_among
from bot.store.tables import deliveries
from bot.store.transactions import Tx

# https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md#general-structure-of-lz4-frame-format
_MAGIC = b"\x04\x22\x4d\x18"
# Bytes: compressing a smaller body saves nothing, because of the frame around it.
_MIN_COMPRESSED = 256
# https://www.sqlite.org/lang_insert.html, https://www.postgresql.org/docs/current/functions-array.html
_KEEP = "INSERT INTO deliveries (delivery_id, event, body, received_at, next_at)"
_UNNESTED = "SELECT *, at FROM unnest(?::text[], ?::text[], ?::bytea[], ?::float8[]) AS one (id, event, body, at)"


def compress_body(body: bytes) -> bytes:
    """Return the body as stored: compressing takes a fraction of the time that writing the rest would."""
    return body if len(body) < _MIN_COMPRESSED else compress(body)


def decompress_body(stored: bytes) -> bytes:
    """Return the body as it arrived: an uncompressed one is JSON, which can't begin with the magic number.

    A damaged frame is returned as it is: decoding it reports that it isn't JSON.
    """
    if not stored.startswith(_MAGIC):
        return stored
    try:
        return bytes(decompress(stored))
    except RuntimeError:
        return stored


async def insert_deliveries(driver: Driver, arrived: Sequence[Delivery]) -> None:
    """Insert deliveries by one statement; ignore those whose id is there already."""
    make_call = _make_sqlite_call if isinstance(driver, SqliteDriver) else _make_postgresql_call
    await driver.execute([make_call(arrived)])


def _make_sqlite_call(arrived: Sequence[Delivery]) -> SqlCall:
    """Insert in a single step of SQLite, so that Python's lock changes hands once for all rows."""
    values = ", ".join(["(?, ?, ?, ?, ?)"] * len(arrived))
    bound = [
        value for delivery in arrived for value in (*_select_columns(delivery), delivery.received_at.timestamp())
    ]
    return SqlCall(f"{_KEEP} VALUES {values} ON CONFLICT DO NOTHING", [bound])


def _make_postgresql_call(arrived: Sequence[Delivery]) -> SqlCall:
    """Insert in the order of the ids, so that replicas that receive the same webhooks can't deadlock."""
    ordered = sorted(arrived, key=lambda delivery: delivery.id or "")
    columns = list(zip(*(_select_columns(delivery) for delivery in ordered), strict=True))
    return SqlCall(f"{_KEEP} {_UNNESTED} ON CONFLICT DO NOTHING", [columns])


def _select_columns(delivery: Delivery) -> tuple[str | None, str, bytes, float]:
    return delivery.id, delivery.event, compress_body(delivery.body), delivery.received_at.timestamp()


_C = deliveries.c
_DUE = (_C.state == "new", _C.next_at <= sa.bindparam("now", type_=_C.next_at.type))
_LIMIT = sa.bindparam("most", type_=sa.Integer)
# Built once: for queries that run all the time, building them would cost more than running them.
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
    by_row = {} if only is None else {"row": only}
    found = await tx.execute(_BY_ROW if by_row else _OLDEST, {"now": now, "most": limit, **by_row})
    claimed = [
        PendingDelivery(row, Delivery(event, decompress_body(body), delivery_id, received_at), tries)
        for row, event, body, delivery_id, received_at, tries in found
    ]
    # Row ids don't follow the order of arrival where several processes insert.
    return tuple(sorted(claimed, key=lambda pending: (pending.delivery.received_at, pending.row)))


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
    await tx.execute(_close_statement(tx.dialect.name), bind_among(tx, [pending.row for pending in read]))
    if tx.dialect.name == "sqlite":
        await write_all(tx, _insert_statement, [_select_read_values(pending) for pending in read])


@cache
def _close_statement(dialect: str) -> sa.Update | sa.Delete:
    which = is_among(dialect, deliveries.c.id)
    if dialect == "sqlite":
        return sa.delete(deliveries).where(which)
    return sa.update(deliveries).where(which).values(state="done", body=None)


def _insert_statement(_dialect: str, _columns: Sequence[str]) -> sa.Insert:
    return sa.insert(deliveries)


def _select_read_values(pending: PendingDelivery) -> dict[str, object]:
    delivery = pending.delivery
    return {
        "id": pending.row,
        "delivery_id": delivery.id,
        "event": delivery.event,
        "received_at": delivery.received_at,
        "state": "done",
        "attempts": pending.attempts,
        "next_at": delivery.received_at,
    }


async def mark_delivery_failed(tx: Tx, row: int, reason: str, *, set_aside: bool, next_at: datetime) -> None:
    """Plan another try for a delivery that couldn't be read, or set it aside, with the reason."""
    change = sa.update(deliveries).where(deliveries.c.id == row)
    change = change.values(attempts=deliveries.c.attempts + 1, reason=reason[:500], next_at=next_at)
    await tx.execute(change.values(state="aside") if set_aside else change)


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
    set_aside = await tx.scalar(sa.select(sa.func.count()).where(c.state == "aside"))
    latest = sa.select(c.id, c.event, c.reason).where(c.state == "aside").order_by(c.id.desc()).limit(5)
    reasons = tuple(f"{row.id} {row.event}: {row.reason}" for row in await tx.execute(latest))
    return Backlog(new, since, set_aside or 0, reasons)


async def find_unreadable(tx: Tx) -> tuple[tuple[int, str, str], ...]:
    """Return all deliveries set aside as (row id, event, reason), oldest first."""
    c = deliveries.c
    found = await tx.execute(sa.select(c.id, c.event, c.reason).where(c.state == "aside").order_by(c.id))
    return tuple((row.id, row.event, row.reason or "") for row in found)


async def retry_deliveries(tx: Tx, ids: Sequence[int]) -> int:
    """Read deliveries that were set aside once more; return how many there were."""
    set_aside = (deliveries.c.state == "aside", deliveries.c.id.in_(ids))
    change = {"state": "new", "attempts": 0, "next_at": deliveries.c.received_at}
    return (await tx.execute(sa.update(deliveries).where(*set_aside).values(change))).rowcount


async def delete_deliveries(tx: Tx, ids: Sequence[int]) -> int:
    """Discard deliveries that were set aside; return how many there were."""
    set_aside = (deliveries.c.state == "aside", deliveries.c.id.in_(ids))
    return (await tx.execute(sa.update(deliveries).where(*set_aside).values(state="done", body=None))).rowcount
