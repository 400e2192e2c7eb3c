"""Text to calls: `/bk <noun> <verb> [positional…] [--flags]`, with errors that show the right form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import click

from bot.errors import UsageError
from bot.operations.arguments import PAIR, Argument, arguments, gathered, written
from bot.operations.operation import Args, Operation, Registry
from bot.operations.reply import Call
from bot.operations.typed_text import normalise, split, typed
from bot.operations.usage import usage
from bot.operations.validation import unknown_flag, validate
from bot.operations.vocabulary import resolve
from bot.runtime.wording import quote_word

__all__ = ["normalise", "parse", "unparse", "usage", "validate"]
_YES = ("--yes", "-y")
_HELP = ("--help", "-h")
_NEGATIVE = re.compile(r"-\d+(\.\d+)?$")
_MARK = "\0"  # normalised text has none: keeps click from taking a negative number for a flag


def parse(text: str, registry: Registry, *, command: str = "/bk") -> Call:
    """Read a command. Every value stays a string, repeated values a list, KEY=value pairs a mapping.

    No text at all, a bare noun and `--help` are calls of `help`. After a flag that takes a value the next
    word is its value, unless it is another flag of the command; `--flag=-x` takes anything.
    Raises UsageError, and nothing else, for whatever cannot be understood.
    """
    words = split(normalise(text))
    if words and words[0].lower() in {command, command.lstrip("/")} - set(registry.nouns):
        words = words[1:]
    leading = next((at for at, word in enumerate(words) if word not in {*_YES, *_HELP}), len(words))
    given, words = words[:leading], words[leading:]
    if not words:
        return Call("help")
    operation, rest = resolve(words, registry, command)
    if isinstance(operation, str):
        return _noun_alone(operation, rest, command)
    return _call(operation, [*given, *rest], command)


def _noun_alone(noun: str, rest: Sequence[str], command: str) -> Call:
    for word in rest:
        if word not in {*_YES, *_HELP}:
            raise UsageError(f"`{quote_word(word)}` has no command before it.", f"See `{command} help {noun}`.")
    return Call("help", {"noun": noun})


def _call(op: Operation, words: Sequence[str], command: str) -> Call:
    if op.form_only and any(word not in {*_YES, *_HELP} for word in words):
        raise UsageError(op.form_only)
    declared = arguments(op.args)
    whole = next((item for item in declared if item.opt.rest), None)
    said = [word for word in words if word not in _YES] if whole and not whole.required else words
    if whole and said and words[0] not in _HELP:
        return _rest(op, whole, list(words))
    taken = {spelling for argument in declared for spelling in argument.spellings}
    params = _params(op, declared, taken, words, command)
    if params.pop("help", False):
        return Call("help", {"noun": op.noun} | ({"verb": op.verb} if op.verb else {}))
    yes = bool(params.pop("yes", False))
    positional = [_unmarked(word) for word in params.pop("words")]
    args = {
        argument.name: _flagged(op, argument, params[f"f_{argument.name}"], command)
        for argument in declared
        if params[f"f_{argument.name}"] not in (None, ())
    }
    return Call(op.name, args | _positional(op, declared, args, positional, command), yes)


def _rest(op: Operation, argument: Argument, words: list[str]) -> Call:
    """All words as one text that can be read again; a single word in quotes is that text already."""
    yes = len(words) > 1 and words[0] in _YES
    words = words[1:] if yes else words
    if len(words) > 1 and words[0] == argument.flag:
        words = words[1:]
    first = words[0].removeprefix(f"{argument.flag}=")
    text = first if len(words) == 1 else " ".join(map(typed, [first, *words[1:]]))
    return Call(op.name, {argument.name: text}, yes)


def _params(
    op: Operation, declared: Sequence[Argument], taken: set[str], words: Sequence[str], command: str
) -> dict[str, Any]:
    """Let click sort the words into flags and positionals."""
    parser = _parser(op.name, op.args)
    _refuse_swallowing(op, declared, taken, words, command)
    try:
        return dict(parser.make_context(op.name, _marked(words)).params)
    except click.NoSuchOption as problem:
        raise unknown_flag(op, problem.option_name, command) from None
    except click.BadOptionUsage as problem:
        raise _bad_flag(op, problem, command) from None
    except click.UsageError as problem:
        raise UsageError(quote_word(problem.message), _hint(op, command)) from None


@cache
def _parser(name: str, model: type[Args]) -> click.Command:
    """Made when it is first asked for: that takes ten times as long as its use."""
    declared = arguments(model)
    taken = {spelling for argument in declared for spelling in argument.spellings}
    own = [
        click.Option(["yes", *_free(_YES, taken)], is_flag=True),
        click.Option(["help", *_free(_HELP, taken)], is_flag=True),
    ]
    words = click.Argument(["words"], nargs=-1, type=click.UNPROCESSED)
    return click.Command(name, params=[*map(_option, declared), *own, words], add_help_option=False)


def _free(names: Iterable[str], taken: set[str]) -> list[str]:
    return [name for name in names if name not in taken]


def _option(argument: Argument) -> click.Option:
    name = f"f_{argument.name}"
    if argument.kind == "bool":
        switched = [argument.flag + "/--no-" + argument.flag[2:], *argument.spellings[1:]]
        return click.Option([name, *switched], default=None)
    return click.Option([name, *argument.spellings], multiple=True, type=click.UNPROCESSED)


def _marked(words: Sequence[str]) -> list[str]:
    return [_MARK + word if _NEGATIVE.match(word) else word for word in words]


def _unmarked(word: str) -> str:
    return word.removeprefix(_MARK)


def _refuse_swallowing(
    op: Operation, declared: Sequence[Argument], taken: set[str], words: Sequence[str], command: str
) -> None:
    """`-b --yes` is a forgotten value, not a branch of that name."""
    valued = {flag for argument in declared if argument.kind != "bool" for flag in argument.spellings}
    flags = {*taken, *_YES, *_HELP}
    spoken = words[: words.index("--")] if "--" in words else words
    for word, after in pairwise(spoken):
        if word in valued and after in flags:
            raise UsageError(f"`{word}` needs a value, but `{after}` follows.", _hint(op, command))


def _bad_flag(op: Operation, problem: click.BadOptionUsage, command: str) -> UsageError:
    name = quote_word(problem.option_name)
    if "does not take a value" in problem.message:
        return UsageError(f"`{name}` takes no value.", _hint(op, command))
    return UsageError(f"`{name}` needs a value.", _hint(op, command))


def _flagged(op: Operation, argument: Argument, value: Any, command: str) -> Any:
    """What flags said of one argument: a string, a list, a mapping, or `true` and `false`."""
    if argument.kind == "bool":
        return "true" if value else "false"
    values = [_unmarked(word) for word in value]
    if argument.several:
        return gathered(argument, values)
    if len(values) > 1:
        said = " and ".join(f"`{quote_word(word)}`" for word in values[:2])
        raise UsageError(f"`{argument.flag}` is given twice: {said}.", _hint(op, command), argument.name)
    return values[0]


def _positional(
    op: Operation, declared: Sequence[Argument], flagged: Mapping[str, Any], words: Sequence[str], command: str
) -> dict[str, Any]:
    """Words without a flag, in order, for the positional arguments that no flag has named.

    Where words are few, those that must be there are filled first.
    """
    open_ones = [item for item in declared if item.opt.positional and item.name not in flagged]
    args: dict[str, Any] = {}
    named, left = _sorted_out(open_ones, words)
    if named:
        pairs = next(item for item in open_ones if item.kind == "dict")
        args[pairs.name] = gathered(pairs, named)
    for argument in open_ones:
        if left and argument.several and argument.name not in args:
            args[argument.name], left = gathered(argument, left), []
        elif len(left) > _owed(argument, open_ones, args) and argument.name not in args:
            args[argument.name] = left.pop(0)
    if left:
        raise UsageError(f"I don't know what to do with `{quote_word(left[0])}`.", _hint(op, command))
    return args


def _owed(argument: Argument, open_ones: Sequence[Argument], args: Mapping[str, Any]) -> int:
    """How many words are kept for required arguments behind an optional one."""
    behind = open_ones[open_ones.index(argument) + 1 :]
    return 0 if argument.required else sum(item.required and item.name not in args for item in behind)


def _sorted_out(open_ones: Sequence[Argument], words: Sequence[str]) -> tuple[list[str], list[str]]:
    """KEY=value words go to the argument that takes pairs, wherever they stand; the others keep their order."""
    if not any(item.kind == "dict" for item in open_ones):
        return [], list(words)
    return [word for word in words if PAIR.match(word)], [word for word in words if not PAIR.match(word)]


def _hint(op: Operation, command: str) -> str:
    return f"Usage: `{usage(op, command)}`"


def unparse(call: Call, registry: Registry) -> str:
    """Write a call as one would type it; reading it again gives an equal call.

    Only what `normalise` changes in every text (curly quotes, no-break spaces) does not come back.
    """
    declared = arguments(registry[call.operation].args)
    whole = any(argument.opt.rest for argument in declared)
    yes = ["--yes"] if call.yes else []
    words = [*call.operation.split(" "), *(yes if whole else [])]
    in_order = True
    for argument in sorted(declared, key=lambda item: not item.opt.positional):
        value = call.args.get(argument.name)
        bare = _bare(argument, value) if in_order and argument.opt.positional else None
        in_order = in_order and bare is not None
        words += bare if bare is not None else _spelled(argument, value)
    return " ".join([*map(typed, words), *([] if whole else yes)])


def _bare(argument: Argument, value: Any) -> list[str] | None:
    """A positional argument without its flag; None where only a flag can say it."""
    words = written(value)
    plain = words and not argument.several and not words[0].startswith("-") and not PAIR.match(words[0])
    return words if plain else None


def _spelled(argument: Argument, value: Any) -> list[str]:
    if argument.kind == "bool" and value is not None:
        on = str(value).lower() == "true"
        return [argument.flag if on else "--no-" + argument.flag[2:]]
    return [word for text in written(value) for word in _flag_with(argument, text)]


def _flag_with(argument: Argument, text: str) -> list[str]:
    return [f"{argument.flag}={text}"] if text.startswith("-") else [argument.flag, text]
