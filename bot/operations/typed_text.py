"""Splits text typed in Slack into words, and restores punctuation that Slack's clients change."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from bot.errors import UsageError
from bot.runtime.wording import quote_typed

TEXT_LIMIT = 4000
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2007": " ", "\0": None})
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‟": '"', "‘": "'", "’": "'", "‚": "'", "‛": "'"})
_ANGLED = re.compile(r"<([^<>|\s][^<>|]*)(?:\|([^<>]*))?>")
_PIECE = re.compile(
    r"""(?P<double>"[^"]*")|(?P<single>(?<![^\W_])'(?:[^']|(?<=[^\W_])'(?=[^\W_]))*')|(?P<bare>(?:[^"']|(?<=[^\W_])'(?=[^\W_]))+)|(?P<odd>.)""",
    re.DOTALL,
)
_DASHES = re.compile(r"(?:(?<=\s)|^)(?=[-—–]*[—–])[-—–]+(?=(?P<word>\w+))")
_UNQUOTED = re.compile(r"[A-Za-z0-9_./:@%+=,#-]+")


def normalise(text: str) -> str:
    """Undo what Slack and its clients do to typed text, so that it can be split into words.

    `&amp; &lt; &gt;` and `<url|label>` are undone, mentions stay as `<@U…>`; curly quotes become straight
    ones; an apostrophe between letters opens no quote; a leading long dash becomes `--` (`-` before a
    single letter); no-break spaces become spaces. Raises UsageError over 4,000 characters.
    https://docs.slack.dev/messaging/formatting-message-text
    """
    if len(text) > TEXT_LIMIT:
        raise UsageError(f"That's {len(text):,} characters. The limit is {TEXT_LIMIT:,}.")
    plain = _ANGLED.sub(_undo_brackets, text.translate(_SPACES))
    plain = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").translate(_QUOTES)
    return "".join(_normalise_pieces(plain))


def _undo_brackets(found: re.Match[str]) -> str:
    """Return the typed text of a part that Slack put in angle brackets; mentions keep their ids."""
    target, label = found.group(1), found.group(2)
    if target.startswith(("@", "#")):
        return f"<{target}>"
    if target.startswith("!"):
        return label or "@" + target[1:].split("^")[0]
    typed = {f"http://{label}", f"https://{label}", f"mailto:{label}", f"tel:{label}"}
    return label if label and target in typed else target.removeprefix("mailto:").removeprefix("tel:")


def _normalise_pieces(text: str) -> Iterable[str]:
    """Yield quoted parts unchanged, and other parts with dashes and apostrophes restored."""
    ended_in_space = True
    for found in _PIECE.finditer(text):
        piece = found.group()
        if found.lastgroup == "bare":
            yield _normalise_bare(piece, ended_in_space)
        elif found.lastgroup == "single" and "'" in piece[1:-1]:
            yield quote(piece[1:-1])
        else:
            yield piece
        ended_in_space = piece[-1].isspace()


def _normalise_bare(piece: str, at_start: bool) -> str:
    padded = piece if at_start else "\x00" + piece
    dashed = _DASHES.sub(lambda found: "-" if len(found["word"]) == 1 or found["word"].isdigit() else "--", padded)
    return dashed.removeprefix("\x00").replace("'", '''"'"''')


def quote(text: str) -> str:
    """Quote a word so that `split` returns it whole."""
    parts = re.findall(r'"+|[^"]+', text) or [""]
    return "".join(f"'{part}'" if part.startswith('"') else f'"{part}"' for part in parts)


def split(normal: str) -> list[str]:
    """Split normalised text into words without their quotes; `#` and `\\` are ordinary characters.

    Raises UsageError for a quote that isn't closed.
    """
    lexer = shlex.shlex(normal, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = lexer.escape = ""
    try:
        return list(lexer)
    except ValueError:
        opened = re.split(r"\s", lexer.token.strip())[0] or '"'
        hint = "Close it or remove it."
        raise UsageError(f"The quotation mark before `{quote_typed(opened)}` isn't closed.", hint) from None


def quote_as_typed(word: str) -> str:
    """Return a word as it is typed in Slack: quoted where needed, with Slack's three entities."""
    return quote_if_needed(word).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def quote_if_needed(word: str) -> str:
    """Return a word that `split` returns whole, quoted only if it must be."""
    return word if _UNQUOTED.fullmatch(word) else quote(word)
