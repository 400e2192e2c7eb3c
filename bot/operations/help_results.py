"""Commands as data, for programs that ask for help."""

from __future__ import annotations

from collections.abc import Iterable

from bot.operations.operation import Operation
from bot.operations.results import Data, Result
from bot.operations.usage import format_usage

_USAGE_ARGUMENTS = 20


class CommandHelp(Data, frozen=True):
    """A command as it's typed."""

    name: str
    usage: str
    summary: str
    permission: str
    examples: tuple[str, ...]


class HelpResult(Result, frozen=True):
    """Commands that the person may run, or the one that they asked about."""

    commands: tuple[CommandHelp, ...] = ()


def describe_commands(operations: Iterable[Operation], command: str, message: str = "") -> HelpResult:
    """Return operations as commands that begin with `command`."""
    return HelpResult(message=message, commands=tuple(_describe_command(op, command) for op in operations))


def _describe_command(op: Operation, command: str) -> CommandHelp:
    return CommandHelp(
        name=op.name,
        usage=format_usage(op, command, most=_USAGE_ARGUMENTS),
        summary=op.summary,
        permission=op.needs.value,
        examples=tuple(f"{command} {example}" for example in op.examples),
    )
