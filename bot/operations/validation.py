"""Turns pydantic's errors into plain sentences that quote the wrong value and show the right form."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.errors import UsageError
from bot.operations.arguments import Argument, read_arguments
from bot.operations.operation import Args, Operation
from bot.operations.usage import format_usage
from bot.runtime.json_types import JsonObject
from bot.runtime.redaction import MASK
from bot.runtime.wording import join_or, quote_word, suggest


def validate(op: Operation, args: JsonObject, command: str = "/bk") -> Args:
    """Validate arguments. Raises UsageError for the first mistake, with `field` set."""
    given = {name: value for name, value in args.items() if value is not None}
    try:
        return op.args.model_validate(given)
    except ValidationError as problem:
        raise _explain(op, problem, command) from None
    except UsageError as problem:
        hint = problem.hint or f"Usage: `{format_usage(op, command)}`"
        raise UsageError(problem.message, hint, problem.field) from None


def make_unknown_flag_error(op: Operation, name: str, command: str) -> UsageError:
    """Return the error for a flag that the operation doesn't have."""
    flags = [flag for argument in read_arguments(op.args) for flag in argument.spellings]
    guess = suggest(name, flags) if len(name) > 2 else ""
    return UsageError(
        f"`{op.name}` has no `{quote_word(name)}`.", guess or f"Usage: `{format_usage(op, command)}`"
    )


def find_mistakes(op: Operation, args: JsonObject) -> tuple[UsageError, ...]:
    """Return everything that is wrong with the arguments of a form, each named by the label of its input."""
    given = {name: value for name, value in args.items() if value is not None}
    try:
        op.args.model_validate(given)
    except ValidationError as problem:
        return tuple(_explain_in_form(op, detail) for detail in problem.errors(include_url=False))
    except UsageError as problem:
        return (problem,)
    return ()


def _explain_in_form(op: Operation, detail: ErrorDetails) -> UsageError:
    argument = _find_argument(op, detail)
    message, hint = _describe_in_form(argument, detail) if argument else (_get_own_message(detail), "")
    return UsageError(message, hint, argument.name if argument else None)


def _describe_in_form(argument: Argument, detail: ErrorDetails) -> tuple[str, str]:
    if detail["type"] == "missing":
        return f"{argument.description}: fill this in.", ""
    if verdict := _judge(detail):
        quoted = _quote_value(argument, detail)
        return f"{argument.description}: `{quoted}` {verdict}.", _suggest_choice(argument, detail)
    return f"{argument.description}: {_get_own_message(detail)}", ""


def _explain(op: Operation, problem: ValidationError, command: str) -> UsageError:
    found = problem.errors(include_url=False)
    missing = [detail for detail in found if detail["type"] == "missing"]
    detail = (missing or found)[0]
    name = str(detail["loc"][0]) if detail["loc"] else None
    if detail["type"] == "extra_forbidden" and name:
        return make_unknown_flag_error(op, "--" + name.replace("_", "-"), command)
    argument = _find_argument(op, detail)
    message, hint = _describe(op, argument, detail)
    return UsageError(
        message, hint or f"Usage: `{format_usage(op, command)}`", argument.name if argument else None
    )


def _find_argument(op: Operation, detail: ErrorDetails) -> Argument | None:
    name = str(detail["loc"][0]) if detail["loc"] else None
    return next((argument for argument in read_arguments(op.args) if argument.name == name), None)


def _describe(op: Operation, argument: Argument | None, detail: ErrorDetails) -> tuple[str, str]:
    if argument is None:
        return f"{_get_own_message(detail)}", ""
    if detail["type"] == "missing":
        return f"`{op.name}` needs {_format_name(argument)}.", ""
    quoted = _quote_value(argument, detail)
    if verdict := _judge(detail):
        verdict, colon, bound = verdict.partition(": ")
        return (
            f"`{quoted}` {verdict} for {_format_name(argument)}{colon}{bound}.",
            _suggest_choice(argument, detail),
        )
    return f"`{quoted}` isn't valid for {_format_name(argument)}: {_get_own_message(detail)}", ""


def _judge(detail: ErrorDetails) -> str:
    """Return what is wrong with a value, such as `is too small`, if it's a common mistake."""
    sentence = _SENTENCES.get(detail["type"])
    return sentence(detail.get("ctx", {})) if sentence else ""


def _quote_value(argument: Argument, detail: ErrorDetails) -> str:
    return MASK if argument.opt.secret else quote_word(detail["input"]) or " "


def _format_name(argument: Argument) -> str:
    return f"`{argument.placeholder}`" if argument.opt.positional else f"`{argument.flag}`"


def _suggest_choice(argument: Argument, detail: ErrorDetails) -> str:
    if detail["type"] == "string_pattern_mismatch" and argument.opt.hint:
        return f"Write it like `{argument.opt.hint}`."
    if detail["type"] not in {"literal_error", "enum"} or not argument.choices:
        return ""
    guess = suggest(str(detail["input"]), argument.choices)
    return guess or f"Choose {join_or([f'`{choice}`' for choice in argument.choices])}."


def _get_own_message(detail: ErrorDetails) -> str:
    """Return the validator's own message, without pydantic's prefix."""
    raised = detail.get("ctx", {}).get("error")
    words = str(raised) if raised else detail["msg"]
    return words if words.endswith((".", "!", "?")) else words + "."


_Sentence = Callable[[Mapping[str, object]], str]
_SENTENCES: Mapping[str, _Sentence] = {
    "int_parsing": lambda _: "isn't a whole number",
    "int_parsing_size": lambda _: "is too large",
    "int_from_float": lambda _: "isn't a whole number",
    "int_type": lambda _: "isn't a whole number",
    "float_parsing": lambda _: "isn't a number",
    "bool_parsing": lambda _: "is neither `true` nor `false`",
    "greater_than_equal": lambda bound: f"is too small: it must be at least {bound['ge']}",
    "greater_than": lambda bound: f"is too small: it must be more than {bound['gt']}",
    "less_than_equal": lambda bound: f"is too large: it must be at most {bound['le']}",
    "less_than": lambda bound: f"is too large: it must be less than {bound['lt']}",
    "literal_error": lambda _: "isn't an option",
    "enum": lambda _: "isn't an option",
    "string_too_short": lambda bound: f"is too short: use at least {bound['min_length']} characters",
    "string_too_long": lambda bound: f"is too long: use at most {bound['max_length']} characters",
    "string_pattern_mismatch": lambda _: "doesn't have the right form",
    "string_type": lambda _: "isn't text",
    "too_short": lambda _: "is too few",
    "too_long": lambda bound: f"is too many: use at most {bound['max_length']}",
    "date_from_datetime_parsing": lambda _: "isn't a date",
}
