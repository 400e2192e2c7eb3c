"""The most urgent builds are read first if more are due than the budget allows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.buildkite.models import Build
from bot.builds.fold.build_fold import BuildFold
from bot.builds.model import NewCard
from bot.builds.queries import find_builds_due_for_reading
from bot.slack.types import Thread
from bot.store import migrate
from bot.store.transactions import Store

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def make_build(number: int, state: str) -> Build:
    """Make a build as a webhook reports it."""
    web = f"https://buildkite.com/acme/web/builds/{number}"
    api = f"https://api.buildkite.com/v2/organizations/acme/pipelines/web/builds/{number}"
    build: dict[str, Any] = {"id": f"b{number}", "number": number, "url": api, "web_url": web, "state": state}
    build |= {"created_at": NOW, "started_at": NOW, "finished_at": NOW if state == "passed" else None}
    return Build.model_validate(build)


async def test_an_end_is_read_before_new_builds(store: Store) -> None:
    """Forty builds begin and haven't been read when the last one ends: it is read next."""
    await migrate.upgrade(store.url.render_as_string(hide_password=False))
    async with store.write() as tx:
        rules = BuildFold(NOW, webhooks_arriving=True)
        for number in range(1, 41):
            card = NewCard(f"card-{number}", Thread("T1", "C1"), "U1")
            await rules.track(tx, make_build(number, "scheduled"), card)
        await rules.fold_webhooks(tx, [(make_build(number, "running"), ()) for number in range(1, 41)])
    later = NOW + timedelta(seconds=20)
    async with store.write() as tx:
        await BuildFold(later, webhooks_arriving=True).fold_webhooks(tx, [(make_build(40, "passed"), ())])
    async with store.read() as tx:
        due = await find_builds_due_for_reading(tx, later + timedelta(seconds=5), 50)
    assert [known.build.number for known, _failures in due] == [40, *range(1, 40)]
