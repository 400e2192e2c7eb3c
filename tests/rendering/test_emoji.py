"""Buildkite's emoji codes are shown as Slack's."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from bot.operations.render import render_reply
from bot.operations.reply import Reply
from bot.slack.blockkit import emoji_codes
from bot.slack.blockkit.blocks import Message, button, message, preformatted, section
from bot.slack.blockkit.data_tables import Table, render_plain_table, render_table
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, link, md
from simulators.slack.mentions import reach
from simulators.slack.validation.blocks import check_blocks
from tests.injection.corpus import CORPUS
from tests.rendering.message_checks import describe_message

ASSETS = "https://buildkiteassets.com/emoji"
KNOWN = emoji_codes.map_names(
    [
        emoji_codes.NamedEmoji(("rocket",), emoji_codes.find_character(f"{ASSETS}/unicode/1f680.png?v1")),
        emoji_codes.NamedEmoji(("flag-nl",), emoji_codes.find_character(f"{ASSETS}/unicode/1f1f3-1f1f1.png")),
        emoji_codes.NamedEmoji(("shipit", "squirrel"), emoji_codes.find_character(f"{ASSETS}/shipit.png?v1")),
        emoji_codes.NamedEmoji(("boom", "party_parrot"), ""),
    ]
)
EVIL = ("3c", "3e", "26", "60", "2a", "d800", "110000", "0", "zz", "1f680-3c")


def replace_codes(text: str) -> str:
    """Return a line of mrkdwn as it is sent."""
    return emoji_codes.replace_codes(message(Mrkdwn(text)), KNOWN).text


def test_codes_become_characters_or_names() -> None:
    """Codes of characters are replaced; codes of pictures are dropped or become names; unknown codes stay."""
    words = (":rocket: Deploy", ":shipit: Ship it", ":squirrel:", "Log: :shipit:", ":docker: Build", "at 12:30:45")
    assert [replace_codes(word) for word in words] == snapshot(
        ["🚀 Deploy", "Ship it", "squirrel", "Log: shipit", ":docker: Build", "at 12:30:45"]
    )


def test_codes_in_code_and_urls_stay() -> None:
    """Codes stay in code, logs and URLs, but not in the labels of links."""
    to = link("https://buildkite.com/acme/web/builds/1?q=:rocket:", ":shipit: Ship · :rocket:")
    texts = (code(":rocket:"), f"{to} {bold(':rocket: x')} {code(':rocket: y')}", "```\n:rocket:\n```")
    assert [replace_codes(text) for text in texts] == snapshot(
        [
            "`:rocket:`",
            "<https://buildkite.com/acme/web/builds/1?q=:rocket:|Ship · 🚀> *🚀 x* `:rocket: y`",
            "``` :rocket: ```",
        ]
    )
    drawn = Message("log", (preformatted(":rocket:"), button(":rocket: Go", "a", ":rocket:")))
    assert emoji_codes.replace_codes(drawn, KNOWN).blocks[0] == drawn.blocks[0]
    assert emoji_codes.replace_codes(drawn, KNOWN).blocks[1]["value"] == ":rocket:"
    assert emoji_codes.replace_codes(drawn, KNOWN).blocks[1]["text"]["text"] == "🚀 Go"


def test_codes_in_table_cells_are_replaced() -> None:
    """Codes in a table's text and links are replaced, but not in code."""
    row = (link("https://buildkite.com/a", ":rocket: Deploy"), ":shipit: Ship", code(":rocket:"))
    drawn = render_reply(
        Reply(data=None, table=Table(("A", "B", "C"), (row,), "T")), actor=None, button_value=lambda *_: ""
    )
    assert describe_message(emoji_codes.replace_codes(drawn, KNOWN))[-1] == snapshot(
        "row: [🚀 Deploy](https://buildkite.com/a) | Ship | :rocket:"
    )


@pytest.mark.parametrize("points", EVIL)
def test_an_emoji_url_produces_no_markup(points: str) -> None:
    """Buildkite's emoji list is untrusted too and can't produce characters of Slack's markup."""
    assert emoji_codes.find_character(f"{ASSETS}/unicode/{points}.png") == ""


@pytest.mark.parametrize("text", CORPUS)
def test_text_around_codes_mentions_no_one(text: str) -> None:
    """Text around codes mentions no one and links nowhere once the codes are replaced."""
    around = md(":boom:{text}:rocket: {text} :shipit:", text=text)
    drawn = emoji_codes.replace_codes(message(around, [section(around), section(code(text))]), KNOWN)
    found = reach(drawn.text, list(drawn.blocks))
    assert (found.calls, found.channels, found.links) == (frozenset(), frozenset(), frozenset())
    assert check_blocks(list(drawn.blocks), "message").render_lines() == []


def test_codes_in_tables_become_elements() -> None:
    """Slack draws no codes in cells: a code that is left is an element of its own, beside the link."""
    rows = (("❌ failed", link("https://x.example/1", ":eslint: Lint")), ("at 12:30:45", ":jest: Test and :ok:"))
    drawn = render_table(Table(("State", "Job"), rows))
    table = emoji_codes.draw_codes_in_tables(Message("Jobs", tuple(drawn))).blocks[0]
    assert [[cell.get("elements", cell.get("text")) for cell in row] for row in table["rows"][1:]] == snapshot(
        [
            [
                "❌ failed",
                [
                    {
                        "type": "rich_text_section",
                        "elements": [
                            {"type": "emoji", "name": "eslint"},
                            {"type": "text", "text": " "},
                            {"type": "link", "url": "https://x.example/1", "text": "Lint"},
                        ],
                    }
                ],
            ],
            [
                "at 12:30:45",
                [
                    {
                        "type": "rich_text_section",
                        "elements": [
                            {"type": "emoji", "name": "jest"},
                            {"type": "text", "text": " "},
                            {"type": "text", "text": "Test and "},
                            {"type": "emoji", "name": "ok"},
                        ],
                    }
                ],
            ],
        ]
    )
    assert [block["text"]["text"] for block in render_plain_table(table)[1:]] == snapshot(
        [
            """\
❌ failed · :eslint: <https://x.example/1|Lint>
at 12:30:45 · :jest: Test and :ok:\
"""
        ]
    )
