"""Resolves the first words of a command to an operation, by the names that the operations declare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bot.errors import UsageError
from bot.operations.addresses import is_address
from bot.operations.operation import Operation
from bot.operations.registry import Registry
from bot.runtime.wording import find_near, join_or, quote_typed, suggest

# Number of commands to suggest where a verb alone may mean several.
SUGGESTIONS_LIMIT = 4
# Words of the longest name: `admin token list`.
NAME_WORDS = 3


class NamedOperation(NamedTuple):
    """An operation (or a noun without its verb) as typed, with the words after its name."""

    meaning: Operation | str
    rest: Sequence[str]
    typed: str


def resolve_operation(words: Sequence[str], registry: Registry, command: str) -> NamedOperation:
    """Return the operation that the first words name, or a lone noun. Raises UsageError when they name neither."""
    if found := find_named(words, registry):
        return found
    noun, rest = words[0].lower(), words[1:]
    if noun in registry.nouns:
        return _resolve_noun(noun, rest, registry, command)
    if found := _find_by_address(words, registry):
        return found
    return NamedOperation(_resolve_lone_verb(words[0], registry, command), rest, noun)


def find_named(words: Sequence[str], registry: Registry) -> NamedOperation | None:
    """Return the operation that the first words name in full, by its longest name; None for any other words."""
    lowered = [word.lower() for word in words[:NAME_WORDS]]
    for length in range(len(lowered), 0, -1):
        name = " ".join(lowered[:length])
        found = registry.typed_names.get(name)
        if found:
            return NamedOperation(found, words[length:], name)
    return None


def _resolve_noun(noun: str, rest: Sequence[str], registry: Registry, command: str) -> NamedOperation:
    """Resolve a noun that no verb follows: it stands alone, its verb is implied, or the verb is mistyped."""
    if not rest or rest[0].startswith("-"):
        return NamedOperation(noun, rest, noun)
    addressed = _find_by_address(rest, registry)
    if addressed and isinstance(addressed.meaning, Operation) and addressed.meaning.noun == noun:
        return addressed
    implied = next((op for op in registry.find_by_noun(noun) if op.implied_by == "noun"), None)
    if implied is None or find_near(rest[0], list_verbs(noun, registry)):
        raise _make_unknown_verb_error(noun, rest[0], registry, command)
    return NamedOperation(implied, rest, noun)


def _find_by_address(words: Sequence[str], registry: Registry) -> NamedOperation | None:
    """Return the operation that a build's address alone means: `web#41`, `web 41`, `#41`, a URL."""
    implied = next((op for op in registry if op.implied_by == "address"), None)
    if implied and (is_address(words[0]) or (len(words) == 2 and words[1].isdecimal())):
        return NamedOperation(implied, words, "")
    return None


def list_verbs(noun: str, registry: Registry) -> list[str]:
    """Return every verb that may be typed after a noun."""
    return [name.partition(" ")[2] for name in registry.typed_names if name.startswith(f"{noun} ")]


def _resolve_lone_verb(word: str, registry: Registry, command: str) -> Operation:
    lowered = word.lower()
    candidates = [op for op in registry if op.verb == lowered]
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise _make_ambiguous_verb_error(lowered, candidates, command)
    raise _make_unknown_noun_error(word, registry, command)


def _make_ambiguous_verb_error(verb: str, candidates: Sequence[Operation], command: str) -> UsageError:
    named = candidates if len(candidates) <= SUGGESTIONS_LIMIT else candidates[: SUGGESTIONS_LIMIT - 1]
    more = [f"{len(candidates) - len(named)} more"] if len(named) < len(candidates) else []
    ways = join_or([*(f"`{command} {op.name}`" for op in named), *more])
    return UsageError(f"`{quote_typed(verb)}` of what? Try {ways}.", _format_help_hint(command))


def _make_unknown_noun_error(word: str, registry: Registry, command: str) -> UsageError:
    hint = suggest(word, list_first_words(registry)) or _format_help_hint(command)
    return UsageError(f"There's no command `{quote_typed(word)}`.", hint)


def list_first_words(registry: Registry) -> frozenset[str]:
    """Return every word that can begin a command."""
    return registry.verbs.union(name.split(" ")[0] for name in registry.typed_names)


def _make_unknown_verb_error(noun: str, word: str, registry: Registry, command: str) -> UsageError:
    verbs = [op.verb for op in registry.find_by_noun(noun) if op.verb]
    guess = suggest(word, list_verbs(noun, registry))
    hint = guess or f"It takes {join_or([f'`{verb}`' for verb in verbs])}: see `{command} help {noun}`."
    return UsageError(f"`{noun}` has no `{quote_typed(word)}`.", hint)


def _format_help_hint(command: str) -> str:
    return f"See `{command} help`."
