"""Words parts of error messages: quoted input, suggestions, alternatives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bot.runtime.redaction import MASK, mask_tokens

_PAIR = re.compile(r"([\w./-]+=)\S.*", re.DOTALL)


def quote_word(word: object) -> str:
    """Prepare someone's input for quoting in an error: one short line without backticks or tokens."""
    flat = " ".join(mask_tokens(str(word)).replace("`", "ˋ").split())
    return flat if len(flat) <= 60 else flat[:59] + "…"


def quote_typed(word: str) -> str:
    """Prepare a word of a command for quoting in an error; the value of `NAME=value` may be a mistyped secret."""
    return quote_word(_PAIR.sub(rf"\1{MASK}", word))


# Letters of a typed word, per slip of the finger that a suggestion may assume.
_LETTERS_PER_SLIP = 5
_WORD_LIMIT = 60
_SUGGESTIONS_LIMIT = 3


def count_slips(typed: str, name: str) -> int:
    """Count the letters to add, drop, replace or swap with their neighbour to make one word of the other.

    https://en.wikipedia.org/wiki/Damerau–Levenshtein_distance (optimal string alignment)
    """
    before: list[int] = []
    row = list(range(len(name) + 1))
    for at, letter in enumerate(typed, 1):
        last, row, before = before, [at], row
        for to, other in enumerate(name, 1):
            slips = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (letter != other))
            if at > 1 and to > 1 and typed[at - 2 : at] == name[to - 2 : to][::-1]:
                slips = min(slips, last[to - 2] + 1)
            row.append(slips)
    return row[-1]


def find_near(word: str, candidates: Iterable[str]) -> list[str]:
    """Return the nearest candidates, all as near as each other: one slip away, or two for a longer word."""
    typed = word.lower()[:_WORD_LIMIT]
    most = 1 + len(typed) // (_LETTERS_PER_SLIP + 1)
    slips = {
        name: count_slips(typed, name.lower()) for name in set(candidates) if abs(len(name) - len(typed)) <= most
    }
    least = min(slips.values(), default=most + 1)
    return sorted(name for name, count in slips.items() if count == least <= most and len(typed) > 1)


def suggest(word: str, candidates: Iterable[str]) -> str:
    """Return a question such as ``Did you mean `view`?``, or an empty string if no candidate is close."""
    matches = find_near(word, candidates)[:_SUGGESTIONS_LIMIT]
    return f"Did you mean {join_or([f'`{name}`' for name in matches])}?" if matches else ""


def join_and(names: Sequence[str]) -> str:
    """Join parts of a whole: `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def join_or(names: Sequence[str]) -> str:
    """Join alternatives: `a`, `a or b`, `a, b or c`."""
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
