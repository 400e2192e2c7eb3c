"""Looks after what is kept for people: under the newest key, and not longer than they are here.

Once after the start, where there are several keys: everything sealed comes under the newest. Once an hour: those
whose place in the workspace was not looked at for an hour, at most twenty a tick; the tokens of people who were
deactivated, or are not in the workspace any more, are deleted.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bot.access.accounts.queries import find_unchecked_users, mark_checked
from bot.access.accounts.service import Accounts
from bot.errors import Unavailable
from bot.runtime.clock import Clock
from bot.slack.people import PeopleDirectory
from bot.slack.types import Standing, Thread
from bot.store.key_rotation import KeyRotation
from bot.store.transactions import Transactions

EVERY = timedelta(hours=1)
BATCH = 20
GONE = frozenset({Standing.DEACTIVATED, Standing.STRANGER})
log = structlog.stdlib.get_logger(__name__)


class AccountUpkeep:
    """`rotation` is None where there is only one key."""

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        team: str,
        people: PeopleDirectory,
        accounts: Accounts,
        rotation: KeyRotation | None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._team = team
        self._people = people
        self._accounts = accounts
        self._rotation = rotation
        self._again_at = float("-inf")

    async def tick(self) -> int:
        """Says how many values were sealed anew and how many people were looked at."""
        renewed = await self._renew()
        if self._clock.monotonic() < self._again_at:
            return renewed
        async with self._store.read() as tx:
            due = await find_unchecked_users(tx, self._team, self._clock.now() - EVERY, BATCH)
        if len(due) < BATCH:
            self._again_at = self._clock.monotonic() + EVERY.total_seconds()
        return renewed + sum([await self._look(user) for user in due])

    async def next_at(self) -> datetime | None:
        """In an hour."""
        return self._clock.now() + timedelta(seconds=max(self._again_at - self._clock.monotonic(), 0))

    async def _renew(self) -> int:
        if self._rotation is None:
            return 0
        count = await self._rotation.rotate_all()
        self._rotation = None
        log.info("sealed anew", values=count)
        return count

    async def _look(self, user: str) -> bool:
        """One whom Slack cannot say anything of now keeps the token, and is looked at in an hour."""
        try:
            actor = await self._people.find_actor(user, Thread(self._team, ""), "schedule")
        except Unavailable:
            return False
        if actor.standing in GONE:
            return await self._accounts.dismiss(self._team, user, self._clock.now())
        async with self._store.write() as tx:
            await mark_checked(tx, self._team, user, self._clock.now())
        return True
