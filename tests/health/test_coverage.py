"""It is known for which times every build is remembered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.history.known_periods import added, dump, load, merged, missing
from bot.history.recorder import find_known_periods, note_startup, record_period
from bot.history.report_data import ReportData
from tests.conversations.world import START, World
from tests.health.played import build, heard, hours

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


def at(hour: float) -> datetime:
    return NOON + timedelta(hours=hour)


def test_times_that_touch_are_one() -> None:
    """Known times that touch or overlap are joined; empty ones are nothing."""
    assert merged([(at(3), at(4)), (at(0), at(1)), (at(1), at(2)), (at(5), at(5))]) == (
        (at(0), at(2)),
        (at(3), at(4)),
    )


def test_what_is_missing_is_what_is_not_known() -> None:
    """Of a day with two known stretches three are missing, the newest of them first."""
    spans = [(at(2), at(4)), (at(6), at(8))]
    assert missing(at(0), at(9), spans) == ((at(8), at(9)), (at(4), at(6)), (at(0), at(2)))
    assert missing(at(2), at(4), spans) == ()
    assert missing(at(0), at(1), spans) == ((at(0), at(1)),)


def test_what_is_written_is_read_again() -> None:
    """Known times survive the database; those older than what is remembered are forgotten."""
    scopes = added(added({}, "*", (at(-5), at(2))), "web", (at(-9), at(-8)))
    assert load(dump(scopes, at(-2))) == {"*": ((at(-2), at(2)),), "web": ()}
    assert load(None) == {}


async def test_webhooks_make_the_time_since_then_known(world: World) -> None:
    """From the first webhook on everything is known, until they have been silent for a while."""
    build(world)
    await heard(world)
    first = world.clock.now()
    hours(world, 0.1)
    assert await spans(world) == ((first, world.clock.now()),)
    hours(world, 5)
    assert await spans(world) == ()


async def spans(world: World) -> tuple[tuple[datetime, datetime], ...]:
    """What is known of all pipelines, without what was known for an instant only."""
    async with world.bot.store.read() as tx:
        return (await find_known_periods(tx, world.clock.now())).get("*", ())


async def test_a_silence_before_a_start_is_not_taken_for_known(world: World) -> None:
    """A bot that was down for hours knows what it heard before, and not what happened meanwhile."""
    build(world)
    await heard(world)
    first = world.clock.now()
    hours(world, 0.1)
    build(world)
    await heard(world)
    last = world.clock.now()
    hours(world, 9)
    await note_startup(world.bot.store, world.clock.now())
    build(world)
    await heard(world)
    assert await spans(world) == ((first, last),)


async def test_a_report_reads_only_so_much_and_goes_on_next_time(world: World) -> None:
    """Of seven builds that were never heard of, three are read for a report, and the others for the next two."""
    world.buildkite.hooks.webhooks.clear()
    for _ in range(7):
        build(world)
        hours(world, 1)
    await heard(world)
    reports = ReportData(world.bot.store, world.clock, most=3)
    buildkite = world.bot.runner.shared.buildkite
    said = [await reports.gather(buildkite, ["web"], START - timedelta(days=1)) for _ in range(4)]
    assert [(len(item.runs), item.read, item.more, bool(item.missing)) for item in said] == [
        (3, 3, True, True),
        (6, 3, True, True),
        (7, 1, False, False),
        (7, 0, False, False),
    ]


async def test_learning_is_about_one_pipeline(world: World) -> None:
    """What was read of one pipeline says nothing of the others."""
    span = (START - timedelta(days=2), START - timedelta(days=1))
    async with world.bot.store.write() as tx:
        await record_period(tx, "web", span, START)
        assert await find_known_periods(tx, START) == {"web": (span,)}
