"""Masks the values of secret arguments: in arguments, and in commands as text, such as those of `can`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from bot.errors import UsageError
from bot.operations.arguments import PAIR_START, read_arguments
from bot.operations.operation import Operation
from bot.operations.registry import Registry
from bot.operations.typed_text import normalise, quote_if_needed, split
from bot.operations.vocabulary import resolve_operation
from bot.runtime.json_types import JsonObject, JsonValue
from bot.runtime.redaction import MASK, mask_tokens

# A flag that no command has counts as a name, too: `--evn=NAME=value`.
_NAMED = re.compile(rf"(?P<name>{PAIR_START.pattern})(?P<value>.*)", re.DOTALL)
_ALIAS_SIGN = "="


def mask_arguments(
    op: Operation, given: JsonObject, registry: Registry, command: str = "/bk"
) -> dict[str, JsonValue]:
    """Return arguments for the audit: of secret ones only names or the number of lines, and nowhere a token.

    An argument that is a command as text is masked as that command's arguments are.
    """

    def mask(name: str, value: JsonValue) -> JsonValue:
        if arguments[name].opt.secret:
            return _summarise(value)
        if not isinstance(value, str):
            return value
        return mask_command(value, registry, command) if arguments[name].opt.takes_rest else mask_tokens(value)

    arguments = {argument.name: argument for argument in read_arguments(op.args)}
    return {name: mask(name, value) for name, value in given.items() if name in arguments}


def _summarise(value: JsonValue) -> JsonValue:
    """Return the names of a secret mapping, or the size of another secret."""
    if isinstance(value, Mapping):
        return sorted(value)
    if isinstance(value, str):
        # A SecretStr has been dumped as asterisks already.
        return f"{len(value.splitlines())} lines" if value.strip("*") else value
    return MASK if value is not None else None


def mask_command(text: str, registry: Registry, command: str = "/bk") -> str:
    """Return a command with the values of its secret arguments masked; names of variables and fields stay.

    If it can't be resolved, every flag that takes a secret somewhere counts, and so does every `NAME=value`.
    """
    try:
        plain = normalise(text)
        words = split(plain)
    except UsageError:  # too long, or a quotation mark isn't closed: what follows may belong to a secret
        masked = mask_words(text.split(), registry, command)
        end = next((at for at, word in enumerate(masked) if MASK in word), len(masked))
        return " ".join(masked[: end + 1])
    masked = mask_words(words, registry, command)
    return plain if masked == words else " ".join(map(_quote_unmasked, masked))


def _quote_unmasked(word: str) -> str:
    return word if MASK in word else quote_if_needed(word)


def mask_words(words: Sequence[str], registry: Registry, command: str = "/bk") -> list[str]:
    """Return the words of a command with the values of its secret arguments masked."""
    leading = 1 if words and words[0].lower() in {command, command.lstrip("/")} else 0
    op, rest = _resolve(words[leading:], registry, command)
    head = list(words[: len(words) - len(rest)])
    if op is None:
        flat = [mask_command(word, registry, command) if " " in word else word for word in rest]
        return [*head, *_mask_flags(flat, None, registry)]
    if any(argument.opt.takes_rest for argument in read_arguments(op.args)):
        return [*head, *_mask_inner(rest, registry, command)]
    if op.form_only_message or _has_plain_secret(op):
        return [*head, *(MASK for _ in rest)]
    return [*head, *_mask_flags(rest, op, registry)]


def _resolve(words: Sequence[str], registry: Registry, command: str) -> tuple[Operation | None, Sequence[str]]:
    """Return the operation that the first words name, or None, and the remaining words."""
    try:
        named = resolve_operation(words, registry, command) if words else None
    except UsageError:
        return None, words
    return (named.meaning, named.rest) if named and isinstance(named.meaning, Operation) else (None, words)


def _mask_inner(words: Sequence[str], registry: Registry, command: str) -> list[str]:
    """Mask a command inside a command: `can build create …`, or an alias's `ship = build create …`."""
    sign = next((at for at, word in enumerate(words[:2]) if _ALIAS_SIGN in word), None)
    if sign is None or _resolve(words, registry, command)[0]:
        return mask_words(words, registry, command)
    name, _, first = words[sign].partition(_ALIAS_SIGN)
    inner = [*([first] if first else []), *words[sign + 1 :]]
    if _resolve(inner, registry, command)[0] is None:
        return mask_words(words, registry, command)
    masked = mask_words(inner, registry, command)
    joined = [f"{name}={masked[0]}", *masked[1:]] if first else [words[sign], *masked]
    return [*words[:sign], *joined]


def _has_plain_secret(op: Operation) -> bool:
    """Return whether a word without a flag may be a secret: one that isn't given as `NAME=value`."""
    secrets = (argument for argument in read_arguments(op.args) if argument.opt.secret)
    return any(argument.opt.positional and argument.kind != "dict" for argument in secrets)


def _mask_flags(words: Sequence[str], op: Operation | None, registry: Registry) -> list[str]:
    """Mask `NAME=value`, and values after flags that are secret: for this operation, or for any other one."""
    secret = _find_flags(registry, secret=True)
    public = _find_flags([op], secret=False) if op else _find_flags(registry, secret=False) - secret
    takes_pairs = op is not None and any(
        argument.kind == "dict" and argument.opt.positional and not argument.opt.secret
        for argument in read_arguments(op.args)
    )
    masked: list[str] = []
    # Without quotes, the words after a secret value may be the rest of it: `-e PASSWORD=correct horse`.
    in_secret = False
    for before, word in pairwise(["", *words]):
        glued = next((flag for flag in secret - public if _is_glued(word, flag)), "")
        is_pair = bool(PAIR_START.match(word)) and not {before, word.partition("=")[0]} & public
        starts_secret = bool(glued) or before in secret - public - {word} or (is_pair and not takes_pairs)
        in_secret = starts_secret or (in_secret and not word.startswith("-"))
        masked.append(glued + _mask_value(word.removeprefix(glued)) if in_secret else mask_tokens(word))
    return masked


def _find_flags(operations: Iterable[Operation], *, secret: bool) -> set[str]:
    """Return the flags with values of arguments that are declared secret, or of those that aren't."""
    declared = (argument for op in operations for argument in read_arguments(op.args) if argument.kind != "bool")
    return {flag for argument in declared if bool(argument.opt.secret) is secret for flag in argument.spellings}


def _is_glued(word: str, flag: str) -> bool:
    """Return whether a word is a flag with its value: `--env=A=1`, or `-eA=1`."""
    return word != flag and word.startswith(flag if len(flag) == 2 else f"{flag}=")


def _mask_value(word: str) -> str:
    """Return `NAME=•••` for `NAME=value`, else only the mask."""
    found = _NAMED.fullmatch(word)
    return f"{found['name']}{MASK}" if found else MASK
