"""Parses `/bk <noun> <verb> [positional…] [--flags]` into calls, with errors that show the right form."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TypeAlias

import click

from bot.errors import UsageError
from bot.operations.addresses import BUILD_PARTS, count_build_words
from bot.operations.arguments import PAIR_START, Argument, format_values, parse_values, read_arguments
from bot.operations.command_masking import mask_words
from bot.operations.operation import Args, Operation
from bot.operations.registry import Registry
from bot.operations.reply import Call
from bot.operations.typed_text import normalise, quote_as_typed, split
from bot.operations.usage import format_usage
from bot.operations.validation import make_unknown_flag_error
from bot.operations.vocabulary import NamedOperation, resolve_operation
from bot.runtime.json_types import JsonValue
from bot.runtime.wording import quote_typed, quote_word

# A flag as click reads it: a switch, or the words of each time that it was given.
_Typed: TypeAlias = bool | tuple[str, ...] | None
_YES = ("--yes", "-y")
_HELP = ("--help", "-h")
_NEGATIVE = re.compile(r"-\d+(\.\d+)?$")
_MARK = "\0"  # never in normalised text: keeps click from taking a negative number for a flag


class _SurplusWord(UsageError):
    """A word was left over."""

    def __init__(self, word: str, hint: str) -> None:
        super().__init__(f"I don't know what to do with `{quote_typed(word)}`.", hint)
        self.word = word


def parse(text: str, registry: Registry, *, command: str = "/bk") -> Call:
    """Parse a command. Every value stays a string, repeated values a list, KEY=value pairs a mapping.

    Empty text, a bare noun and `--help` are calls of `help`. The word after a flag that takes a value is its
    value, unless it is another flag of the command; `--flag=-x` takes anything.
    Raises UsageError, and nothing else, for text that it can't parse.
    """
    words = split_command(text, registry, command)
    leading = next((at for at, word in enumerate(words) if word not in {*_YES, *_HELP}), len(words))
    given, words = words[:leading], words[leading:]
    if not words:
        return Call("help")
    named = resolve_operation(words, registry, command)
    if isinstance(named.meaning, str):
        return _parse_lone_noun(named.meaning, named.rest, command)
    try:
        call = _parse_call(named.meaning, [*given, *named.rest], command)
    except _SurplusWord as error:
        if error.word in mask_words(words, registry, command):
            raise
        hint = 'Put a value with spaces in quotes, as in `-e GREETING="hello there"`.'
        raise UsageError("A word follows a value that may be secret. I don't repeat it.", hint) from None
    return replace(call, advice=_advise(named, registry[call.operation], command))


def split_command(text: str, registry: Registry, command: str) -> list[str]:
    """Split a text into words, without the bot's own command before them. Raises UsageError."""
    words = split(normalise(text))
    own = words and words[0].lower() in {command, command.lstrip("/")} - set(registry.nouns)
    return words[1:] if own else words


def _advise(named: NamedOperation, op: Operation, command: str) -> str:
    """Return what to type from the next release on, for a former name or flag; empty without any."""
    renamed = [(f"{command} {named.typed}", f"{command} {op.name}")] if named.typed in op.former else []
    flags = {word.partition("=")[0] for word in named.rest}
    changed = [
        (flag, argument.flag)
        for argument in read_arguments(op.args)
        for flag in argument.opt.former
        if flag in flags
    ]
    sentences = [f"`{former}` is now `{now}`." for former, now in [*renamed, *changed]]
    return " ".join([*sentences, "The old form works until the next release."]) if sentences else ""


def _parse_lone_noun(noun: str, rest: Sequence[str], command: str) -> Call:
    for word in rest:
        if word not in {*_YES, *_HELP}:
            raise UsageError(f"`{quote_typed(word)}` needs a command before it.", f"See `{command} help {noun}`.")
    return Call("help", {"noun": noun})


def _parse_call(op: Operation, words: Sequence[str], command: str) -> Call:
    if op.form_only_message and any(word not in {*_YES, *_HELP} for word in words):
        raise UsageError(op.form_only_message)
    declared = read_arguments(op.args)
    # `alias x = build create -b main`: flags after the first word belong to the text, so click must not see them.
    takes_rest = next((argument for argument in declared if argument.opt.takes_rest), None)
    rest_words = [word for word in words if word not in _YES] if takes_rest and not takes_rest.required else words
    if takes_rest and rest_words and words[0] not in _HELP:
        return _parse_rest(op, takes_rest, list(words))
    taken = {flag for argument in declared for flag in argument.accepted_flags}
    params = _parse_flags(op, declared, taken, words, command)
    if params.pop("help", False):
        return Call("help", {"noun": op.noun} | ({"verb": op.verb} if op.verb else {}))
    yes = bool(params.pop("yes", False))
    positional = [_unmark(word) for word in _list_words(params.pop("words"))]
    args = {
        argument.name: _read_flag(op, argument, params[f"f_{argument.name}"], command)
        for argument in declared
        if params[f"f_{argument.name}"] not in (None, ())
    }
    return Call(op.name, {**args, **_assign_positionals(op, declared, args, positional, command)}, yes)


def _parse_rest(op: Operation, argument: Argument, words: list[str]) -> Call:
    """Join all words to one text that can be parsed again; a single quoted word is that text already."""
    yes = len(words) > 1 and words[0] in _YES
    words = words[1:] if yes else words
    if len(words) > 1 and words[0] == argument.flag:
        words = words[1:]
    first = words[0].removeprefix(f"{argument.flag}=")
    text = first if len(words) == 1 else " ".join(map(quote_as_typed, [first, *words[1:]]))
    return Call(op.name, {argument.name: text}, yes)


def _parse_flags(
    op: Operation, declared: Sequence[Argument], taken: set[str], words: Sequence[str], command: str
) -> dict[str, _Typed]:
    """Let click sort the words into flags and positionals. Raises UsageError."""
    parser = _make_parser(op.name, op.args)
    # Click would take the next flag as the value, so that case is refused before it parses.
    _refuse_missing_values(op, declared, taken, words, command)
    try:
        return dict(parser.make_context(op.name, _mark_numbers(words)).params)
    except click.NoSuchOption as problem:
        raise make_unknown_flag_error(op, problem.option_name, command) from None
    except click.BadOptionUsage as problem:
        raise _explain_bad_flag(op, problem, command) from None
    except click.UsageError as problem:
        raise UsageError(quote_word(problem.message), _format_usage_hint(op, command)) from None


@cache
def _make_parser(name: str, model: type[Args]) -> click.Command:
    """Build an operation's click command once: building takes ten times as long as parsing with it."""
    declared = read_arguments(model)
    taken = {flag for argument in declared for flag in argument.accepted_flags}
    own = [
        click.Option(["yes", *_drop_taken(_YES, taken)], is_flag=True),
        click.Option(["help", *_drop_taken(_HELP, taken)], is_flag=True),
    ]
    words = click.Argument(["words"], nargs=-1, type=click.UNPROCESSED)
    return click.Command(name, params=[*map(_make_option, declared), *own, words], add_help_option=False)


def _drop_taken(names: Iterable[str], taken: set[str]) -> list[str]:
    return [name for name in names if name not in taken]


def _make_option(argument: Argument) -> click.Option:
    name = f"f_{argument.name}"
    if argument.kind == "bool":
        switched = [argument.flag + "/--no-" + argument.flag[2:], *argument.accepted_flags[1:]]
        return click.Option([name, *switched], default=None)
    return click.Option([name, *argument.accepted_flags], multiple=True, type=click.UNPROCESSED)


def _mark_numbers(words: Sequence[str]) -> list[str]:
    return [_MARK + word if _NEGATIVE.match(word) else word for word in words]


def _unmark(word: str) -> str:
    return word.removeprefix(_MARK)


def _refuse_missing_values(
    op: Operation, declared: Sequence[Argument], taken: set[str], words: Sequence[str], command: str
) -> None:
    """Raise UsageError for `-b --yes`: a forgotten value, not a branch of that name."""
    valued = {flag for argument in declared if argument.kind != "bool" for flag in argument.accepted_flags}
    flags = {*taken, *_YES, *_HELP}
    before_dashes = words[: words.index("--")] if "--" in words else words
    for word, after in pairwise(before_dashes):
        if word in valued and after in flags:
            raise UsageError(f"`{word}` needs a value, but `{after}` follows.", _format_usage_hint(op, command))


def _explain_bad_flag(op: Operation, problem: click.BadOptionUsage, command: str) -> UsageError:
    name = quote_word(problem.option_name)
    if "does not take a value" in problem.message:
        return UsageError(f"`{name}` takes no value.", _format_usage_hint(op, command))
    return UsageError(f"`{name}` needs a value.", _format_usage_hint(op, command))


def _read_flag(op: Operation, argument: Argument, value: _Typed, command: str) -> JsonValue:
    """Return an argument's value from its flags: a string, a list, a mapping, or `true` and `false`."""
    if argument.kind == "bool":
        return "true" if value else "false"
    values = [_unmark(word) for word in _list_words(value)]
    if argument.repeatable:
        return parse_values(argument, values)
    if len(values) > 1:
        quoted = "" if argument.opt.secret else ": " + " and ".join(f"`{quote_word(word)}`" for word in values[:2])
        message = f"`{argument.flag}` is given twice{quoted}."
        raise UsageError(message, _format_usage_hint(op, command), argument.name)
    return values[0]


def _list_words(value: _Typed) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _assign_positionals(
    op: Operation, declared: Sequence[Argument], flagged: Container[str], words: Sequence[str], command: str
) -> dict[str, JsonValue]:
    """Assign words without a flag, in order, to the positional arguments that no flag has set.

    Required arguments come first when there are too few words: in `build create web`, `web` is the pipeline.
    """
    unfilled = [argument for argument in declared if argument.opt.positional and argument.name not in flagged]
    args: dict[str, JsonValue] = {}
    pair_words, remaining = _separate_pairs(unfilled, words)
    if pair_words:
        pairs = next(argument for argument in unfilled if argument.kind == "dict")
        args[pairs.name] = parse_values(pairs, pair_words)
    build_words, remaining = _separate_build(unfilled, remaining)
    args |= build_words
    for argument in unfilled:
        if argument.opt.addressed:
            continue
        if remaining and argument.repeatable and argument.name not in args:
            args[argument.name], remaining = parse_values(argument, remaining), []
        elif argument.opt.joined and len(remaining) > (reserved := _count_reserved(argument, unfilled, args)):
            joined, remaining = remaining[: len(remaining) - reserved], remaining[len(remaining) - reserved :]
            args[argument.name] = " ".join(joined)
        elif len(remaining) > _count_reserved(argument, unfilled, args) and argument.name not in args:
            args[argument.name] = remaining.pop(0)
    if remaining:
        raise _SurplusWord(remaining[0], _format_usage_hint(op, command))
    return args


def _count_reserved(argument: Argument, unfilled: Sequence[Argument], args: Container[str]) -> int:
    """Count the words to reserve for required arguments after an optional one."""
    behind = unfilled[unfilled.index(argument) + 1 :]
    return 0 if argument.required else sum(argument.required and argument.name not in args for argument in behind)


def _separate_build(unfilled: Sequence[Argument], words: list[str]) -> tuple[dict[str, JsonValue], list[str]]:
    """Separate a build that comes first from the words after it: `web 41 Lint`, `web#41 Lint`, `41 Lint`.

    An address without words after it stays with them: the argument that they belong to reads addresses as well.
    """
    addressed = [argument.name for argument in unfilled if argument.opt.addressed]
    if len(addressed) < len(BUILD_PARTS):
        return {}, words
    required = sum(argument.required for argument in unfilled)
    count = count_build_words(words[: len(words) - required])
    return dict(zip(addressed[:count], words[:count], strict=True)), words[count:]


def _separate_pairs(unfilled: Sequence[Argument], words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Separate KEY=value words, which may be anywhere, from the others, which keep their order."""
    if not any(argument.kind == "dict" for argument in unfilled):
        return [], list(words)
    return [word for word in words if PAIR_START.match(word)], [
        word for word in words if not PAIR_START.match(word)
    ]


def _format_usage_hint(op: Operation, command: str) -> str:
    return f"Usage: `{format_usage(op, command)}`"


def unparse(call: Call, registry: Registry) -> str:
    """Format a call as a person would type it; parsing it again gives an equal call.

    Only characters that `normalise` changes in every text (curly quotes, no-break spaces) are lost.
    """
    text = _unparse(call, registry, positional=True)
    try:
        same = parse(text, registry) == call
    except UsageError:
        same = False
    return text if same else _unparse(call, registry, positional=False)


def _unparse(call: Call, registry: Registry, *, positional: bool) -> str:
    declared = read_arguments(registry[call.operation].args)
    takes_rest = any(argument.opt.takes_rest for argument in declared)
    yes = ["--yes"] if call.confirmed else []
    words = [*call.operation.split(" "), *(yes if takes_rest else [])]
    still_positional = positional  # after the first argument with a flag, the rest need flags too
    for argument in sorted(declared, key=lambda argument: not argument.opt.positional):
        value = call.args.get(argument.name)
        bare = _format_positional(value) if still_positional and argument.opt.positional else None
        left_out = argument.opt.addressed and value is None
        still_positional = still_positional and (bare is not None or left_out)
        words += bare if bare is not None else _format_flags(argument, value)
    return " ".join([*map(quote_as_typed, words), *([] if takes_rest else yes)])


def _format_positional(value: object) -> list[str] | None:
    """Return a positional argument without its flag; None where it needs the flag."""
    words = format_values(value)
    plain = words and not any(word.startswith("-") or PAIR_START.match(word) for word in words)
    return words if plain else None


def _format_flags(argument: Argument, value: object) -> list[str]:
    if argument.kind == "bool" and value is not None:
        on = str(value).lower() == "true"
        return [argument.flag if on else "--no-" + argument.flag[2:]]
    return [word for text in format_values(value) for word in _format_flag(argument, text)]


def _format_flag(argument: Argument, text: str) -> list[str]:
    return [f"{argument.flag}={text}"] if text.startswith("-") else [argument.short_flag, text]
