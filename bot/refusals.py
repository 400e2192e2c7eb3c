"""Remembers in the database which new kinds of blocks the workspace refuses."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.clock import Clock
from bot.core import charts, tables
from bot.core.coverage import moment
from bot.errors import Unavailable
from bot.store.rows import get_meta, set_meta
from bot.store.store import Transactions

# A workspace that does not know the block yet is tried again after this long.
BELIEVED = timedelta(days=7)
# The kinds that not every workspace takes yet, each with the name of its note.
NEW = {charts.KIND: "charts_refused", tables.KIND: "tables_refused"}
log = structlog.stdlib.get_logger(__name__)


class Refusals:
    """New kinds of blocks come to one workspace after the other.

    A message with one that is not there yet is refused whole. https://docs.slack.dev/reference/block-kit/blocks
    """

    def __init__(self, store: Transactions, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._last: dict[str, bool] = {}

    async def refused(self, kind: str) -> bool:
        """Whether a block of that kind was refused lately; what was last known where the database does not say."""
        try:
            async with self._store.read() as tx:
                since = moment(await get_meta(tx, NEW[kind]))
        except Unavailable:
            return self._last.get(kind, False)
        self._last[kind] = since is not None and self._clock.now() - since <= BELIEVED
        return self._last[kind]

    async def note(self, kind: str) -> None:
        """It was refused just now."""
        self._last[kind] = True
        log.warning("block refused", block=kind)
        async with self._store.write() as tx:
            await set_meta(tx, NEW[kind], str(self._clock.now().timestamp()))
