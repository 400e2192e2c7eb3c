"""The HTML of an annotation as plain words, bounded."""

from __future__ import annotations

from html.parser import HTMLParser

from bot.runtime.redaction import mask_secrets
from bot.slack.blockkit.blocks import shorten

SHOWN = 300
LINES = 8
# More than this of one annotation is not looked at.
_READ = 20_000
_SILENT = frozenset({"script", "style", "template", "head", "title", "svg", "math", "iframe", "object"})
_BREAKS = frozenset(
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
_APART = frozenset({"td", "th"})


def words(body_html: str, limit: int = SHOWN, most: int = LINES) -> str:
    """What an annotation says: no markup, no link targets, secrets masked, at most so many lines.

    It is cut at `limit` characters. Blocks and rows of tables become lines; what a browser would not show
    (scripts, styles) is left out.
    https://buildkite.com/docs/apis/rest-api/annotations
    """
    reader = _Words()
    # The end of a line ends an entity as well; a tag that is cut short is not taken for words.
    reader.feed(body_html[:_READ] + "\n")
    lines = [" ".join(line.split()) for line in "".join(reader.said).split("\n")]
    kept = [line for line in lines if line]
    shown = kept if len(kept) <= most else [*kept[: most - 1], "…"]
    return shorten(mask_secrets("\n".join(shown)), limit)


class _Words(HTMLParser):
    """Collects what is said; of elements that are not shown only the end is waited for."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent.append(tag)
        self._apart(tag)

    def handle_startendtag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self._apart(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            del self._silent[self._silent.index(tag) :]
        self._apart(tag)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(data)

    def _apart(self, tag: str) -> None:
        if not self._silent and tag in _BREAKS | _APART:
            self.said.append("\n" if tag in _BREAKS else " ")
