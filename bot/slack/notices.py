"""Takes Slack's notices about the app itself: events that it dropped, an end of the installation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from bot.runtime.durations import from_timestamp
from bot.store.sql import get_meta, set_meta
from bot.store.transactions import Transactions, Tx

_DROPPED_AT = "slack_events_dropped"
# The bot's status and the doctor mention dropped events for this long.
_MENTIONED_FOR = timedelta(days=1)
# https://docs.slack.dev/reference/events/app_uninstalled and its neighbors
LIFECYCLE_EVENTS = frozenset({"app_uninstalled", "tokens_revoked", "team_access_granted", "team_access_revoked"})
log = structlog.stdlib.get_logger(__name__)


class AppNotices:
    """Counts and logs notices; remembers when Slack last dropped events."""

    def __init__(self, store: Transactions, count: Callable[[str], None]) -> None:
        self._store = store
        self._count = count

    async def note_dropped_events(self, minute: int) -> None:
        """Note that Slack dropped events in the minute that began at this Unix time.

        https://docs.slack.dev/apis/events-api/#rate_limiting
        """
        self._count("app_rate_limited")
        log.warning("slack dropped events", minute=datetime.fromtimestamp(minute, UTC).isoformat())
        async with self._store.write() as tx:
            await set_meta(tx, _DROPPED_AT, str(minute))

    def note_event(self, kind: str) -> None:
        """Note an event that no listener takes."""
        if kind in LIFECYCLE_EVENTS:
            self._count(kind)
            log.warning("slack changed the installation", kind=kind)
        else:
            log.debug("event ignored", kind=kind)


async def find_dropped_events(tx: Tx, now: datetime) -> datetime | None:
    """Return when Slack last dropped events, if that was within a day."""
    at = from_timestamp(await get_meta(tx, _DROPPED_AT))
    return at if at and now - at <= _MENTIONED_FOR else None
