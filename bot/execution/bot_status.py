"""The bot's own status, and the read-only switch that stops writes to Buildkite."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.buildkite.request_budget import Budget, BudgetSnapshot
from bot.builds.cards.queries import count_due_messages, find_next_card_due
from bot.builds.ingest.queries import measure_backlog
from bot.builds.queries import count_polled_builds
from bot.history.queries import find_last_webhook_time
from bot.operations.queries import count_unconfirmed
from bot.runtime.clock import Clock
from bot.slack.notices import find_dropped_events
from bot.store import leases
from bot.store.sql import get_meta, set_meta
from bot.store.transactions import Store, Tx

_READONLY = "readonly"


@dataclass(frozen=True)
class BotStatus:
    """A snapshot of everything that waits. Times are those of the oldest waiting entry, None where nothing waits.

    `aside` are deliveries that could not be read; `writer` says who writes to the workspace, and with which fence.
    """

    now: datetime
    webhook_at: datetime | None
    events_dropped_at: datetime | None
    inbox: int
    inbox_since: datetime | None
    set_aside: int
    tracked: int
    unconfirmed: int
    cards_due: int
    cards_since: datetime | None
    unknown_invocations: int
    readonly_by: str | None
    budget: BudgetSnapshot
    leader: str
    reasons: tuple[str, ...] = field(default=())


class StatusService:
    """Reads the status from the database, and sets the read-only switch."""

    def __init__(self, store: Store, clock: Clock, budget: Budget, replica: str, lease: str | None) -> None:
        self._store = store
        self._clock = clock
        self._budget = budget
        self._replica = replica
        self._lease = lease

    async def read_status(self) -> BotStatus:
        """Read the whole status in one transaction."""
        now = self._clock.now()
        async with self._store.read() as tx:
            backlog = await measure_backlog(tx)
            return BotStatus(
                now=now,
                webhook_at=await find_last_webhook_time(tx),
                events_dropped_at=await find_dropped_events(tx, now),
                inbox=backlog.new,
                inbox_since=backlog.since,
                set_aside=backlog.set_aside,
                tracked=await count_polled_builds(tx, unconfirmed=False),
                unconfirmed=await count_polled_builds(tx, unconfirmed=True),
                cards_due=await count_due_messages(tx, now),
                cards_since=await find_next_card_due(tx),
                unknown_invocations=await count_unconfirmed(tx),
                readonly_by=await get_meta(tx, _READONLY) or None,
                budget=self._budget.snapshot(),
                leader=await self._describe_leader(tx),
                reasons=backlog.reasons,
            )

    async def find_readonly_by(self) -> str | None:
        """Return who stopped writes to Buildkite, or None."""
        async with self._store.read() as tx:
            return await get_meta(tx, _READONLY) or None

    async def set_readonly(self, by: str | None) -> None:
        """Stop writes to Buildkite in a person's name, or allow them again (None)."""
        async with self._store.write() as tx:
            await set_meta(tx, _READONLY, by or "")

    async def _describe_leader(self, tx: Tx) -> str:
        if self._lease is None:
            return f"this process ({self._replica}), the only one"
        lease = await leases.find_lease(tx, self._lease)
        if lease is None or lease.seconds <= 0:
            return "none right now"
        owner = "this process" if lease.holder == self._replica else "another replica"
        return f"{owner} ({lease.holder}), fence {lease.fence}, for {lease.seconds:.0f} s more"
