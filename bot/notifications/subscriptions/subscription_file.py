"""The subscriptions file: keeps the stored rules equal to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import structlog

from bot.notifications.subscriptions.file_parse import (
    InvalidSubscriptions,
    SubscriptionDocument,
    build_subscription,
    parse_subscriptions,
)
from bot.notifications.subscriptions.queries import replace_file_subscriptions
from bot.runtime.clock import Clock
from bot.runtime.file_reload import ReloadedFile, read_text
from bot.store.transactions import Transactions

log = structlog.stdlib.get_logger(__name__)
_EMPTY = SubscriptionDocument()


class ListedSubscriptions:
    """The current contents of the subscriptions file; empty without a path.

    The constructor raises InvalidSubscriptions if the file has mistakes.
    """

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._file = ReloadedFile(path, clock, load_subscriptions, "subscriptions") if path else None
        self._owners_read_from = _EMPTY
        self._owners: Mapping[str, str] = {}

    def get_document(self) -> SubscriptionDocument:
        """Return the file as last read: the same object while it is unchanged."""
        return self._file.value() if self._file else _EMPTY

    def get_owners(self) -> Mapping[str, str]:
        """Return Slack user ids by email address: the same object while the file is unchanged."""
        listing = self.get_document()
        if listing is not self._owners_read_from:
            self._owners_read_from, self._owners = listing, listing.map_owners()
        return self._owners


class SubscriptionFile:
    """Applies the file's rules whenever it changes."""

    def __init__(
        self, listed: ListedSubscriptions, store: Transactions, clock: Clock, team: str, wake: Callable[[], None]
    ) -> None:
        self._listed = listed
        self._store = store
        self._clock = clock
        self._team = team
        self._wake = wake
        self._applied: SubscriptionDocument | None = None

    async def tick(self) -> int:
        """Apply the file in one transaction if it has changed; return how many rules were added or removed."""
        listing = self._listed.get_document()
        if listing is self._applied:
            return 0
        now = self._clock.now()
        async with self._store.write() as tx:
            wanted = [build_subscription(table, self._team, now) for table in listing.subscription]
            added, removed = await replace_file_subscriptions(tx, wanted)
        self._applied = listing
        if added or removed:
            log.info("subscriptions file applied", added=added, removed=removed)
            self._wake()
        return added + removed

    async def next_at(self) -> datetime | None:
        """Return None: the loop's own interval is often enough for a file."""
        return None


def load_subscriptions(path: Path) -> SubscriptionDocument:
    """Return the contents of a file. Raise InvalidSubscriptions."""
    return parse_subscriptions(read_text(path, InvalidSubscriptions), path.name)
