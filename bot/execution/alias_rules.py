"""Words of one's own that stand for a command: what may be one, and what is meant by it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from bot.errors import UsageError
from bot.operations.arguments import arguments
from bot.operations.grammar import parse
from bot.operations.operation import Registry
from bot.operations.reply import Call
from bot.operations.typed_text import normalise, split, typed
from bot.operations.vocabulary import first_words
from bot.runtime.wording import quote_word

MOST = 50
LONGEST = 300
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,29}")
_FIRST = re.compile(r"\s*(\S+)(.*)", re.DOTALL)
_YES = frozenset({"--yes", "-y"})
_OWN = frozenset({"alias", "unalias"})


class Wanted(NamedTuple):
    """What somebody says of aliases: `words` is what `name` is to stand for; empty: it is asked about."""

    name: str
    words: str = ""
    remove: bool = False


def read(text: str) -> Wanted:
    """Read `ship = build create web`, `ship`, or `--remove ship`. Raises UsageError for anything else."""
    words = split(normalise(text))
    if words and words[0] in {"--remove", "--rm", "--delete"}:
        return Wanted(_alone(words[1:]), remove=True)
    head, equals, tail = (words[0] if words else "").partition("=")
    rest = [*([tail] if tail else []), *words[1:]]
    if not equals and rest and rest[0].startswith("="):
        equals, rest = "=", [*([rest[0][1:]] if rest[0] != "=" else []), *rest[1:]]
    if equals and not rest:
        raise UsageError(f"`{quote_word(head)}` stands for nothing.", _like(head))
    if not equals:
        return Wanted(_alone(words))
    return Wanted(head.lower(), " ".join(map(typed, rest)))


def _alone(words: list[str]) -> str:
    if len(words) != 1:
        name = words[0] if words else "ship"
        raise UsageError("An alias is one word, then `=`, then what it stands for.", _like(name))
    return words[0].lower()


def _like(name: str) -> str:
    return f"Write it like `alias {quote_word(name)} = build create web -b main`."


def check(wanted: Wanted, registry: Registry, command: str = "/bk") -> Call:
    """What it would stand for, as far as that can be told now.

    Raises UsageError, quoting what is wrong: the name is no word or one of ours, there is no such command, or it
    has what may not be baked into a word (the answer to a question, values of the environment).
    """
    if not _NAME.fullmatch(wanted.name):
        hint = "Use a letter, then up to 29 letters, digits, `-` or `_`."
        raise UsageError(f"`{quote_word(wanted.name)}` cannot be the name of an alias.", hint)
    if wanted.name in first_words(registry) or wanted.name == command.lstrip("/"):
        raise UsageError(f"`{wanted.name}` is a command already, and stays one.", "Take another word.")
    if len(wanted.words) > LONGEST:
        raise UsageError(f"That is {len(wanted.words)} characters long; an alias stands for at most {LONGEST}.")
    words = split(normalise(wanted.words))
    if words[0].lower() in _OWN:
        raise UsageError(f"`{quote_word(words[0])}` cannot be what an alias stands for.")
    call = parse(wanted.words, registry, command=command)
    if call.yes or _YES & set(words):
        raise UsageError("`--yes` cannot be part of an alias: what asks to be confirmed, asks each time.")
    if _sets(call, registry, command):
        hint = "Say them each time: they are added to the end."
        raise UsageError("Values of the environment (`-e`) are not kept in an alias: they may be secret.", hint)
    return call


def _sets(call: Call, registry: Registry, command: str) -> bool:
    """Whether values of the environment are in it, also where a whole command is an argument."""
    if call.args.get("env"):
        return True
    declared = arguments(registry[call.operation].args)
    whole = [str(call.args[item.name]) for item in declared if item.opt.rest and call.args.get(item.name)]
    return any(_sets(parse(text, registry, command=command), registry, command) for text in whole)


def first_word(text: str, registry: Registry, command: str = "/bk") -> tuple[str, str] | None:
    """The first word, where it may be an alias, and all that follows it as it was typed; None for a command."""
    found = _FIRST.match(text)
    if found and found[1].lower() in {command, command.lstrip("/")}:
        found = _FIRST.match(found[2])
    if not found or not _NAME.fullmatch(found[1].lower()) or found[1].lower() in first_words(registry):
        return None
    return found[1].lower(), found[2]


def listed(mine: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Name and words as they were typed, by name."""
    return tuple((name, normalise(mine[name])) for name in sorted(mine))
