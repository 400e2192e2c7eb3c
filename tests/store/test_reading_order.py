"""Which builds are read first, when more are due than the budget has reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.buildkite.models import Build
from bot.builds.fold.build_fold import BuildFold
from bot.builds.queries import find_builds_due_for_reading
from bot.slack.types import Thread
from bot.store import migrate
from bot.store.transactions import Store

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def said(number: int, state: str) -> Build:
    """What a webhook says of a build."""
    web = f"https://buildkite.com/acme/web/builds/{number}"
    api = f"https://api.buildkite.com/v2/organizations/acme/pipelines/web/builds/{number}"
    build: dict[str, Any] = {"id": f"b{number}", "number": number, "url": api, "web_url": web, "state": state}
    build |= {"created_at": NOW, "started_at": NOW, "finished_at": NOW if state == "passed" else None}
    return Build.model_validate(build)


async def test_an_end_waits_for_no_line_of_builds_that_have_just_begun(store: Store) -> None:
    """Forty builds begin, and nobody has read them yet; the last one ends, and is the next to be read."""
    await migrate.upgrade(store.url.render_as_string(hide_password=False))
    async with store.write() as tx:
        rules = BuildFold(NOW, alive=True)
        for number in range(1, 41):
            await rules.follow(tx, said(number, "scheduled"), Thread("T1", "C1"), "U1", f"card-{number}")
        await rules.heard(tx, [(said(number, "running"), ()) for number in range(1, 41)])
    later = NOW + timedelta(seconds=20)
    async with store.write() as tx:
        await BuildFold(later, alive=True).heard(tx, [(said(40, "passed"), ())])
    async with store.read() as tx:
        due = await find_builds_due_for_reading(tx, later + timedelta(seconds=5), 50)
    assert [known.build.number for known, _failures in due] == [40, *range(1, 40)]
