"""Finds the command that a person meant when what they typed is nearly one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

from bot.errors import UsageError
from bot.operations.arguments import read_arguments
from bot.operations.command_masking import mask_command, mask_words
from bot.operations.declarations import find_target_fields
from bot.operations.grammar import parse, split_command, unparse
from bot.operations.operation import Operation
from bot.operations.registry import Registry
from bot.operations.reply import Call
from bot.operations.typed_text import quote_as_typed
from bot.operations.validation import validate
from bot.operations.vocabulary import find_named, list_first_words, list_verbs, resolve_operation
from bot.runtime.redaction import MASK
from bot.runtime.wording import find_near

Words: TypeAlias = list[str]
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]*", re.IGNORECASE)
# Words of a text that is looked at: a longer one is a sentence, not a command with a slip.
_WORDS_LIMIT = 20


@dataclass(frozen=True)
class Correction:
    """A command near what was typed.

    `line` is the command as a person would type it, with the bot's own command before it and secret values masked;
    `call` is what it does, with all values; `reason` is a rule that the text broke, if there is one to mention;
    `may_be_offered`: a button may run it, because it neither stops nor deletes anything.
    """

    line: str
    call: Call
    reason: str = ""
    may_be_offered: bool = False


def find_correction(text: str, registry: Registry, command: str = "/bk") -> Correction | None:
    """Return the command that a text nearly is; None if it is one, or isn't near any.

    It knows names of commands, flags and values, but none of pipelines or people, so it can't reveal any.
    """
    try:
        words = split_command(text, registry, command)
    except UsageError:
        return None
    if not words or len(words) > _WORDS_LIMIT or _find_call(words, registry, mended=False):
        return None
    for fixed, reason in _list_fixed(words, registry):
        if call := _find_call(fixed, registry):
            line = f"{command} {mask_command(unparse(call, registry), registry, command)}"
            return Correction(line, call, reason, may_be_offered(registry[call.operation]))
    return None


def guess_pipeline(text: str, registry: Registry, command: str = "/bk") -> Call | None:
    """Return the call that shows the newest build of a pipeline, for a text that may be nothing but its name.

    Only carrying it out finds out whether there is such a pipeline, and whether the person may see it.
    """
    try:
        words = split_command(text, registry, command)
    except UsageError:
        return None
    viewed = next((op for op in registry if op.implied_by == "address"), None)
    if viewed is None or len(words) != 1 or not _SLUG.fullmatch(words[0]):
        return None
    known = list_first_words(registry)
    return None if find_near(words[0], known) else Call(viewed.name, {"pipeline": words[0]})


def may_be_offered(op: Operation) -> bool:
    """Return whether a button may run an operation: it doesn't ask before it stops or deletes something.

    A question that only previews the result doesn't count.
    """
    return op.confirm is None or bool(op.confirm_label)


def _find_call(words: Words, registry: Registry, *, mended: bool = True) -> Call | None:
    """Return the valid call that words make, or None; `mended`: values may be replaced by near ones."""
    try:
        call = parse(" ".join(map(quote_as_typed, words)), registry)
        op = registry[call.operation]
        call = _mend_values(call, op) if mended else call
        validate(op, call.args)
    except UsageError:
        return None
    return call


def _mend_values(call: Call, op: Operation) -> Call:
    """Replace values that an argument doesn't have by the one that it has near them."""
    mended = dict(call.args)
    for argument in read_arguments(op.args):
        value = mended.get(argument.name)
        if argument.choices and isinstance(value, str):
            mended[argument.name] = _mend_value(value, argument.choices)
        elif argument.choices and isinstance(value, list):
            mended[argument.name] = [_mend_value(str(part), argument.choices) for part in value]
    return replace(call, args=mended)


def _mend_value(value: str, choices: tuple[str, ...]) -> str:
    near = find_near(value, choices)
    return near[0] if value not in choices and len(near) == 1 else value


def _list_fixed(words: Words, registry: Registry) -> Iterator[tuple[Words, str]]:
    """Yield the words with slips mended, the likeliest first, each with the rule that they broke."""
    named = [_mend_flags(fixed, registry) for fixed in _list_named(words, registry)]
    yield from ((fixed, "") for fixed in named)
    for fixed in named:
        # Words after a secret are masked, because they may belong to it, so none of them is a branch.
        if _has_bare_variable(fixed) or MASK in mask_words(fixed, registry):
            continue
        for at in range(len(fixed) - 1, 0, -1):
            if _takes_branch(fixed, registry) and not fixed[at].startswith("-"):
                yield [*fixed[:at], "-b", *fixed[at:]], "A branch goes after `-b`."


def _list_named(words: Words, registry: Registry) -> Iterator[Words]:
    """Yield the words with the name of a command in front: as they are, with near words, in another order."""
    first, *rest = words
    yield words
    yield from ([near, *rest] for near in find_near(first, list_first_words(registry)))
    if rest:
        yield from ([first, near, *rest[1:]] for near in find_near(rest[0], list_verbs(first.lower(), registry)))
        if first.lower() not in list_first_words(registry) and find_named([rest[0]], registry):
            yield [rest[0], first, *rest[1:]]
    if len(rest) > 1 and find_named([first, rest[1]], registry):
        yield [first, rest[1], rest[0], *rest[2:]]


def _find_operation(words: Words, registry: Registry) -> Operation | None:
    try:
        named = resolve_operation(words, registry, "")
    except UsageError:
        return None
    return named.meaning if isinstance(named.meaning, Operation) else None


def _mend_flags(words: Words, registry: Registry) -> Words:
    op = _find_operation(words, registry)
    known = [spelling for argument in read_arguments(op.args) for spelling in argument.spellings] if op else []
    return [_mend_flag(word, known) for word in words]


def _mend_flag(word: str, known: list[str]) -> str:
    flag, equals, value = word.partition("=")
    near = find_near(flag, known) if flag.startswith("--") and flag not in known else []
    return f"{near[0]}{equals}{value}" if len(near) == 1 else word


def _has_bare_variable(words: Words) -> bool:
    """Return whether a `KEY=value` follows no flag: it's meant for `-e`, and would pass for a branch."""
    return any("=" in word and "-" not in (before[:1], word[:1]) for before, word in pairwise(words))


def _takes_branch(words: Words, registry: Registry) -> bool:
    op = _find_operation(words, registry)
    return op is not None and "branch" in find_target_fields(op.args.model_fields)
