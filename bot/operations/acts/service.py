"""Finds for operations who did something before, and when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from bot.operations.acts.model import Act
from bot.operations.acts.queries import find_last_act, find_last_acts
from bot.runtime.clock import Clock
from bot.slack.blockkit.mrkdwn import Mrkdwn
from bot.store.transactions import Store


class Acts:
    """The acts of people on builds, jobs and agents, as far as they used the bot."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def find_last(self, operations: Collection[str], about: str) -> Act | None:
        """Return the newest act of one of these operations on a subject, or None."""
        async with self._store.read() as tx:
            return await find_last_act(tx, operations, about)

    async def find_last_of_each(self, operations: Collection[str], abouts: Sequence[str]) -> dict[str, Act]:
        """Return the newest act on each of these subjects that has one."""
        if not abouts:
            return {}
        async with self._store.read() as tx:
            return await find_last_acts(tx, operations, abouts)

    async def describe_last(self, operations: Collection[str], about: str) -> Mrkdwn:
        """Return who did one of these operations last and when, ` by Alice at 5:07 PM`; empty if no one did."""
        act = await self.find_last(operations, about)
        return Mrkdwn(f" {act.describe(self._clock.now())}") if act else Mrkdwn("")

    def now(self) -> datetime:
        """Return the time that a description refers to."""
        return self._clock.now()
