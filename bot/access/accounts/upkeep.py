"""Re-encrypts stored secrets with the newest key, and deletes the tokens of people who have left.

Re-encryption runs once after the start, if there are several keys. Each person's membership is checked once an
hour, at most twenty people per tick, which leaves Slack's rate limit to interactive requests.
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

CHECK_INTERVAL = timedelta(hours=1)
CHECKS_PER_TICK = 20
DEPARTED = frozenset({Standing.DEACTIVATED, Standing.STRANGER})
log = structlog.stdlib.get_logger(__name__)


class AccountUpkeep:
    """Keeps accounts up to date; `rotation` is None if there is only one key."""

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
        self._next_check = float("-inf")

    async def tick(self) -> int:
        """Return the number of re-encrypted values plus the number of people who were checked."""
        renewed = await self._reseal()
        if self._clock.monotonic() < self._next_check:
            return renewed
        async with self._store.read() as tx:
            due = await find_unchecked_users(tx, self._team, self._clock.now() - CHECK_INTERVAL, CHECKS_PER_TICK)
        if len(due) < CHECKS_PER_TICK:
            self._next_check = self._clock.monotonic() + CHECK_INTERVAL.total_seconds()
        return renewed + sum([await self._check_person(user) for user in due])

    async def next_at(self) -> datetime | None:
        """Return the time of the next check."""
        return self._clock.now() + timedelta(seconds=max(self._next_check - self._clock.monotonic(), 0))

    async def _reseal(self) -> int:
        if self._rotation is None:
            return 0
        count = await self._rotation.rotate_all()
        self._rotation = None
        log.info("secrets re-encrypted", values=count)
        return count

    async def _check_person(self, user: str) -> bool:
        """Check a person. If Slack can't say whether they have left, the token stays until the next check."""
        try:
            actor = await self._people.find_actor(user, Thread(self._team, ""), "schedule")
        except Unavailable:
            return False
        if actor.standing in DEPARTED:
            return await self._accounts.delete_departed(self._team, user, self._clock.now())
        async with self._store.write() as tx:
            await mark_checked(tx, self._team, user, self._clock.now())
        return True
