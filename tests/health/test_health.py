"""Conversations about health reports."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

from pathlib import Path

from inline_snapshot import snapshot

from simulators.slack.models import Message
from tests.conversations.acts import ask_privately
from tests.conversations.world import World, format_message, open_world
from tests.health.played import build, hours, settle_reports

CHART = "data_visualization"


async def play_week(world: World) -> None:
    """Simulate a week in which web fails every other day and api passes, with all webhooks arriving."""
    await settle_reports(world)
    for day in range(4):
        build(world, "web", fail=["lint"] if day % 2 else (), seconds=40 + 10 * day)
        build(world, "api", seconds=20)
        hours(world, 23)
        await settle_reports(world)
    build(world, "web", seconds=30)
    await settle_reports(world)


def find_chart_titles(message: Message) -> list[str]:
    """Return the titles of a message's charts."""
    return [block["title"] for block in message.blocks or () if block["type"] == CHART]


async def test_a_weekly_report_is_private(world: World) -> None:
    """Bob gets a private report on web with numbers, outliers and two charts."""
    await play_week(world)
    assert await ask_privately(world, world.bob, "health web") == snapshot("""\
*Health of web over the last 7 days*
*Builds*
5 (was 0)
3 passed, 2 failed
*Pass rate*
60.0 %
*Duration*
median 4m 40s
p95 7m
*Queue time*
median 1m 10s
p95 3m 30s
*Slowest steps*
:eslint: Lint: 2m 30s (median of 5)
:jest: Test 1/2: 2m 30s (median of 5)
:jest: Test 2/2: 2m 30s (median of 5)
[bar] Builds per day
  Fri 30 | Sat 31 | Sun 1 | Mon 2 | Tue 3 | Wed 4 | Thu 5 | Fri 6
  Passed: 0 | 0 | 0 | 1 | 0 | 1 | 0 | 1
  Failed: 0 | 0 | 0 | 0 | 1 | 0 | 1 | 0
[bar] Median duration per day
  Fri 30 | Sat 31 | Sun 1 | Mon 2 | Tue 3 | Wed 4 | Thu 5 | Fri 6
  Minutes: 0 | 0 | 0 | 4.7 | 4.2 | 7 | 5.8 | 3.5
Based on 5 builds. 1 was just fetched, including the previous period. Median and p95 use the nearest rank. Pass rate and durations exclude canceled builds.
[Share here] [Last 24 hours] [Last 30 days]\
""")
    assert world.slack.messages(world.deploys) == []


async def test_several_pipelines_by_name_and_glob(world: World) -> None:
    """Several pipelines are named or matched by patterns; the one with the most failures is listed."""
    await play_week(world)
    assert await ask_privately(world, world.bob, "health api 'w*' --since 24h") == snapshot("""\
*Health of api and web over the last 24 hours*
*Builds*
3 (was 2, +50 %)
2 passed, 1 failed
*Pass rate*
66.7 % (was 100.0 %, −33.3 points)
*Duration*
median 3m 30s (was 1m 40s, +110 %)
p95 5m 50s (was 7m, −17 %)
*Queue time*
median 40s (was 1m, −33 %)
p95 3m 30s (was 3m, +17 %)
*Slowest steps*
`web` :eslint: Lint: 1m 30s (median of 2)
`web` :jest: Test 1/2: 1m 30s (median of 2)
`web` :jest: Test 2/2: 1m 30s (median of 2)
*Most failures*
`web`: 1 of 2
[bar] Builds per two hours
  Thu 06:00 | Thu 08:00 | Thu 10:00 | Thu 12:00 | Thu 14:00 | Thu 16:00 | Thu 18:00 | Thu 20:00 | Thu 22:00 | Fri 00:00 | Fri 02:00 | Fri 04:00 | Fri 06:00
  Passed: 1 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 1
  Failed: 1 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0
[bar] Median duration per two hours
  Thu 06:00 | Thu 08:00 | Thu 10:00 | Thu 12:00 | Thu 14:00 | Thu 16:00 | Thu 18:00 | Thu 20:00 | Thu 22:00 | Fri 00:00 | Fri 02:00 | Fri 04:00 | Fri 06:00
  Minutes: 1.7 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 3.5
Based on 3 builds. Median and p95 use the nearest rank. Pass rate and durations exclude canceled builds.
[Share here] [Last 7 days] [Last 30 days]\
""")


async def test_all_pipelines_are_the_default(world: World) -> None:
    """Without a name, the report covers every pipeline and says how many there are."""
    await play_week(world)
    assert (await ask_privately(world, world.bob, "health --since 30d")).split("\n")[:3] == snapshot(
        ["*Health of 5 pipelines over the last 30 days*", "*Builds*", "9 (was 0)"]
    )


async def test_a_period_without_builds(world: World) -> None:
    """For a period without builds, the report says so, without charts or invented numbers."""
    assert await ask_privately(world, world.bob, "health") == snapshot("""\
*Health of 5 pipelines over the last 7 days*
No build ended in the last 7 days.
Based on 0 builds.
[Share here] [Last 24 hours] [Last 30 days]\
""")


async def test_a_single_build(world: World) -> None:
    """One build is enough for a report; there's no comparison without earlier builds."""
    build(world, "docs-site")
    await settle_reports(world)
    assert await ask_privately(world, world.bob, "health docs-site --since 24h") == snapshot("""\
*Health of docs-site over the last 24 hours*
*Builds*
1 (was 0)
1 passed
*Pass rate*
100.0 %
*Duration*
median 1m 30s
p95 1m 30s
*Queue time*
median 30s
p95 30s
*Slowest steps*
:books: Build: 30s (median of 1)
:globe_with_meridians: Publish: 30s (median of 1)
[bar] Builds per two hours
  Sun 10:00 | Sun 12:00 | Sun 14:00 | Sun 16:00 | Sun 18:00 | Sun 20:00 | Sun 22:00 | Mon 00:00 | Mon 02:00 | Mon 04:00 | Mon 06:00 | Mon 08:00 | Mon 10:00
  Passed: 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 1
  Failed: 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0
[bar] Median duration per two hours
  Sun 10:00 | Sun 12:00 | Sun 14:00 | Sun 16:00 | Sun 18:00 | Sun 20:00 | Sun 22:00 | Mon 00:00 | Mon 02:00 | Mon 04:00 | Mon 06:00 | Mon 08:00 | Mon 10:00
  Seconds: 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 90
Based on 1 build. 1 was just fetched, including the previous period. Median and p95 use the nearest rank. Pass rate and durations exclude canceled builds.
[Share here] [Last 7 days] [Last 30 days]\
""")


async def test_only_canceled_builds(world: World) -> None:
    """Canceled builds are counted, but not in the pass rate or the durations."""
    made = world.buildkite.create_build("web")
    world.buildkite.cancel_build(made)
    hours(world, 1)
    await settle_reports(world)
    reply = await ask_privately(world, world.bob, "health web --since 24h")
    assert reply.split("\n")[1:9] == snapshot(
        [
            "*Builds*",
            "1 (was 0)",
            "1 canceled",
            "*Pass rate*",
            "no build passed or failed",
            "*Duration*",
            "not measured",
            "*Queue time*",
        ]
    )


async def test_unknown_pipelines_and_periods_are_quoted(world: World) -> None:
    """Unknown pipelines are quoted with similar ones, as are patterns without matches and wrong periods."""
    words = ("health wbe", "health x-*", "health web --since 3d", "health web --since")
    assert [await ask_privately(world, world.bob, reply) for reply in words] == snapshot(
        [
            """\
⚠️ There's no pipeline “wbe”.
Did you mean web?\
""",
            """\
⚠️ No pipeline you may see matches `x-*`.
For all pipelines, use `/bk health` without a name.\
""",
            """\
⚠️ `3d` isn't an option for `--since`.
Did you mean `30d` or `7d`?\
""",
            """\
⚠️ `--since` needs a value.
Usage: `/bk health [pipelines]… [--since 24h|7d|30d] [--share]`\
""",
        ]
    )


async def test_a_report_is_shared_with_a_button(world: World) -> None:
    """Bob shares a report; the channel sees it with his name."""
    await play_week(world)
    await ask_privately(world, world.bob, "health web")
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Share here")
    await settle_reports(world)
    report = world.card()
    assert format_message(report).split("\n")[:3] == snapshot(
        ["*Health of web over the last 7 days*", "bob shared this report.", "*Builds*"]
    )
    assert find_chart_titles(report) == snapshot(["Builds per day", "Median duration per day"])


async def test_a_report_is_shared_immediately(world: World) -> None:
    """With --share there's no private message; an empty report also says who shared it."""
    await world.bob.types(world.deploys, "/bk health web --share")
    await settle_reports(world)
    assert format_message(world.card()) == snapshot("""\
*Health of web over the last 7 days*
bob shared this report: no build ended in the last 7 days.
Based on 0 builds.
[Last 24 hours] [Last 30 days]\
""")
    assert world.whispers(world.bob) == []


async def test_another_period_with_a_button(world: World) -> None:
    """The buttons below a report show the same report over another period."""
    await play_week(world)
    await ask_privately(world, world.bob, "health web")
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Last 24 hours")
    await settle_reports(world)
    assert world.whispers(world.bob)[-1].split("\n")[0] == snapshot("*Health of web over the last 24 hours*")


async def test_without_webhooks_builds_are_listed_in_buildkite(tmp_path: Path) -> None:
    """If no webhook ever arrived, the builds are read from lists, and the report says so."""
    async with open_world(tmp_path, webhooks=False) as world:
        build(world, "web", fail=["lint"])
        build(world, "web")
        hours(world, 2)
        reply = await ask_privately(world, world.bob, "health web --since 24h")
        assert reply.split("\n")[-2] == snapshot(
            "Based on 2 builds. 2 were just fetched, including the previous period. Median and p95 use the nearest rank. Pass rate and durations exclude canceled builds."
        )
        assert reply.split("\n")[1:3] == snapshot(["*Builds*", "2 (was 0)"])


async def test_known_builds_are_not_read_again(world: World) -> None:
    """While webhooks arrive, a second report reads no builds."""
    await play_week(world)
    await ask_privately(world, world.bob, "health web")
    before = count_reads(world)
    assert (
        (await ask_privately(world, world.bob, "health web")).split("\n")[-2].startswith("Based on 5 builds. Med")
    )
    assert count_reads(world) == before


def count_reads(world: World) -> int:
    """Return the number of build lists that were read."""
    return sum(request.path.endswith("/builds") for request in world.buildkite.requests)


async def test_a_report_without_access_to_builds(world: World) -> None:
    """If builds can't be read, the report is based on known ones and says why no more were read."""
    await play_week(world)
    hours(world, 6)
    world.buildkite.scopes.discard("read_builds")
    reply = await ask_privately(world, world.bob, "health web")
    assert reply.split("\n")[-2] == snapshot(
        "Based on 5 builds. *⚠️ Incomplete data*: builds between 2026-10-30 11:42 UTC and 2026-11-03 08:08 UTC, between 2026-11-06 05:42 UTC and 2026-11-06 11:42 UTC may be missing. There's no comparison because the previous period isn't completely known. Buildkite refused: Your access token doesn't have the read_builds scope. Median and p95 use the nearest rank. Pass rate and durations exclude canceled builds."
    )
