"""Pydantic's verdicts in plain sentences: each quotes the word that it is about and shows the right form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.errors import UsageError
from bot.operations.arguments import Argument, arguments
from bot.operations.operation import Args, Operation
from bot.operations.usage import usage
from bot.runtime.wording import join_or, quote_word, suggest


def validate(op: Operation, args: Mapping[str, Any], command: str = "/bk") -> Args:
    """The operation's model, filled in. Raises UsageError, with `field` set, for the first thing that is wrong."""
    given = {name: value for name, value in args.items() if value is not None}
    try:
        return op.args.model_validate(given)
    except ValidationError as problem:
        raise _explained(op, problem, command) from None
    except UsageError as problem:
        hint = problem.hint or f"Usage: `{usage(op, command)}`"
        raise UsageError(problem.message, hint, problem.field) from None


def unknown_flag(op: Operation, name: str, command: str) -> UsageError:
    """A flag that the operation does not have."""
    known = [flag for argument in arguments(op.args) for flag in argument.spellings]
    guess = suggest(name, known) if len(name) > 2 else ""
    return UsageError(f"`{op.name}` has no `{quote_word(name)}`.", guess or f"Usage: `{usage(op, command)}`")


def _explained(op: Operation, problem: ValidationError, command: str) -> UsageError:
    found = problem.errors(include_url=False)
    missing = [detail for detail in found if detail["type"] == "missing"]
    detail = (missing or found)[0]
    name = str(detail["loc"][0]) if detail["loc"] else None
    if detail["type"] == "extra_forbidden" and name:
        return unknown_flag(op, "--" + name.replace("_", "-"), command)
    argument = next((argument for argument in arguments(op.args) if argument.name == name), None)
    said, hint = _said(op, argument, detail)
    return UsageError(said, hint or f"Usage: `{usage(op, command)}`", argument.name if argument else None)


def _said(op: Operation, argument: Argument | None, detail: ErrorDetails) -> tuple[str, str]:
    if argument is None:
        return f"{_own_words(detail)}", ""
    if detail["type"] == "missing":
        return f"`{op.name}` needs {_named(argument)}.", ""
    word = _word(detail)
    sentence = _SENTENCES.get(detail["type"])
    if sentence:
        verdict, _, bound = sentence(detail.get("ctx", {})).partition(": ")
        rest = f": {bound}" if bound else ""
        return f"`{word}` {verdict} for {_named(argument)}{rest}.", _choices(argument, detail)
    return f"`{word}` does not do for {_named(argument)}: {_own_words(detail)}", ""


def _named(argument: Argument) -> str:
    return f"`{argument.word}`" if argument.opt.positional else f"`{argument.flag}`"


def _word(detail: ErrorDetails) -> str:
    return quote_word(detail["input"]) or " "


def _choices(argument: Argument, detail: ErrorDetails) -> str:
    if detail["type"] == "string_pattern_mismatch" and argument.opt.hint:
        return f"Write it like `{argument.opt.hint}`."
    if detail["type"] not in {"literal_error", "enum"} or not argument.choices:
        return ""
    guess = suggest(str(detail["input"]), argument.choices)
    return guess or f"It can be {join_or([f'`{choice}`' for choice in argument.choices])}."


def _own_words(detail: ErrorDetails) -> str:
    """The validator's own sentence, without pydantic's prefix."""
    raised = detail.get("ctx", {}).get("error")
    words = str(raised) if raised else detail["msg"]
    return words if words.endswith((".", "!", "?")) else words + "."


_Sentence = Callable[[dict[str, Any]], str]
_SENTENCES: Mapping[str, _Sentence] = {
    "int_parsing": lambda _: "is not a whole number",
    "int_parsing_size": lambda _: "is too big a number",
    "int_from_float": lambda _: "is not a whole number",
    "int_type": lambda _: "is not a whole number",
    "float_parsing": lambda _: "is not a number",
    "bool_parsing": lambda _: "is neither `true` nor `false`",
    "greater_than_equal": lambda bound: f"is too small: it must be at least {bound['ge']}",
    "greater_than": lambda bound: f"is too small: it must be more than {bound['gt']}",
    "less_than_equal": lambda bound: f"is too big: it must be at most {bound['le']}",
    "less_than": lambda bound: f"is too big: it must be less than {bound['lt']}",
    "literal_error": lambda _: "is not a choice",
    "enum": lambda _: "is not a choice",
    "string_too_short": lambda bound: f"is too short: {bound['min_length']} letters or more",
    "string_too_long": lambda bound: f"is too long: at most {bound['max_length']} letters",
    "string_pattern_mismatch": lambda _: "does not have the right form",
    "string_type": lambda _: "is not a text",
    "too_short": lambda _: "is too few",
    "too_long": lambda bound: f"is too many: at most {bound['max_length']}",
    "date_from_datetime_parsing": lambda _: "is not a date",
}
