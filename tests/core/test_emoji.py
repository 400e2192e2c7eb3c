"""Buildkite's emoji codes, as Slack shows them."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from bot.operations.render import render_reply
from bot.operations.reply import Reply
from bot.slack.blockkit import emoji_codes
from bot.slack.blockkit.blocks import Message, button, message, preformatted, section
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, link, md
from bot.slack.blockkit.tables import Table
from simulators.slack.mentions import reach
from simulators.slack.validation.blocks import check_blocks
from tests.core.drawn import seen
from tests.injection.corpus import CORPUS

ASSETS = "https://buildkiteassets.com/emoji"
KNOWN = emoji_codes.names(
    [
        emoji_codes.NamedEmoji(("rocket",), emoji_codes.character(f"{ASSETS}/unicode/1f680.png?v1")),
        emoji_codes.NamedEmoji(("flag-nl",), emoji_codes.character(f"{ASSETS}/unicode/1f1f3-1f1f1.png")),
        emoji_codes.NamedEmoji(("shipit", "squirrel"), emoji_codes.character(f"{ASSETS}/shipit.png?v1")),
        emoji_codes.NamedEmoji(("boom", "party_parrot"), ""),
    ]
)
EVIL = ("3c", "3e", "26", "60", "2a", "d800", "110000", "0", "zz", "1f680-3c")


def said(text: str) -> str:
    """A line of mrkdwn as it is sent."""
    return emoji_codes.shown(message(Mrkdwn(text)), KNOWN).text


def test_codes_become_what_they_are() -> None:
    """Characters in their place; pictures go where words say it too, else by their name; unknown ones stay."""
    words = (":rocket: Deploy", ":shipit: Ship it", ":squirrel:", "Log: :shipit:", ":docker: Build", "at 12:30:45")
    assert [said(word) for word in words] == snapshot(
        ["🚀 Deploy", "Ship it", "squirrel", "Log: shipit", ":docker: Build", "at 12:30:45"]
    )


def test_what_is_code_or_address_stays() -> None:
    """In code, logs and addresses a code is text; in the label of a link it is not."""
    to = link("https://buildkite.com/acme/web/builds/1?q=:rocket:", ":shipit: Ship · :rocket:")
    texts = (code(":rocket:"), f"{to} {bold(':rocket: x')} {code(':rocket: y')}", "```\n:rocket:\n```")
    assert [said(text) for text in texts] == snapshot(
        [
            "`:rocket:`",
            "<https://buildkite.com/acme/web/builds/1?q=:rocket:|Ship · 🚀> *🚀 x* `:rocket: y`",
            "``` :rocket: ```",
        ]
    )
    drawn = Message("log", (preformatted(":rocket:"), button(":rocket: Go", "a", ":rocket:")))
    assert emoji_codes.shown(drawn, KNOWN).blocks[0] == drawn.blocks[0]
    assert emoji_codes.shown(drawn, KNOWN).blocks[1]["value"] == ":rocket:"
    assert emoji_codes.shown(drawn, KNOWN).blocks[1]["text"]["text"] == "🚀 Go"


def test_cells_have_them_too() -> None:
    """In a table, text and links alike; code does not."""
    row = (link("https://buildkite.com/a", ":rocket: Deploy"), ":shipit: Ship", code(":rocket:"))
    drawn = render_reply(Reply(table=Table(("A", "B", "C"), (row,), "T")), actor=None, button_value=lambda *_: "")
    assert seen(emoji_codes.shown(drawn, KNOWN))[-1] == snapshot(
        "row: [🚀 Deploy](https://buildkite.com/a) | Ship | :rocket:"
    )


@pytest.mark.parametrize("points", EVIL)
def test_an_address_makes_no_markup(points: str) -> None:
    """What Buildkite's list says is outside too: no character of Slack's markup can come of it."""
    assert emoji_codes.character(f"{ASSETS}/unicode/{points}.png") == ""


@pytest.mark.parametrize("text", CORPUS)
def test_nothing_is_called_by_it(text: str) -> None:
    """Whatever stands around codes, escaped as ever, calls nobody and leads nowhere once they are drawn."""
    around = md(":boom:{text}:rocket: {text} :shipit:", text=text)
    drawn = emoji_codes.shown(message(around, [section(around), section(code(text))]), KNOWN)
    found = reach(drawn.text, list(drawn.blocks))
    assert (found.calls, found.channels, found.links) == (frozenset(), frozenset(), frozenset())
    assert check_blocks(list(drawn.blocks), "message").lines() == []
