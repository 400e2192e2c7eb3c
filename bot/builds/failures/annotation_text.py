"""Extracts plain text from the HTML of an annotation."""

from __future__ import annotations

from html.parser import HTMLParser

from bot.runtime.redaction import mask_secrets
from bot.slack.blockkit.blocks import shorten

SHOWN = 300
LINES = 8
# Characters: an annotation may hold up to 1 MiB, and only its beginning is shown.
_MAX_READ = 20_000
_HIDDEN_TAGS = frozenset({"script", "style", "template", "head", "title", "svg", "math", "iframe", "object"})
_BLOCK_TAGS = frozenset(
    {
        "address",
        "article",
        "blockquote",
        "br",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "figure",
        "h1",
        "h2",
        "h3",
        "h4",
    }
    | {"h5", "h6", "hr", "li", "ol", "p", "pre", "section", "summary", "table", "tr", "ul"}
)
_CELL_TAGS = frozenset({"td", "th"})


def extract_text(body_html: str, limit: int = SHOWN, most: int = LINES) -> str:
    """Return the text of an annotation without markup and link targets, secrets masked, at most `most` lines.

    It is cut at `limit` characters. Block elements and table rows become lines; elements that a browser wouldn't
    show, such as scripts and styles, are left out.
    https://buildkite.com/docs/apis/rest-api/annotations
    """
    reader = _TextReader()
    # The newline completes an entity at the end; a tag that was cut off isn't taken for text.
    reader.feed(body_html[:_MAX_READ] + "\n")
    lines = [" ".join(line.split()) for line in "".join(reader.parts).split("\n")]
    kept = [line for line in lines if line]
    shown = kept if len(kept) <= most else [*kept[: most - 1], "…"]
    return shorten(mask_secrets("\n".join(shown)), limit)


class _TextReader(HTMLParser):
    """Collects text; inside a hidden element it only waits for that element's end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN_TAGS:
            self._silent.append(tag)
        self._add_separator(tag)

    def handle_startendtag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self._add_separator(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            del self._silent[self._silent.index(tag) :]
        self._add_separator(tag)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)

    def _add_separator(self, tag: str) -> None:
        if not self._silent and tag in _BLOCK_TAGS | _CELL_TAGS:
            self.parts.append("\n" if tag in _BLOCK_TAGS else " ")
