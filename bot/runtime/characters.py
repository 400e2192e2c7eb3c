"""Characters that make two names look alike: found, described and taken out."""

from __future__ import annotations

import re
import unicodedata

_UNSEEN_KINDS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})
# Letters, marks and reserved code points that are drawn as nothing, though their category does not say so.
# https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point; U+2800 is a Braille cell without dots.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)


def unseen(char: str) -> bool:
    """Return whether nobody sees this character: controls, spaces, joiners, selectors, fillers."""
    return unicodedata.category(char) in _UNSEEN_KINDS or _BLANK.match(char) is not None


def stands_in(char: str) -> bool:
    """Return whether Unicode keeps this character only as another form of plain ones, as U+FF4D is of `m`.

    https://www.unicode.org/reports/tr15/#Canon_Compat_Equivalence
    """
    return unicodedata.normalize("NFKC", char) != unicodedata.normalize("NFC", char)


def describe(char: str) -> str:
    """Return what a person can find the character by: itself where it is seen, its number and name where not."""
    number = f"U+{ord(char):04X}"
    if char.isascii() and char.isprintable() and char != " ":
        return f"`{char}`" if char != "`" else "a backtick"
    name = unicodedata.name(char, "control character").lower()
    return f"{number} ({name})" if unseen(char) else f"`{char}` ({number}, {name})"


def show_unseen(text: str) -> str:
    """Return the text with U+FFFD in the place of every character that nobody sees, spaces excepted."""
    return "".join("\ufffd" if unseen(char) and char != " " else char for char in text)


def skeleton(text: str) -> str:
    """Return what the text looks like: other forms made plain, unseen characters left out."""
    return "".join(char for char in unicodedata.normalize("NFKC", text) if not unseen(char))
