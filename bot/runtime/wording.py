from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from bot.runtime.redaction import mask_tokens


def quote_word(word: object) -> str:
    """A word quoted back in an error: one short line without backticks and without tokens."""
    flat = " ".join(mask_tokens(str(word)).replace("`", "ˋ").split())
    return flat if len(flat) <= 60 else flat[:59] + "…"


def suggest(word: str, candidates: Iterable[str]) -> str:
    """`Did you mean `view`?`, or nothing when nothing is near."""
    matches = get_close_matches(word.lower()[:60], sorted(set(candidates)), n=3, cutoff=0.6)
    return f"Did you mean {join_or([f'`{name}`' for name in matches])}?" if matches else ""


def join_or(names: Sequence[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
