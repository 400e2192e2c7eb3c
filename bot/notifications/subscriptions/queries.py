"""Queries on subscriptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from bot.notifications.subscriptions.model import Subscription
from bot.store.sql import get_meta, insert_into, set_meta
from bot.store.tables_notifications import subscriptions
from bot.store.transactions import Tx

VERSION = "subscriptions_version"


async def get_subscriptions_version(tx: Tx) -> str:
    """Return the version of all subscriptions; while it stays the same, a cached copy is up to date."""
    return await get_meta(tx, VERSION) or ""


async def forget_cached_subscriptions(tx: Tx) -> None:
    """Make every replica read the subscriptions again, because rows were changed without going through here."""
    await _bump_version(tx, "changed")


async def find_all_subscriptions(tx: Tx) -> tuple[Subscription, ...]:
    """Return all subscriptions, oldest first."""
    found = await tx.execute(sa.select(subscriptions).order_by(subscriptions.c.created_at, subscriptions.c.id))
    return tuple(map(_read_subscription, found.mappings()))


async def find_subscriptions_of_channel(tx: Tx, channel: str) -> tuple[Subscription, ...]:
    """Return the subscriptions of a channel or DM, oldest first."""
    order = (subscriptions.c.created_at, subscriptions.c.id)
    found = await tx.execute(sa.select(subscriptions).where(subscriptions.c.channel == channel).order_by(*order))
    return tuple(map(_read_subscription, found.mappings()))


async def find_subscriptions_of_owner(tx: Tx, team: str, owner: str) -> tuple[Subscription, ...]:
    """Return a person's own subscriptions, oldest first."""
    query = sa.select(subscriptions).where(subscriptions.c.team == team, subscriptions.c.owner == owner)
    found = await tx.execute(query.order_by(subscriptions.c.created_at, subscriptions.c.id))
    return tuple(map(_read_subscription, found.mappings()))


async def find_subscriptions_made_by(tx: Tx, team: str, user: str) -> tuple[Subscription, ...]:
    """Return the subscriptions that a person made, for a channel or for themselves, oldest first."""
    made = sa.or_(subscriptions.c.created_by == user, subscriptions.c.owner == user)
    query = sa.select(subscriptions).where(subscriptions.c.team == team, made)
    found = await tx.execute(query.order_by(subscriptions.c.created_at, subscriptions.c.id))
    return tuple(map(_read_subscription, found.mappings()))


async def find_subscription(tx: Tx, subscription_id: str) -> Subscription | None:
    """Return the subscription with this id."""
    query = sa.select(subscriptions).where(subscriptions.c.id == subscription_id)
    row = (await tx.execute(query)).mappings().one_or_none()
    return _read_subscription(row) if row else None


async def save_subscription(tx: Tx, value: Subscription) -> None:
    """Save a subscription in place of one with the same id."""
    await _insert(tx, [value], update=True)
    await _bump_version(tx, value.id)


async def mute_subscriptions(tx: Tx, ids: Sequence[str], until: datetime | None) -> None:
    """Mute subscriptions until a time; None unmutes them."""
    await tx.execute(sa.update(subscriptions).where(subscriptions.c.id.in_(ids)).values(muted_until=until))
    await _bump_version(tx, f"{until}:{':'.join(ids)}")


async def delete_subscriptions(tx: Tx, ids: Sequence[str]) -> None:
    """Delete subscriptions."""
    await tx.execute(sa.delete(subscriptions).where(subscriptions.c.id.in_(ids)))
    await _bump_version(tx, f"-{':'.join(ids)}")


async def replace_file_subscriptions(tx: Tx, wanted: Sequence[Subscription]) -> tuple[int, int]:
    """Make these the file's subscriptions; return how many were added and removed. Unchanged ones stay."""
    query = sa.select(subscriptions.c.id).where(subscriptions.c.origin == "file")
    before = frozenset(await tx.scalars(query))
    now = {value.id: value for value in wanted}
    removed, new = sorted(before - now.keys()), sorted(now.keys() - before)
    if removed:
        await delete_subscriptions(tx, removed)
    if new:
        await _insert(tx, [now[id_] for id_ in new], update=False)
        await _bump_version(tx, f"+{':'.join(new)}")
    return len(new), len(removed)


async def _insert(tx: Tx, values: Sequence[Subscription], *, update: bool) -> None:
    row = insert_into(tx, subscriptions)
    changed = {name: row.excluded[name] for name in row.excluded.keys() if name != "id"}  # noqa: SIM118
    stated = (
        row.on_conflict_do_update(index_elements=["id"], set_=changed) if update else row.on_conflict_do_nothing()
    )
    await tx.execute(stated, [_encode_subscription(value) for value in values])


async def _bump_version(tx: Tx, what: str) -> None:
    """Change the version. Its counter makes every version unique, even if the same change happens twice."""
    before = await get_subscriptions_version(tx)
    count = int(before.partition(":")[0] or 0) + 1
    await set_meta(tx, VERSION, f"{count}:{what}"[:200])


def _encode_subscription(value: Subscription) -> dict[str, object]:
    return {**asdict(value), **{name: list(getattr(value, name)) for name in ("states", "creators", "sources")}}


def _read_subscription(row: sa.RowMapping) -> Subscription:
    lists = {name: tuple(row[name]) for name in ("states", "creators", "sources")}
    return Subscription(**{**row, **lists})
