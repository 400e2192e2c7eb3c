"""Pictures in place of charts, where a workspace does not take them."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

import io
import subprocess
import sys
from datetime import timedelta

from inline_snapshot import snapshot
from PIL import Image

from bot.operations.render import render_reply
from bot.operations.reply import Reply
from bot.slack.block_fallback import BELIEVED
from bot.slack.blockkit import charts
from bot.slack.blockkit.charts import Chart, Series
from bot.slack.chart_image import png
from simulators.slack.models import Message
from simulators.slack.validation.blocks import check_blocks
from tests.conversations.acts import asks
from tests.conversations.world import World, shown
from tests.health.played import build, heard

LONG = "<!channel> " * 20
HOSTILE = Chart(LONG, tuple(f"{at} {LONG}" for at in range(25)), (Series(LONG, (1.0,) * 25),) * 9, LONG, LONG)
WEEK = Chart(
    "Builds per day",
    ("Mon 2", "Tue 3"),
    (Series("Passed", (5.0, 0.0)), Series("Failed", (2.0, 1.0))),
    "Day (UTC)",
    "Builds",
)
BLUE, VERMILION = (0, 114, 178), (213, 94, 0)


async def built(world: World) -> None:
    """A failed and a passed build of web, in a workspace that has no charts yet."""
    world.slack.unknown_blocks.add(charts.KIND)
    build(world, "web", fail=["lint"], seconds=90)
    build(world, "web", seconds=60)
    await heard(world)


def dms(world: World) -> list[Message]:
    """What stands in Bob's direct messages with the bot."""
    return world.slack.messages(world.slack.direct(world.bob.id, world.slack.bot.id))


def refusals(world: World) -> int:
    """How often Slack refused what it was sent."""
    return sum(not call.ok for call in world.slack.calls)


def content(world: World, message: Message) -> list[bytes]:
    """The files of a message."""
    files = {file["id"]: file["content"] for file in world.slack.uploads.values()}
    return [files[file["id"]] for file in message.files]


async def test_pictures_come_by_direct_message(world: World) -> None:
    """Where charts are refused, the report names its pictures, and they come in a direct message with words."""
    await built(world)
    said = (await asks(world, world.bob, "health web --since 24h")).split("\n")
    assert [line for line in said if line.startswith("📊")] == snapshot(
        [
            "📊 Builds per two hours: see the picture that I sent along",
            "📊 Median duration per two hours: see the picture that I sent along",
        ]
    )
    (message,) = dms(world)
    assert shown(message) == snapshot("""\
(file: Builds per two hours)
(file: Median duration per two hours)\
""")
    assert message.files[0]["alt_txt"] == snapshot(
        "Bars: Builds per two hours. Builds by Two hours (Europe/Amsterdam). Mon 10:00: 1 Passed, 1 Failed. All others: 0."
    )
    assert [Image.open(io.BytesIO(file)).format for file in content(world, message)] == ["PNG", "PNG"]


async def test_a_shared_report_has_its_pictures_below_it(world: World) -> None:
    """A report for everybody has its pictures in its thread, and none in a direct message."""
    await built(world)
    await world.bob.types(world.deploys, "/bk health web --since 24h --share")
    await heard(world)
    report = world.card()
    assert world.replies(report) == snapshot(
        [
            """\
(file: Builds per two hours)
(file: Median duration per two hours)\
"""
        ]
    )
    assert dms(world) == []


async def test_a_refusal_is_remembered_for_a_week(world: World) -> None:
    """Slack refuses charts once; the next report does not try, one of a week later does and has its charts."""
    await built(world)
    await asks(world, world.bob, "health web --since 30d")
    assert refusals(world) == 1
    await asks(world, world.bob, "health web --since 30d")
    assert refusals(world) == 1
    world.slack.unknown_blocks.clear()
    world.clock.advance((BELIEVED + timedelta(hours=1)).total_seconds())
    said = await asks(world, world.bob, "health web --since 30d")
    assert "[bar] Builds per two days" in said
    assert len(dms(world)) == 2


def test_a_picture_shows_what_the_chart_says() -> None:
    """A picture is wide enough to read, has the colour of each series, and more of what there is more of."""
    picture = Image.open(io.BytesIO(png(WEEK))).convert("RGB")
    counted = {colour: count for count, colour in picture.getcolors(maxcolors=1 << 20) or ()}
    assert picture.size == (1170, 546)
    assert counted[BLUE] > counted[VERMILION] > 5000


def test_a_chart_is_told_in_words() -> None:
    """Who does not see the picture reads its title, its axes and every number."""
    assert charts.words(WEEK) == snapshot(
        "Bars: Builds per day. Builds by Day (UTC). Mon 2: 5 Passed, 2 Failed. Tue 3: 0 Passed, 1 Failed."
    )
    assert len(charts.words(HOSTILE)) <= charts.ALT_LIMIT


def test_whatever_a_chart_holds_slack_takes_it() -> None:
    """Titles, labels, categories and series beyond Slack's limits are shortened or left out."""
    message = render_reply(Reply(title="Charts", charts=(HOSTILE,) * 3), actor=None, button_value=lambda *_: "")
    assert check_blocks(list(message.blocks), "message").lines() == []
    drawn = [block for block in message.blocks if block["type"] == charts.KIND]
    assert [len(drawn), len(drawn[0]["chart"]["series"])] == [charts.CHARTS_LIMIT, charts.SERIES_LIMIT]


def test_a_chart_survives_its_block() -> None:
    """The picture is drawn from the very block that was refused."""
    assert charts.read(charts.block(WEEK, "chart:0")) == WEEK


def test_nothing_is_drawn_before_a_chart_is_refused() -> None:
    """Starting the bot does not load the library that draws."""
    said = "import sys, bot.app, commands; commands.registry(); print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
