"""Text as people type it in Slack, made into words: punctuation that clients change is changed back."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from bot.errors import UsageError
from bot.runtime.wording import quote_word

LONGEST = 4000
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2007": " ", "\0": None})
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‟": '"', "‘": "'", "’": "'", "‚": "'", "‛": "'"})
_ANGLED = re.compile(r"<([^<>|\s][^<>|]*)(?:\|([^<>]*))?>")
_PIECE = re.compile(
    r"""(?P<double>"[^"]*")|(?P<single>(?<![^\W_])'(?:[^']|(?<=[^\W_])'(?=[^\W_]))*')|(?P<bare>(?:[^"']|(?<=[^\W_])'(?=[^\W_]))+)|(?P<odd>.)""",
    re.DOTALL,
)
_DASHES = re.compile(r"(?:(?<=\s)|^)(?=[-—–]*[—–])[-—–]+(?=(?P<word>\w+))")
_SAFE = re.compile(r"[A-Za-z0-9_./:@%+=,#-]+")


def normalise(text: str) -> str:
    """Undo what Slack and its clients do to typed text; what is left can be split into words.

    `&amp; &lt; &gt;` and `<url|label>` are undone, mentions stay as `<@U…>`; curly quotes become straight
    ones; an apostrophe between letters opens no quote; a leading long dash becomes `--` (`-` before a
    single letter); no-break spaces become spaces. Raises UsageError over 4,000 characters.
    https://docs.slack.dev/messaging/formatting-message-text
    """
    if len(text) > LONGEST:
        raise UsageError(f"That is {len(text):,} characters long; I read at most {LONGEST:,}.")
    plain = _ANGLED.sub(_unangled, text.translate(_SPACES))
    plain = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").translate(_QUOTES)
    return "".join(_pieces(plain))


def _unangled(found: re.Match[str]) -> str:
    """What was typed where Slack put angle brackets; mentions of people and channels are kept by id."""
    target, label = found.group(1), found.group(2)
    if target.startswith(("@", "#")):
        return f"<{target}>"
    if target.startswith("!"):
        return label or "@" + target[1:].split("^")[0]
    typed = {f"http://{label}", f"https://{label}", f"mailto:{label}", f"tel:{label}"}
    return label if label and target in typed else target.removeprefix("mailto:").removeprefix("tel:")


def _pieces(text: str) -> Iterable[str]:
    """Quoted parts as they are, bare parts with their dashes and apostrophes put right."""
    ended_in_space = True
    for found in _PIECE.finditer(text):
        piece = found.group()
        if found.lastgroup == "bare":
            yield _bare(piece, ended_in_space)
        elif found.lastgroup == "single" and "'" in piece[1:-1]:
            yield quote(piece[1:-1])
        else:
            yield piece
        ended_in_space = piece[-1].isspace()


def _bare(piece: str, at_start: bool) -> str:
    padded = piece if at_start else "\x00" + piece
    dashed = _DASHES.sub(lambda found: "-" if len(found["word"]) == 1 or found["word"].isdigit() else "--", padded)
    return dashed.removeprefix("\x00").replace("'", '''"'"''')


def quote(text: str) -> str:
    """A word in quotes that `split` gives back whole."""
    parts = re.findall(r'"+|[^"]+', text) or [""]
    return "".join(f"'{part}'" if part.startswith('"') else f'"{part}"' for part in parts)


def split(normal: str) -> list[str]:
    """Split normalised text into words, quotes taken off; `#` and `\\` are letters like others.

    Raises UsageError for a quote that is never closed.
    """
    lexer = shlex.shlex(normal, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = lexer.escape = ""
    try:
        return list(lexer)
    except ValueError:
        opened = re.split(r"\s", lexer.token.strip())[0] or '"'
        hint = "Close it, or leave it out."
        raise UsageError(f"The quotation mark before `{quote_word(opened)}` is never closed.", hint) from None


def typed(word: str) -> str:
    """A word as one types it in Slack: quoted where needed, with Slack's three entities."""
    written = word if _SAFE.fullmatch(word) else quote(word)
    return written.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
