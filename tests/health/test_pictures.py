"""Images in place of charts, for workspaces that refuse chart blocks."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

import io
import subprocess
import sys
from datetime import timedelta

import pytest
from inline_snapshot import snapshot
from PIL import Image

from bot.operations.render import render_reply
from bot.operations.reply import Reply
from bot.slack.block_fallback import REFUSAL_TTL
from bot.slack.blockkit import charts
from bot.slack.blockkit.charts import Chart, Series
from bot.slack.chart_image import draw_chart
from simulators.slack.models import Message
from simulators.slack.validation.blocks import check_blocks
from tests.conversations.acts import ask_privately
from tests.conversations.world import World, format_message
from tests.health.played import build, settle_reports

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


async def play_builds(world: World) -> None:
    """Run a failed and a passed build of web, in a workspace without chart blocks."""
    world.slack.unknown_blocks.add(charts.KIND)
    build(world, "web", fail=["lint"], seconds=90)
    build(world, "web", seconds=60)
    await settle_reports(world)


def read_direct_messages(world: World) -> list[Message]:
    """Return Bob's direct messages with the bot."""
    return world.slack.messages(world.slack.open_direct(world.bob.id, world.slack.bot.id))


def count_refusals(world: World) -> int:
    """Return how often Slack refused a message."""
    return sum(not call.ok for call in world.slack.calls)


def find_files(world: World, message: Message) -> list[bytes]:
    """Return the files of a message."""
    files = {file["id"]: file["content"] for file in world.slack.uploads.values()}
    return [files[file["id"]] for file in message.files]


async def test_images_come_as_direct_messages(world: World) -> None:
    """If charts are refused, the report mentions the images, and they come as a direct message with a text."""
    await play_builds(world)
    reply = (await ask_privately(world, world.bob, "health web --since 24h")).split("\n")
    assert [line for line in reply if line.startswith("📊")] == snapshot(
        [
            "📊 Builds per two hours: picture sent to you in a direct message",
            "📊 Median duration per two hours: picture sent to you in a direct message",
        ]
    )
    (message,) = read_direct_messages(world)
    assert format_message(message) == snapshot("""\
(file: Builds per two hours)
(file: Median duration per two hours)\
""")
    assert message.files[0]["alt_txt"] == snapshot(
        "Bars: Builds per two hours. Builds by Two hours (Europe/Amsterdam). Mon 10:00: 1 Passed, 1 Failed. All others: 0."
    )
    assert [Image.open(io.BytesIO(file)).format for file in find_files(world, message)] == ["PNG", "PNG"]


async def test_a_shared_report_has_its_images_in_its_thread(world: World) -> None:
    """A shared report has its images in its thread, and none as a direct message."""
    await play_builds(world)
    await world.bob.types(world.deploys, "/bk health web --since 24h --share")
    await settle_reports(world)
    report = world.card()
    assert world.replies(report) == snapshot(
        [
            """\
(file: Builds per two hours)
(file: Median duration per two hours)\
"""
        ]
    )
    assert read_direct_messages(world) == []


@pytest.mark.parametrize("status", [200, 400])
async def test_a_refusal_is_remembered_for_a_week(world: World, status: int) -> None:
    """After one refusal, whatever its status, charts aren't tried again for a week; then they are, and work."""
    world.slack.refusal_status = status
    await play_builds(world)
    await ask_privately(world, world.bob, "health web --since 30d")
    assert count_refusals(world) == 1
    await ask_privately(world, world.bob, "health web --since 30d")
    assert count_refusals(world) == 1
    world.slack.unknown_blocks.clear()
    world.clock.advance((REFUSAL_TTL + timedelta(hours=1)).total_seconds())
    reply = await ask_privately(world, world.bob, "health web --since 30d")
    assert "[bar] Builds per two days" in reply
    assert len(read_direct_messages(world)) == 2


def test_an_image_shows_the_charts_data() -> None:
    """An image is wide enough to read, uses each series' color, and draws larger values larger."""
    picture = Image.open(io.BytesIO(draw_chart(WEEK))).convert("RGB")
    counted = {colour: count for count, colour in picture.getcolors(maxcolors=1 << 20) or ()}
    assert picture.size == (1170, 546)
    assert counted[BLUE] > counted[VERMILION] > 5000


def test_a_chart_has_alternative_text() -> None:
    """The alternative text contains the chart's title, axes and every number."""
    assert charts.describe_chart(WEEK) == snapshot(
        "Bars: Builds per day. Builds by Day (UTC). Mon 2: 5 Passed, 2 Failed. Tue 3: 0 Passed, 1 Failed."
    )
    assert len(charts.describe_chart(HOSTILE)) <= charts.ALT_LIMIT


def test_any_chart_is_accepted_by_slack() -> None:
    """Titles, labels, categories and series beyond Slack's limits are shortened or left out."""
    message = render_reply(
        Reply(data=None, title="Charts", charts=(HOSTILE,) * 3), actor=None, button_value=lambda *_: ""
    )
    assert check_blocks(list(message.blocks), "message").render_lines() == []
    drawn = [block for block in message.blocks if block["type"] == charts.KIND]
    assert [len(drawn), len(drawn[0]["chart"]["series"])] == [charts.CHARTS_LIMIT, charts.SERIES_LIMIT]


def test_an_image_is_drawn_from_the_refused_block() -> None:
    """The image is drawn from the very block that Slack refused."""
    assert charts.parse_chart(charts.chart_block(WEEK, "chart:0")) == WEEK


def test_the_chart_library_is_loaded_late() -> None:
    """Starting the bot doesn't load the library that draws charts."""
    reply = "import sys, bot.app, commands; commands.registry(); print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", reply], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
