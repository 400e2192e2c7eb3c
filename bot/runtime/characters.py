"""Finds, describes and removes characters that make two different names look the same."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})
# Letters, marks and reserved code points that fonts render as nothing, though their category doesn't say so.
# https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point; U+2800 is a Braille cell without dots.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)


def is_invisible(char: str) -> bool:
    """Return whether a character is invisible: controls, spaces, joiners, selectors, fillers."""
    return unicodedata.category(char) in _INVISIBLE_CATEGORIES or _BLANK.match(char) is not None


def is_compatibility_form(char: str) -> bool:
    """Return whether Unicode defines a character only as a variant of plain ones, as U+FF4D is of `m`.

    https://www.unicode.org/reports/tr15/#Canon_Compat_Equivalence
    """
    return unicodedata.normalize("NFKC", char) != unicodedata.normalize("NFC", char)


def describe_character(char: str) -> str:
    """Describe a character so that a person can find it: itself if visible, else its number and name."""
    number = f"U+{ord(char):04X}"
    if char.isascii() and char.isprintable() and char != " ":
        return f"`{char}`" if char != "`" else "a backtick"
    name = unicodedata.name(char, "control character").lower()
    return f"{number} ({name})" if is_invisible(char) else f"`{char}` ({number}, {name})"


def mark_invisible(text: str) -> str:
    """Replace every invisible character except spaces with U+FFFD."""
    return "".join("\ufffd" if is_invisible(char) and char != " " else char for char in text)


def make_skeleton(text: str) -> str:
    """Return the text as people read it: variants made plain, invisible characters removed."""
    return "".join(char for char in unicodedata.normalize("NFKC", text) if not is_invisible(char))
