"""Greetings, thanks and the polite words around a command, as people write them to each other."""

from __future__ import annotations

import re
from typing import Literal

SmallTalk = Literal["hello", "thanks"]
# Longer texts hold quoted messages or a list of values: nothing is taken out of those.
_LENGTH_LIMIT = 300
_END = r"[\s!.?,:;)(👋🙏🎉❤️]*$"
_HELLO = r"(?:hi|hey|hello|hallo|hola|howdy|yo|hiya|good (?:morning|afternoon|evening|day)|morning)"
_THANKS = (
    r"(?:many thanks|thanks|thank you|thankyou|thx|ty|cheers|much appreciated|great|well done|nice one"
    r"|good (?:bot|job)|perfect|awesome)"
)
_NAMES = r"(?:there|all|everyone|team|folks|again|bot|kitestring)"
_GREETING = re.compile(rf"{_HELLO}(?:[\s,]+{_NAMES})*{_END}", re.IGNORECASE)
_GRATITUDE = re.compile(rf"(?:{_HELLO}[\s,]+)?{_THANKS}(?:[\s,!.]+[\w’']+){{0,6}}{_END}", re.IGNORECASE)
_ASKING = r"(?:please|pls|(?:can|could|would|will) you|i(?:'d| would) like to|ok|okay|so|just|kindly|now)"
_QUESTION = re.compile(r"\s*(?:can|could|would|will) you\b", re.IGNORECASE)
_BEFORE = re.compile(rf"\s*(?:(?:{_HELLO}|{_NAMES}|{_ASKING})(?:[\s,!.:]+|$))+", re.IGNORECASE)
_AFTER = re.compile(rf"(?:[\s,]+(?:please|pls|now|for me|{_THANKS}))*[\s?!.,]*$", re.IGNORECASE)


def find_small_talk(text: str) -> SmallTalk | None:
    """Return the kind of a text that is nothing but a greeting or thanks, else None."""
    words = text.strip()
    if len(words) > _LENGTH_LIMIT:
        return None
    if _GREETING.fullmatch(words):
        return "hello"
    return "thanks" if _GRATITUDE.fullmatch(words) else None


def is_polite_question(text: str) -> bool:
    """Return whether a text begins as a question to someone, which `can` would take for its command."""
    return _QUESTION.match(text) is not None


def strip_manners(text: str) -> str:
    """Return a text without the greeting and the polite words around it: `can you cancel web please?`."""
    if len(text) > _LENGTH_LIMIT:
        return text
    begun = _BEFORE.match(text)
    rest = text[begun.end() :] if begun else text
    return _AFTER.sub("", rest, count=1)
