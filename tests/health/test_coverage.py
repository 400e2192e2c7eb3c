"""Periods for which every build is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.history.known_periods import add_span, find_gaps, format_spans, merge_spans, parse_spans
from bot.history.recorder import find_known_periods, note_startup, record_period
from bot.history.report_data import ReportData
from tests.conversations.world import START, World
from tests.health.played import build, hours, settle_reports

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


def at(hour: float) -> datetime:
    return NOON + timedelta(hours=hour)


def test_touching_periods_are_joined() -> None:
    """Touching and overlapping periods are joined; empty ones are dropped."""
    assert merge_spans([(at(3), at(4)), (at(0), at(1)), (at(1), at(2)), (at(5), at(5))]) == (
        (at(0), at(2)),
        (at(3), at(4)),
    )


def test_gaps_are_what_is_not_known() -> None:
    """A day with two known periods has three gaps, the newest first."""
    known = [(at(2), at(4)), (at(6), at(8))]
    assert find_gaps(at(0), at(9), known) == ((at(8), at(9)), (at(4), at(6)), (at(0), at(2)))
    assert find_gaps(at(2), at(4), known) == ()
    assert find_gaps(at(0), at(1), known) == ((at(0), at(1)),)


def test_stored_periods_are_read_again() -> None:
    """Known periods survive in the database; expired ones are dropped."""
    scopes = add_span(add_span({}, "*", (at(-5), at(2))), "web", (at(-9), at(-8)))
    assert parse_spans(format_spans(scopes, at(-2))) == {"*": ((at(-2), at(2)),), "web": ()}
    assert parse_spans(None) == {}


async def test_webhooks_make_the_time_since_then_known(world: World) -> None:
    """From the first webhook on, the time is known until webhooks stop for a while."""
    build(world)
    await settle_reports(world)
    first = world.clock.now()
    hours(world, 0.1)
    assert await read_spans(world) == ((first, world.clock.now()),)
    hours(world, 5)
    assert await read_spans(world) == ()


async def read_spans(world: World) -> tuple[tuple[datetime, datetime], ...]:
    """Return the known periods of all pipelines, without empty ones."""
    async with world.bot.platform.store.read() as tx:
        return (await find_known_periods(tx, world.clock.now())).get("*", ())


async def test_downtime_is_not_known(world: World) -> None:
    """After hours of downtime, the time before is known and the downtime isn't."""
    build(world)
    await settle_reports(world)
    first = world.clock.now()
    hours(world, 0.1)
    build(world)
    await settle_reports(world)
    last = world.clock.now()
    hours(world, 9)
    await note_startup(world.bot.platform.store, world.clock.now())
    build(world)
    await settle_reports(world)
    assert await read_spans(world) == ((first, last),)


async def test_a_report_reads_a_limited_number_of_builds(world: World) -> None:
    """Of seven unknown builds, three are read for the first report and the others for the next two."""
    world.buildkite.hooks.webhooks.clear()
    for _ in range(7):
        build(world)
        hours(world, 1)
    await settle_reports(world)
    reports = ReportData(world.bot.platform.store, world.clock, most=3)
    buildkite = world.bot.workspace.deps.buildkite.client
    reply = [await reports.gather(buildkite, ["web"], START - timedelta(days=1)) for _ in range(4)]
    assert [(len(item.runs), item.read, item.more, bool(item.missing)) for item in reply] == [
        (3, 3, True, True),
        (6, 3, True, True),
        (7, 1, False, False),
        (7, 0, False, False),
    ]


async def test_reading_covers_one_pipeline(world: World) -> None:
    """Reading one pipeline's builds doesn't make the others' known."""
    span = (START - timedelta(days=2), START - timedelta(days=1))
    async with world.bot.platform.store.write() as tx:
        await record_period(tx, "web", span, START)
        assert await find_known_periods(tx, START) == {"web": (span,)}
