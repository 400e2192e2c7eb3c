"""The file of subscriptions: its rules take the place of those that stood in it before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import structlog

from bot.notifications.subscriptions.file_parse import Listing, WrongSubscriptions, read, subscription
from bot.notifications.subscriptions.queries import replace_file_subscriptions
from bot.runtime.clock import Clock
from bot.runtime.file_reload import ReloadedFile, read_text
from bot.store.transactions import Transactions

log = structlog.stdlib.get_logger(__name__)
_NOTHING = Listing()


class Listed:
    """What stands in the file now; nothing without a path.

    Raises WrongSubscriptions when it is made and the file cannot be used.
    """

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._file = ReloadedFile(path, clock, load, "subscriptions") if path else None
        self._read = _NOTHING
        self._owners: Mapping[str, str] = {}

    def listing(self) -> Listing:
        """The file as it was read last; the same object while it is the same."""
        return self._file.value() if self._file else _NOTHING

    def owners(self) -> Mapping[str, str]:
        """The Slack user id by e-mail address; the same object while the file is the same."""
        listing = self.listing()
        if listing is not self._read:
            self._read, self._owners = listing, listing.owners()
        return self._owners


class SubscriptionFile:
    """Applies what is listed, whenever it has changed."""

    def __init__(
        self, listed: Listed, store: Transactions, clock: Clock, team: str, wake: Callable[[], None]
    ) -> None:
        self._listed = listed
        self._store = store
        self._clock = clock
        self._team = team
        self._wake = wake
        self._applied: Listing | None = None

    async def tick(self) -> int:
        """Apply what stands there, in one transaction, where it has changed; says how many rules came or went."""
        listing = self._listed.listing()
        if listing is self._applied:
            return 0
        now = self._clock.now()
        async with self._store.write() as tx:
            wanted = [subscription(item, self._team, now) for item in listing.subscription]
            came, went = await replace_file_subscriptions(tx, wanted)
        self._applied = listing
        if came or went:
            log.info("subscriptions of the file applied", came=came, went=went)
            self._wake()
        return came + went

    async def next_at(self) -> datetime | None:
        """Whenever the loop looks by itself."""
        return None


def load(path: Path) -> Listing:
    """What a file says. Raises WrongSubscriptions."""
    return read(read_text(path, WrongSubscriptions), path.name)
