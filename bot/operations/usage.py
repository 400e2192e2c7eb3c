"""Usage lines of commands."""

from __future__ import annotations

from bot.operations.arguments import Argument, read_arguments
from bot.operations.operation import Operation

_FLAGS_SHOWN = 5
_CHOICES_SHOWN = 4


def format_usage(op: Operation, command: str = "/bk", *, most: int = _FLAGS_SHOWN) -> str:
    """Format a line such as `/bk build create <pipeline> [-b branch] …` with up to `most` optional flags."""
    declared = list_manual_arguments(op)
    positional = [_format_positional(argument) for argument in declared if argument.opt.positional]
    flags = [argument for argument in declared if not argument.opt.positional]
    required = [_format_flag(flag) for flag in flags if flag.required]
    optional = [f"[{_format_flag(flag)}]" for flag in flags if not flag.required]
    more = ["…"] if len(optional) > most else []
    return " ".join([command, op.name, *positional, *required, *optional[:most], *more])


def list_manual_arguments(op: Operation) -> list[Argument]:
    """Return the arguments to document: those that can be typed."""
    if op.form_only_message:
        return []
    return [argument for argument in read_arguments(op.args) if argument.opt.in_manual or argument.required]


def _format_positional(argument: Argument) -> str:
    several = "…" if argument.repeatable else ""
    shown = argument.placeholder if argument.opt.value or argument.repeatable else _format_choices(argument)
    return f"<{shown}>{several}" if argument.required else f"[{shown}]{several}"


def _format_flag(argument: Argument) -> str:
    spelled = f"-{argument.opt.short}" if argument.opt.short else argument.flag
    if argument.kind == "bool":
        return f"--no-{argument.flag[2:]}" if argument.default is True else spelled
    return f"{spelled} {_format_value(argument)}"


def _format_value(argument: Argument) -> str:
    if argument.kind == "number" and not argument.opt.value:
        return "N"
    return _format_choices(argument)


def _format_choices(argument: Argument) -> str:
    few = argument.choices and len(argument.choices) <= _CHOICES_SHOWN
    return "|".join(argument.choices) if few else argument.placeholder
