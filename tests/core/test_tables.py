"""Tables as Slack's own block, and as text where a workspace does not take that."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from inline_snapshot import snapshot

from bot.operations.render import render_reply
from bot.operations.reply import Reply
from bot.slack.block_fallback import without
from bot.slack.blockkit import rich_text, tables
from bot.slack.blockkit.blocks import Message
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, escape, link, md, mention, when
from bot.slack.blockkit.tables import Table
from simulators.slack.mentions import reach
from simulators.slack.validation.blocks import check_blocks
from tests.core.drawn import seen
from tests.injection.corpus import CORPUS

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
BUILD = link("https://buildkite.com/acme/web/builds/7", "web#7")
PIECES = (
    BUILD,
    link("https://buildkite.com/acme/web?a=1&b=2", code("main")),
    when(NOON, "{date_short_pretty} {time}"),
    mention("U0ALICE01"),
    Mrkdwn("<#C0DEPLOYS>"),
    code("a < b & c"),
    bold("loud"),
    escape("<!channel> & *not bold"),
)


def table(*rows: tuple[str, ...], **more: object) -> Message:
    """A reply that is nothing but a table."""
    columns = tuple(f"C{at}" for at in range(len(rows[0])))
    shown = Reply(table=Table(columns, rows, "Found", **more))  # type: ignore[arg-type]
    return render_reply(shown, actor=None, button_value=lambda *_: "")


def only(message: Message) -> dict[str, object]:
    """The one table of a message."""
    (block,) = [block for block in message.blocks if block["type"] == tables.KIND]
    return block


@pytest.mark.parametrize("text", PIECES)
def test_rich_text_says_what_mrkdwn_said(text: Mrkdwn) -> None:
    """Links, moments, people, channels, code and bold are the same after the way there and back."""
    assert rich_text.mrkdwn(rich_text.elements(text)) == text


@pytest.mark.parametrize("text", CORPUS)
def test_text_from_outside_stays_text(text: str) -> None:
    """In a cell, escaped and beside a link of ours, it calls nobody, leads nowhere, and is text again as text."""
    cell = md("{text} of {build}", text=text, build=BUILD)
    drawn = table((text, cell))
    for message in (drawn, without(drawn)):
        assert check_blocks(list(message.blocks), "message").lines() == []
        found = reach(message.text, list(message.blocks))
        assert (found.calls, found.channels) == (frozenset(), frozenset())
        assert found.links <= {"https://buildkite.com/acme/web/builds/7"}


def test_a_moment_is_drawn_by_the_readers_client() -> None:
    """A time in a cell is Slack's own date, with a text for clients that cannot draw it."""
    assert rich_text.elements(when(NOON, "{date_short_pretty} {time}")) == snapshot(
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
    """Who listens hears the name of each row; empty columns are left out, numbers are numbers."""
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
    """Cells first, then rows, and it is said how many are missing."""
    for rows in ([(BUILD, "x" * 900)] * 40, [(BUILD, "y" * 900)] * 300, [("z" * 300,) * 30] * 100):
        message = table(*rows)
        assert check_blocks(list(message.blocks), "message").lines() == []
        left = len(rows) - len(only(message)["rows"]) + 1  # type: ignore[arg-type]
        assert left == 0 or seen(message)[-1] == f"context: … and {left} more"


def test_a_refused_table_is_text() -> None:
    """With links its rows are lines, without any they are aligned columns."""
    linked = without(table((BUILD, "passed", when(NOON)), (BUILD, "", when(NOON))))
    assert seen(linked) == snapshot(
        [
            "text: Found",
            "context: Found",
            """\
section: <https://buildkite.com/acme/web/builds/7|web#7> · passed · <!date^1793620800^{time}|2026-11-02 12:00 UTC>
<https://buildkite.com/acme/web/builds/7|web#7> · <!date^1793620800^{time}|2026-11-02 12:00 UTC>\
""",
        ]
    )
    assert seen(without(table(("mac-1", "idle", ""), ("linux-<2>", "running", "3")))) == snapshot(
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


def test_nothing_found_says_what_was_searched() -> None:
    """In place of a table without rows stands its sentence, with what to do then."""
    shown = Reply(table=Table(("Build",), (), "Builds", empty="No builds of web.", hint="Start one."))
    assert seen(render_reply(shown, actor=None, button_value=lambda *_: "")) == snapshot(
        ["text: No builds of web.", "section: No builds of web.", "context: Start one."]
    )
