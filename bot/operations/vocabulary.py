"""Which operation the first words mean: nouns, verbs, their aliases, and verbs that can stand alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from bot.errors import UsageError
from bot.operations.arguments import arguments
from bot.operations.operation import Operation, Registry
from bot.runtime.wording import join_or, quote_word, suggest

NOUN_ALIASES: Mapping[str, str] = MappingProxyType({"org": "organization"})
VERB_ALIASES: Mapping[str, str] = MappingProxyType(
    {"ls": "list", "rm": "delete", "new": "create", "cp": "copy", "priority": "reprioritize", "logs": "log"}
)
# What a verb means without its noun, as in "@kitestring cancel" in a build's thread: the build first.
PREFERRED: tuple[str, ...] = (
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
# How many commands are named where a verb alone may mean several.
WAYS = 4


def resolve(words: Sequence[str], registry: Registry, command: str) -> tuple[Operation | str, Sequence[str]]:
    """The operation meant by the first words with the words that are left, or a noun that stands alone.

    Raises UsageError when the words mean none.
    """
    first, *rest = words
    noun = _noun(first, registry)
    if noun is None:
        return _verb_alone(first, registry, command), rest
    if not rest or rest[0].startswith("-"):
        return registry.find(noun) or noun, rest
    named = registry.find(f"{noun} {_verb(noun, rest[0], registry)}")
    if named:
        return named, rest[1:]
    single = registry.find(noun)
    if single and (
        len(registry.of(noun)) == 1 or any(argument.opt.positional for argument in arguments(single.args))
    ):
        return single, rest
    raise _no_such_verb(noun, rest[0], registry, command)


def first_words(registry: Registry) -> frozenset[str]:
    """Every word that begins a command: nouns, verbs that stand alone, and other words for both."""
    return registry.verbs.union(registry.nouns, NOUN_ALIASES, VERB_ALIASES)


def _noun(word: str, registry: Registry) -> str | None:
    lowered = word.lower()
    noun = lowered if lowered in registry.nouns else NOUN_ALIASES.get(lowered, lowered)
    return noun if noun in registry.nouns else None


def _verb(noun: str, word: str, registry: Registry) -> str:
    lowered = word.lower()
    return lowered if f"{noun} {lowered}" in registry else VERB_ALIASES.get(lowered, lowered)


def _verb_alone(word: str, registry: Registry, command: str) -> Operation:
    lowered = word.lower()
    for verb in dict.fromkeys([lowered, VERB_ALIASES.get(lowered, lowered)]):
        meant = [op for op in registry if op.verb == verb]
        preferred = [op for name in PREFERRED for op in meant if op.name == name]
        if preferred or len(meant) == 1:
            return (preferred or meant)[0]
        if meant:
            raise _which(verb, meant, command)
    raise _no_such_noun(word, registry, command)


def _which(verb: str, meant: Sequence[Operation], command: str) -> UsageError:
    named = meant if len(meant) <= WAYS else meant[: WAYS - 1]
    more = [f"{len(meant) - len(named)} more"] if len(named) < len(meant) else []
    ways = join_or([*(f"`{command} {op.name}`" for op in named), *more])
    return UsageError(f"`{quote_word(verb)}` needs to know what: {ways}.", _help(command))


def _no_such_noun(word: str, registry: Registry, command: str) -> UsageError:
    known = first_words(registry) - set(VERB_ALIASES)
    return UsageError(f"I don't know `{quote_word(word)}`.", suggest(word, known) or _help(command))


def _no_such_verb(noun: str, word: str, registry: Registry, command: str) -> UsageError:
    verbs = [op.verb for op in registry.of(noun) if op.verb]
    guess = suggest(word, verbs)
    hint = guess or f"It takes {join_or([f'`{verb}`' for verb in verbs])}: see `{command} help {noun}`."
    return UsageError(f"`{noun}` has no `{quote_word(word)}`.", hint)


def _help(command: str) -> str:
    return f"See `{command} help`."
