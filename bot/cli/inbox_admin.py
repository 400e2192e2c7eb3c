"""`kitestring inbox`: lists, retries and deletes webhook deliveries that couldn't be read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from bot.builds.ingest.queries import delete_deliveries, find_unreadable, retry_deliveries
from bot.errors import UsageError
from bot.settings import Settings
from bot.store.transactions import Store

Echo = Callable[[str], None]


async def print_unreadable(settings: Settings, echo: Echo) -> None:
    """Print a line for each delivery: row, event, reason."""
    async with _open_store(settings) as store, store.read() as tx:
        rows = await find_unreadable(tx)
    for row, event, reason in rows:
        echo(f"{row}\t{event}\t{reason}")
    if not rows:
        echo("No deliveries were set aside.")


async def retry_rows(settings: Settings, row_ids: Sequence[int], echo: Echo, *, everything: bool) -> None:
    """Put them back into the inbox. Raise UsageError if none are named, or one isn't set aside."""
    async with _open_store(settings) as store:
        ids = await _choose_rows(store, row_ids, everything=everything)
        async with store.write() as tx:
            count = await retry_deliveries(tx, ids)
    echo(f"{_count_deliveries(count)} will be read again.")


async def drop_rows(settings: Settings, row_ids: Sequence[int], echo: Echo, *, everything: bool) -> None:
    """Delete them. Raise UsageError if none are named, or one isn't set aside."""
    async with _open_store(settings) as store:
        ids = await _choose_rows(store, row_ids, everything=everything)
        async with store.write() as tx:
            count = await delete_deliveries(tx, ids)
    echo(f"{_count_deliveries(count)} deleted.")


def _count_deliveries(count: int) -> str:
    return f"{count} {'delivery' if count == 1 else 'deliveries'}"


async def _choose_rows(store: Store, row_ids: Sequence[int], *, everything: bool) -> list[int]:
    if not row_ids and not everything:
        raise UsageError("No rows given.", "Name rows from `kitestring inbox list`, or pass --all.")
    async with store.read() as tx:
        set_aside = [row for row, _event, _reason in await find_unreadable(tx)]
    if everything:
        return set_aside
    if unknown := sorted(set(row_ids) - set(set_aside)):
        rows = ", ".join(map(str, unknown))
        raise UsageError(f"Not set aside: {rows}. Nothing was changed.", "`kitestring inbox list` shows the rows.")
    return list(row_ids)


@asynccontextmanager
async def _open_store(settings: Settings) -> AsyncIterator[Store]:
    store = Store(settings.database_url.get_secret_value())
    try:
        yield store
    finally:
        await store.close()
