"""Queries on what a channel has chosen: what is said below its cards, and whether it wants quiet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.store.sql import insert_into
from bot.store.tables_notifications import channels
from bot.store.transactions import Tx


@dataclass(frozen=True)
class ChannelSettings:
    """`updates`: which replies are said below a card; `broadcast`: a failure is shown in the channel as well.

    `pipeline` is meant where none is named; `muted_until`: no subscription posts before then.
    """

    pipeline: str | None = None
    updates: str = "all"
    broadcast: bool = False
    muted_until: datetime | None = None

    def muted(self, now: datetime) -> bool:
        """Whether subscriptions post nothing there for now."""
        return self.muted_until is not None and now < self.muted_until


async def find_channel_settings(tx: Tx, team: str, channel: str) -> ChannelSettings:
    """What a channel has chosen, or what holds where it has chosen nothing."""
    query = sa.select(channels).where(channels.c.team == team, channels.c.channel == channel)
    row = (await tx.execute(query)).mappings().one_or_none()
    if row is None:
        return ChannelSettings()
    return ChannelSettings(row["pipeline"], row["updates"] or "all", row["broadcast"], row["muted_until"])


async def update_channel_settings(tx: Tx, team: str, channel: str, **values: Any) -> None:
    """Write some of it down."""
    row = insert_into(tx, channels).values(team=team, channel=channel, **values)
    await tx.execute(row.on_conflict_do_update(index_elements=["team", "channel"], set_=values))
