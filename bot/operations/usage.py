"""How a command is written, in one line."""

from __future__ import annotations

from bot.operations.arguments import Argument, arguments
from bot.operations.operation import Operation

_FLAGS_SHOWN = 5


def usage(op: Operation, command: str = "/bk", *, most: int = _FLAGS_SHOWN) -> str:
    """`/bk build create <pipeline> [-b branch] [-c commit] …`: at most `most` optional flags are named."""
    declared = in_manual(op)
    positional = [_positional(item) for item in declared if item.opt.positional]
    flags = [item for item in declared if not item.opt.positional]
    required = [_flag(flag) for flag in flags if flag.required]
    optional = [f"[{_flag(flag)}]" for flag in flags if not flag.required]
    more = ["…"] if len(optional) > most else []
    return " ".join([command, op.name, *positional, *required, *optional[:most], *more])


def in_manual(op: Operation) -> list[Argument]:
    """The arguments that are written about: those that can be typed."""
    if op.form_only:
        return []
    return [argument for argument in arguments(op.args) if argument.opt.manual or argument.required]


def _positional(argument: Argument) -> str:
    several = "…" if argument.several else ""
    return f"<{argument.word}>{several}" if argument.required else f"[{argument.word}]{several}"


def _flag(argument: Argument) -> str:
    spelled = f"-{argument.opt.short}" if argument.opt.short else argument.flag
    if argument.kind == "bool":
        return f"--no-{argument.flag[2:]}" if argument.default is True else spelled
    return f"{spelled} {_value(argument)}"


def _value(argument: Argument) -> str:
    if argument.choices and len(argument.choices) <= 4:
        return "|".join(argument.choices)
    return "N" if argument.kind == "number" else argument.word
