"""What an operator may do with webhooks that were set aside: look, read again, forget."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from bot.builds.ingest.queries import delete_deliveries, find_unreadable, retry_deliveries
from bot.errors import UsageError
from bot.settings import Settings
from bot.store.transactions import Store

Say = Callable[[str], None]


async def show(settings: Settings, say: Say) -> None:
    """One line each: row, event, reason."""
    async with _store(settings) as store, store.read() as tx:
        found = await find_unreadable(tx)
    for row, event, reason in found:
        say(f"{row}\t{event}\t{reason}")
    if not found:
        say("Nothing was set aside.")


async def retry(settings: Settings, chosen: Sequence[int], say: Say, *, everything: bool) -> None:
    """Read them once more. Raises UsageError when none are named."""
    async with _store(settings) as store:
        ids = await _ids(store, chosen, everything=everything)
        async with store.write() as tx:
            count = await retry_deliveries(tx, ids)
    say(f"{count} will be read again.")


async def drop(settings: Settings, chosen: Sequence[int], say: Say, *, everything: bool) -> None:
    """Forget them. Raises UsageError when none are named."""
    async with _store(settings) as store:
        ids = await _ids(store, chosen, everything=everything)
        async with store.write() as tx:
            count = await delete_deliveries(tx, ids)
    say(f"{count} forgotten.")


async def _ids(store: Store, chosen: Sequence[int], *, everything: bool) -> list[int]:
    if not chosen and not everything:
        raise UsageError("No rows were named.", "Give numbers from `kitestring inbox list`, or --all.")
    if not everything:
        return list(chosen)
    async with store.read() as tx:
        return [row for row, _event, _reason in await find_unreadable(tx)]


@asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[Store]:
    store = Store(settings.database_url.get_secret_value())
    try:
        yield store
    finally:
        await store.close()
