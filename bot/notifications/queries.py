"""Queries on a channel's settings: default pipeline, replies in build threads, and mute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa

from bot.store.sql import insert_into
from bot.store.tables_notifications import channels
from bot.store.transactions import Tx

T = TypeVar("T")


@dataclass(frozen=True)
class ChannelSettings:
    """The settings of a channel.

    `pipeline` is the default one; `updates` selects the replies in a build's thread; `broadcast` shows failures in
    the channel too; no subscription posts before `muted_until`.
    """

    pipeline: str | None = None
    updates: str = "all"
    broadcast: bool = False
    muted_until: datetime | None = None

    def is_muted(self, now: datetime) -> bool:
        """Return whether subscriptions are muted in the channel."""
        return self.muted_until is not None and now < self.muted_until


async def find_channel_settings(tx: Tx, team: str, channel: str) -> ChannelSettings:
    """Return a channel's settings, with defaults for what it hasn't set."""
    query = sa.select(channels).where(channels.c.team == team, channels.c.channel == channel)
    row = (await tx.execute(query)).mappings().one_or_none()
    if row is None:
        return ChannelSettings()
    return ChannelSettings(row["pipeline"], row["updates"] or "all", row["broadcast"], row["muted_until"])


async def choose_default_pipeline(tx: Tx, team: str, channel: str, slug: str | None) -> None:
    """Save a channel's default pipeline; None clears it."""
    await _save(tx, team, channel, channels.c.pipeline, slug)


async def choose_updates(tx: Tx, team: str, channel: str, updates: str) -> None:
    """Save which replies are posted in a channel's build threads."""
    await _save(tx, team, channel, channels.c.updates, updates)


async def choose_broadcast(tx: Tx, team: str, channel: str, broadcast: bool) -> None:
    """Save whether a channel shows failures outside of threads too."""
    await _save(tx, team, channel, channels.c.broadcast, broadcast)


async def mute_channel(tx: Tx, team: str, channel: str, until: datetime | None) -> None:
    """Mute a channel's subscriptions until a time; None unmutes them."""
    await _save(tx, team, channel, channels.c.muted_until, until)


async def _save(tx: Tx, team: str, channel: str, column: sa.Column[T], value: T | None) -> None:
    """Save a setting of a channel; the others stay."""
    change = {column.name: value}
    row = insert_into(tx, channels).values(team=team, channel=channel, **change)
    await tx.execute(row.on_conflict_do_update(index_elements=["team", "channel"], set_=change))
