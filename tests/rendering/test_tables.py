"""Tables are Slack's table blocks, or text where a workspace doesn't support those."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from inline_snapshot import snapshot

from bot.operations.render import render_reply
from bot.operations.reply import Reply
from bot.slack.block_fallback import replace_blocks
from bot.slack.blockkit import data_tables, rich_text
from bot.slack.blockkit.blocks import Message
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, escape, link, local_time, md, mention
from simulators.slack.mentions import reach
from simulators.slack.validation.blocks import check_blocks
from tests.injection.corpus import CORPUS
from tests.rendering.message_checks import describe_message

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
BUILD = link("https://buildkite.com/acme/web/builds/7", "web#7")
PIECES = (
    BUILD,
    link("https://buildkite.com/acme/web?a=1&b=2", code("main")),
    local_time(NOON, "{date_short_pretty} {time}"),
    mention("U0ALICE01"),
    Mrkdwn("<#C0DEPLOYS>"),
    code("a < b & c"),
    bold("loud"),
    escape("<!channel> & *not bold"),
)


def table(*rows: tuple[str, ...], **more: object) -> Message:
    """Return a message with only a table."""
    columns = tuple(f"C{at}" for at in range(len(rows[0])))
    shown = Reply(data=None, table=Table(columns, rows, "Found", **more))  # type: ignore[arg-type]
    return render_reply(shown, actor=None, button_value=lambda *_: "")


def only(message: Message) -> dict[str, object]:
    """Return the only table of a message."""
    (block,) = [block for block in message.blocks if block["type"] == data_tables.KIND]
    return block


@pytest.mark.parametrize("text", PIECES)
def test_rich_text_survives_conversion(text: Mrkdwn) -> None:
    """Links, times, people, channels, code and bold survive conversion to rich text and back."""
    assert rich_text.render_mrkdwn(rich_text.parse_elements(text)) == text


@pytest.mark.parametrize("text", CORPUS)
def test_text_from_outside_stays_text(text: str) -> None:
    """Text from outside in a cell mentions no one and links nowhere, as a table and as text."""
    cell = md("{text} of {build}", text=text, build=BUILD)
    drawn = table((text, cell))
    for message in (drawn, replace_blocks(drawn)):
        assert check_blocks(list(message.blocks), "message").render_lines() == []
        found = reach(message.text, list(message.blocks))
        assert (found.calls, found.channels) == (frozenset(), frozenset())
        assert found.links <= {"https://buildkite.com/acme/web/builds/7"}


def test_times_are_formatted_by_the_readers_client() -> None:
    """A time in a cell is Slack's date element, with a text for clients that don't support it."""
    elements = rich_text.parse_elements(local_time(NOON, "{date_short_pretty} {time}"))
    assert msgspec.to_builtins(elements) == snapshot(
        [
            {
                "type": "date",
                "timestamp": 1793620800,
                "format": "{date_short_pretty} {time}",
                "fallback": "2026-11-02 12:00 UTC",
            }
        ]
    )


def test_the_first_column_names_the_row() -> None:
    """Screen readers get each row's name; empty columns are left out, and numbers are numbers."""
    block = only(table((BUILD, "", "3"), (BUILD, "", "12"), named_by=0))
    assert block == snapshot(
        {
            "type": "data_table",
            "block_id": "rows",
            "caption": "Found",
            "rows": [
                [{"type": "raw_text", "text": "C0"}, {"type": "raw_text", "text": "C2"}],
                [
                    {
                        "type": "rich_text",
                        "elements": [
                            {
                                "type": "rich_text_section",
                                "elements": [
                                    {
                                        "type": "link",
                                        "url": "https://buildkite.com/acme/web/builds/7",
                                        "text": "web#7",
                                    }
                                ],
                            }
                        ],
                    },
                    {"type": "raw_number", "value": 3, "text": "3"},
                ],
                [
                    {
                        "type": "rich_text",
                        "elements": [
                            {
                                "type": "rich_text_section",
                                "elements": [
                                    {
                                        "type": "link",
                                        "url": "https://buildkite.com/acme/web/builds/7",
                                        "text": "web#7",
                                    }
                                ],
                            }
                        ],
                    },
                    {"type": "raw_number", "value": 12, "text": "12"},
                ],
            ],
            "page_size": 2,
            "row_header_column_index": 0,
        }
    )


def test_a_long_table_is_cut_to_what_slack_takes() -> None:
    """Cells are shortened first, then rows, with a count of those left out."""
    for rows in ([(BUILD, "x" * 900)] * 40, [(BUILD, "y" * 900)] * 300, [("z" * 300,) * 30] * 100):
        message = table(*rows)
        assert check_blocks(list(message.blocks), "message").render_lines() == []
        left = len(rows) - len(only(message)["rows"]) + 1  # type: ignore[arg-type]
        assert left == 0 or describe_message(message)[-1] == f"context: … and {left} more"


def test_a_refused_table_is_text() -> None:
    """A table with links becomes lines, one without becomes aligned columns."""
    linked = replace_blocks(table((BUILD, "passed", local_time(NOON)), (BUILD, "", local_time(NOON))))
    assert describe_message(linked) == snapshot(
        [
            "text: Found",
            "context: Found",
            """\
section: <https://buildkite.com/acme/web/builds/7|web#7> · passed · <!date^1793620800^{time}|2026-11-02 12:00 UTC>
<https://buildkite.com/acme/web/builds/7|web#7> · <!date^1793620800^{time}|2026-11-02 12:00 UTC>\
""",
        ]
    )
    assert describe_message(
        replace_blocks(table(("mac-1", "idle", ""), ("linux-<2>", "running", "3")))
    ) == snapshot(
        [
            "text: Found",
            "context: Found",
            """\
section: ```
C0         C1       C2
mac-1      idle     –
linux-&lt;2&gt;  running  3
```\
""",
        ]
    )


def test_an_empty_table_says_what_was_searched() -> None:
    """A table without rows is replaced by its sentence and a hint."""
    shown = Reply(data=None, table=Table(("Build",), (), "Builds", empty="No builds of web.", hint="Start one."))
    assert describe_message(render_reply(shown, actor=None, button_value=lambda *_: "")) == snapshot(
        ["text: No builds of web.", "section: No builds of web.", "context: Start one."]
    )
