"""Many rows are passed to the driver in another way than few, with the same result."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import sqlalchemy as sa

from bot.buildkite.resources import MARK_KEY
from bot.builds.ingest.inbox import Inbox
from bot.builds.ingest.queries import insert_deliveries
from bot.builds.webhook_event import Delivery
from bot.notifications.subscriptions.index import SubscriptionCache
from bot.runtime.clock import ManualClock
from bot.store import migrate
from bot.store.bulk import DRIVER_THRESHOLD
from bot.store.tables import builds, jobs
from bot.store.tables import deliveries as kept
from bot.store.tables_notifications import attempts, runs
from bot.store.transactions import Store
from webhooks.router import read_event

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
ALONE = 9001
TOGETHER = range(9002, 9003 + DRIVER_THRESHOLD)
BEGAN, ENDED = "2026-11-02 08:58:00 UTC", "2026-11-02 08:59:00 UTC"


def make_webhook(event: str, number: int, state: str, ended: str | None) -> Delivery:
    """Make a webhook about a build's only job, which is soft-failed so that the column is used."""
    api = f"https://api.buildkite.com/v2/organizations/acme/pipelines/web/builds/{number}"
    build = {"id": f"b{number}", "number": number, "url": api, "state": "running", "started_at": BEGAN}
    job = {"id": f"j{number}", "type": "script", "name": "Lint", "state": state, "started_at": BEGAN}
    job |= {"finished_at": ended, "soft_failed": bool(ended), "exit_status": 1 if ended else None}
    payload = {"event": event, "build": {**build, "branch": "it's", "meta_data": {MARK_KEY: "1"}}, "job": job}
    return Delivery(event, json.dumps(payload).encode(), f"{event}-{number}", NOW)


def make_life(number: int) -> list[Delivery]:
    """Make the webhooks of a job's start and end."""
    ends = make_webhook("job.finished", number, "failed", ENDED)
    return [make_webhook("job.started", number, "running", None), ends]


async def read_rows(store: Store, number: int) -> list[str]:
    """Return all rows about a build, without its number."""
    its = f"%{number}"
    queries = [sa.select(table).where(table.c.id.like(its)) for table in (builds, jobs, runs, attempts)]
    columns = [column for column in kept.c if column.name != "id"]
    queries.append(sa.select(*columns).where(kept.c.delivery_id.like(its)).order_by(kept.c.delivery_id))
    async with store.read() as tx:
        found = [dict(row) for query in queries for row in (await tx.execute(query)).mappings()]
    return [repr(row).replace(str(number), "N") for row in found]


async def test_many_rows_are_written_like_few(url: str, store: Store) -> None:
    """One build, and then enough for the other way at once, are folded: each has the same rows."""
    await migrate.upgrade(url)
    inbox = Inbox(store, ManualClock(NOW), read_event, lambda: None, lambda _age: None, SubscriptionCache())
    async with store.write_directly() as driver:
        await insert_deliveries(driver, make_life(ALONE))
    assert await inbox.tick() == 2
    async with store.write_directly() as driver:
        await insert_deliveries(driver, [item for number in TOGETHER for item in make_life(number)])
    before = store.commits
    assert await inbox.tick() == 2 * len(TOGETHER)
    assert store.commits - before == 1, "what fails together is tried again one by one"
    first = await read_rows(store, ALONE)
    assert len(first) == 6
    assert [await read_rows(store, number) for number in TOGETHER] == [first] * len(TOGETHER)
