"""A card's small print: commit, environment, progress, forecast and age; and how it names a fix."""
# ruff: noqa: E501 - the lines stand here as people read them

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from simulators.buildkite.models import Build
from tests.conversations.acts import ask_privately, start_build
from tests.conversations.world import World, format_message, open_world

WITH_WAIT = [
    {"label": "Test", "command": "bin/test", "key": "test"},
    "wait",
    {"label": "Package", "command": "bin/package", "key": "package"},
    {"label": "Ship", "command": "bin/ship", "key": "ship"},
]


@pytest.fixture
async def silent(tmp_path: Path) -> AsyncIterator[World]:
    """Provide a world without webhooks."""
    async with open_world(tmp_path, webhooks=False) as ready:
        yield ready


async def run_elsewhere(world: World, *fail: str, seconds: float = 0) -> Build:
    """Run a build that was started in Buildkite to its end, which takes that long."""
    build = world.buildkite.create_build_elsewhere("web", "main")
    world.buildkite.start_job(build.find_job("lint").id)
    world.clock.advance(seconds)
    world.buildkite.run_build(build, fail=list(fail))
    await world.settle(2)
    return build


async def test_progress_and_forecast(world: World) -> None:
    """A running build says how many jobs are done, how long it usually takes, and until when that would be."""
    for seconds in (300, 480, 900):
        await run_elsewhere(world, seconds=seconds)
    build = await start_build(world, "web -m 'Round prices' -e RING=canary -e DEBUG=1")
    for job, status in (("lint", None), ("test", 0)):
        world.buildkite.start_job(build.find_job(job).id)
        await world.settle(4)
        if status is not None:
            world.buildkite.finish_job(build.find_job(job).id, status)
    await world.settle(10)
    assert format_message(world.card()) == snapshot("""\
🔵 *Round prices* – web#4 is running on `main`
requested by alice 9edfa3d with `RING` `DEBUG` started 2026-11-02 09:28 UTC usually takes 8m, until about 2026-11-02 09:36 UTC 1 of 4 jobs done · 1 running · 2 waiting
[Cancel] [Open in Buildkite]\
""")
    edits = len(world.card().edits)
    await world.settle(300, step=5)
    assert len(world.card().edits) == edits
    world.buildkite.run_build(build, fail=["lint"])
    await world.settle(6)
    assert format_message(world.card()) == snapshot("""\
❌ *Round prices* – web#4 failed on `main`
requested by alice 9edfa3d with `RING` `DEBUG` took 5m 18s 2 passed · 1 failed · 1 skipped
❌ :eslint: Lint · exit status 1 · *new failure* · last passed in web#3
Commits since web#3, which passed
Last lines of *:eslint: Lint*:
```
exit status 1
```
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Rebuild with changes]\
""")


async def test_a_fix_says_what_it_fixed(world: World) -> None:
    """A card that was posted because a branch passes again says so, and so does its notification."""
    await world.alice.types(world.deploys, "/bk subscribe web --state fixed --yes")
    await world.settle(2)
    await run_elsewhere(world, "lint")
    await run_elsewhere(world)
    await world.settle(15)
    assert world.card().text == snapshot("✅ web#2 passed on main, fixed: web#1 had failed")
    assert format_message(world.card()).split("\n")[0] == snapshot(
        "✅ *web#2* passed on `main`, fixed: web#1 had failed"
    )


async def test_commits_since_the_last_build_that_passed(world: World) -> None:
    """A failure links to the commits since the build that passed last, however many failed since."""
    await run_elsewhere(world)
    await run_elsewhere(world, "lint")
    build = await start_build(world)
    world.buildkite.run_build(build, fail=["lint"])
    await world.settle(6)
    texts = [block["text"]["text"] for block in world.card().blocks if block["type"] == "section"]
    assert texts[1].split("\n")[-1] == snapshot(
        "<https://github.com/acme-inc/web/compare/f323ca74d344749096fd35d0adf20806e5214606...9b38fe803042e325a28f5ab01fdb8b3206d599e8|Commits since web#1>, which passed"
    )


async def test_a_card_says_how_old_it_is_while_webhooks_are_silent(silent: World) -> None:
    """After a minute without webhooks, a running build's card says when it was read, in one edit."""
    build = await start_build(silent)
    silent.buildkite.start_job(build.find_job("lint").id)
    await silent.settle(30)
    card = silent.card()
    assert ("is running" in card.plain(), "as of" in card.plain()) == (True, False)
    edits = len(card.edits)
    await silent.settle(300, step=5)
    assert ("as of" in card.plain(), len(card.edits) - edits) == (True, 1)
    silent.buildkite.run_build(build)
    await silent.settle(120, step=5)
    assert (" passed on " in card.plain(), "as of" in card.plain()) == (True, False)


async def test_skipped_jobs_count_alike(world: World) -> None:
    """A wait step isn't a job: card, job list, view and panel count the jobs that never ran, in the same words."""
    world.buildkite.pipeline("shop", name="Shop", steps=WITH_WAIT)
    build = await start_build(world, "shop")
    world.buildkite.start_job(build.find_job("test").id)
    world.clock.advance(75)
    world.buildkite.run_build(build, fail=["test"])
    await world.settle(6)
    assert "1 failed · 2 skipped" in world.card().plain()
    assert await ask_privately(world, world.bob, "job list shop 1") == snapshot("""\
Jobs of shop#1
Jobs
State · Job · Took · End · Agent
❌ failed · Test · 1m 15s · exit status 1 · ci-linux-1
⏭️ skipped · Package · – · – · –
⏭️ skipped · Ship · – · – · –
1 failed · 2 skipped
[Retry: Test] [Log: Test]\
""")
    assert await ask_privately(world, world.bob, "build view shop 1") == snapshot("""\
❌ shop#1 failed
*Branch*
`main`
*Commit*
9cdf5a8
*Started by*
alice
*Time*
took 1m 15s
*Source*
api
Jobs
State · Job · Took · End · Agent
❌ failed · Test · 1m 15s · exit status 1 · ci-linux-1
1 failed · 2 skipped
[Retry failed] [Rebuild] [Logs] [Artifacts] [Annotations]
[Follow here]\
""")
    assert await ask_privately(world, world.bob, "build list shop") == snapshot("""\
Builds of shop, newest first
State · Build · Branch · Author · Commit · Took · Created
❌ Failed · shop#1 · main · alice · 9cdf5a8 · 1m 15s · 2026-11-02 09:00 UTC\
""")
