"""The platform: what all workspaces of a process share."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.app.prometheus import BotMetrics
from bot.app.wakeups import Wakeups
from bot.runtime.clock import Clock
from bot.runtime.loop import LoopName
from bot.settings import Settings
from bot.store.leader import ElectedLeader, FencedStore, Leadership, SingleProcess
from bot.store.migrate import check_schema, upgrade
from bot.store.postgres_session import PostgresSession
from bot.store.transactions import Store, Transactions, ignore_commit
from bot.store.vault import Vault, load_or_create_key

LEADER = "writer"


@dataclass(frozen=True)
class Platform:
    """The database, the clock, leadership and metrics.

    `leader_store` is the store for work of the leader: every write checks that this replica still leads. `replica`
    names this process.
    """

    clock: Clock
    store: Store
    leader_store: Transactions
    leadership: Leadership
    vault: Vault
    wakeups: Wakeups
    metrics: BotMetrics
    replica: str


@asynccontextmanager
async def open_platform(
    settings: Settings, clock: Clock, *, migrate: bool = True, committed: Callable[[int], None] = ignore_commit
) -> AsyncIterator[Platform]:
    """Open the database, migrate or check its schema, and join the other replicas. Raise KitestringError."""
    url = settings.database_url.get_secret_value()
    async with AsyncExitStack() as stack:
        store = Store(url, on_commit=committed)
        stack.push_async_callback(store.close)
        await (upgrade(url) if migrate else check_schema(url))
        vault, wakeups, replica = Vault(_find_secret_keys(settings)), Wakeups(), secrets.token_hex(4)
        leadership: Leadership = SingleProcess()
        leader_store: Transactions = store
        if settings.postgresql:
            session = PostgresSession(store.url, wakeups.handle_notification)
            stack.push_async_callback(session.close)
            # All loops, because those limited to the leader had nothing to do until now.
            wake_all = wakeups.local_waker(*LoopName)
            leadership = elected = ElectedLeader(LEADER, replica, store, session, clock, wake_all)
            leader_store = FencedStore(store, elected)
            wakeups.join(session, elected.is_leader)
        yield Platform(clock, store, leader_store, leadership, vault, wakeups, BotMetrics(), replica)


def _find_secret_keys(settings: Settings) -> tuple[str, ...]:
    if settings.secret_keys:
        return settings.secret_keys
    return (load_or_create_key(find_database_file(settings)),)


def find_database_file(settings: Settings) -> Path:
    """Return the path of the SQLite database."""
    return Path(settings.database_url.get_secret_value().partition(":///")[2])
