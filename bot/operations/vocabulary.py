"""Resolves the first words of a command: nouns, verbs, their aliases, and verbs without a noun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from bot.errors import UsageError
from bot.operations.arguments import read_arguments
from bot.operations.operation import Operation
from bot.operations.registry import Registry
from bot.runtime.wording import join_or, quote_word, suggest

NOUN_ALIASES: Mapping[str, str] = MappingProxyType({"org": "organization"})
VERB_ALIASES: Mapping[str, str] = MappingProxyType(
    {"ls": "list", "rm": "delete", "new": "create", "cp": "copy", "priority": "reprioritize", "logs": "log"}
)
# Operations that a verb means without its noun, as in "@kitestring cancel" in a build's thread: builds first.
PREFERRED_OPERATIONS: tuple[str, ...] = (
    "build cancel",
    "build rebuild",
    "build retry",
    "build view",
    "build watch",
    "build create",
    "job log",
    "job unblock",
    "agent pause",
    "agent resume",
    "agent stop",
)
# Number of commands to suggest where a verb alone may mean several.
SUGGESTIONS_LIMIT = 4


def resolve_operation(
    words: Sequence[str], registry: Registry, command: str
) -> tuple[Operation | str, Sequence[str]]:
    """Return the operation that the first words name, or a lone noun, with the remaining words.

    Raises UsageError when they name neither.
    """
    first, *rest = words
    noun = _find_noun(first, registry)
    if noun is None:
        return _resolve_lone_verb(first, registry, command), rest
    if not rest or rest[0].startswith("-"):
        return registry.find(noun) or noun, rest
    named = registry.find(f"{noun} {_normalise_verb(noun, rest[0], registry)}")
    if named:
        return named, rest[1:]
    single = registry.find(noun)
    if single and (
        len(registry.find_by_noun(noun)) == 1
        or any(argument.opt.positional for argument in read_arguments(single.args))
    ):
        return single, rest
    raise _make_unknown_verb_error(noun, rest[0], registry, command)


def list_first_words(registry: Registry) -> frozenset[str]:
    """Return every word that can begin a command: nouns, verbs, and the aliases of both."""
    return registry.verbs.union(registry.nouns, NOUN_ALIASES, VERB_ALIASES)


def _find_noun(word: str, registry: Registry) -> str | None:
    lowered = word.lower()
    noun = lowered if lowered in registry.nouns else NOUN_ALIASES.get(lowered, lowered)
    return noun if noun in registry.nouns else None


def _normalise_verb(noun: str, word: str, registry: Registry) -> str:
    lowered = word.lower()
    return lowered if f"{noun} {lowered}" in registry else VERB_ALIASES.get(lowered, lowered)


def _resolve_lone_verb(word: str, registry: Registry, command: str) -> Operation:
    lowered = word.lower()
    for verb in dict.fromkeys([lowered, VERB_ALIASES.get(lowered, lowered)]):
        candidates = [op for op in registry if op.verb == verb]
        preferred = [op for name in PREFERRED_OPERATIONS for op in candidates if op.name == name]
        if preferred or len(candidates) == 1:
            return (preferred or candidates)[0]
        if candidates:
            raise _make_ambiguous_verb_error(verb, candidates, command)
    raise _make_unknown_noun_error(word, registry, command)


def _make_ambiguous_verb_error(verb: str, candidates: Sequence[Operation], command: str) -> UsageError:
    named = candidates if len(candidates) <= SUGGESTIONS_LIMIT else candidates[: SUGGESTIONS_LIMIT - 1]
    more = [f"{len(candidates) - len(named)} more"] if len(named) < len(candidates) else []
    ways = join_or([*(f"`{command} {op.name}`" for op in named), *more])
    return UsageError(f"`{quote_word(verb)}` of what? Try {ways}.", _format_help_hint(command))


def _make_unknown_noun_error(word: str, registry: Registry, command: str) -> UsageError:
    suggestions = list_first_words(registry) - set(VERB_ALIASES)
    return UsageError(
        f"There's no command `{quote_word(word)}`.", suggest(word, suggestions) or _format_help_hint(command)
    )


def _make_unknown_verb_error(noun: str, word: str, registry: Registry, command: str) -> UsageError:
    verbs = [op.verb for op in registry.find_by_noun(noun) if op.verb]
    guess = suggest(word, verbs)
    hint = guess or f"It takes {join_or([f'`{verb}`' for verb in verbs])}: see `{command} help {noun}`."
    return UsageError(f"`{noun}` has no `{quote_word(word)}`.", hint)


def _format_help_hint(command: str) -> str:
    return f"See `{command} help`."
