"""The file of subscriptions: its rules take the place of those that stood in it before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from bot.clock import Clock
from bot.core.subscription_text import SubscriptionTable, WrongSubscriptions, read, subscription
from bot.store import subscriptions
from bot.store.store import Transactions
from bot.watched import Watched, text_of

log = structlog.stdlib.get_logger(__name__)
Tables = tuple[SubscriptionTable, ...]


class SubscriptionFile:
    """Without a path there are none. Raises WrongSubscriptions when it is made and the file cannot be used."""

    def __init__(
        self, path: Path | None, store: Transactions, clock: Clock, team: str, wake: Callable[[], None]
    ) -> None:
        self._file = Watched(path, clock, load, "subscriptions") if path else None
        self._store = store
        self._clock = clock
        self._team = team
        self._wake = wake
        self._applied: Tables | None = None

    async def tick(self) -> int:
        """Apply what stands there, in one transaction, where it has changed; says how many rules came or went."""
        tables = self._file.value() if self._file else ()
        if tables is self._applied:
            return 0
        now = self._clock.now()
        async with self._store.write() as tx:
            wanted = [subscription(one, self._team, now) for one in tables]
            came, went = await subscriptions.replace_file(tx, wanted)
        self._applied = tables
        if came or went:
            log.info("subscriptions of the file applied", came=came, went=went)
            self._wake()
        return came + went

    async def next_at(self) -> datetime | None:
        """Whenever the loop looks by itself."""
        return None


def load(path: Path) -> Tables:
    """The rules of a file. Raises WrongSubscriptions."""
    return read(text_of(path, WrongSubscriptions), path.name)
