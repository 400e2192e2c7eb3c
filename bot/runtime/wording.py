"""Words parts of error messages: quoted input, suggestions, alternatives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from bot.runtime.redaction import mask_tokens


def quote_word(word: object) -> str:
    """Prepare someone's input for quoting in an error: one short line without backticks or tokens."""
    flat = " ".join(mask_tokens(str(word)).replace("`", "ˋ").split())
    return flat if len(flat) <= 60 else flat[:59] + "…"


def suggest(word: str, candidates: Iterable[str]) -> str:
    """Return a question such as ``Did you mean `view`?``, or an empty string if no candidate is close."""
    matches = get_close_matches(word.lower()[:60], sorted(set(candidates)), n=3, cutoff=0.6)
    return f"Did you mean {join_or([f'`{name}`' for name in matches])}?" if matches else ""


def join_or(names: Sequence[str]) -> str:
    """Join alternatives: `a`, `a or b`, `a, b or c`."""
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
