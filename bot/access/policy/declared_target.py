"""Reads the target of an operation from the arguments that declare its parts. Pure."""

from __future__ import annotations

from bot.access.policy.rules import Target
from bot.operations.declarations import TargetPart, find_target_fields
from bot.operations.operation import Args


def read_target(args: Args) -> Target:
    """Return the target as far as the arguments give it."""
    given = read_declared(args)
    return Target(
        _find_text(given.get("pipeline")),
        _find_single_branch(given.get("branch")),
        _find_text(given.get("commit")),
        bool(given.get("env")),
        _find_text(given.get("source")),
    )


def read_declared(args: Args) -> dict[TargetPart, object]:
    """Return the values of the arguments that declare a part of the target, by that part."""
    return {part: getattr(args, name) for part, name in find_target_fields(type(args).model_fields).items()}


def _find_text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _find_single_branch(branch: object) -> str | None:
    """Return the branch if there is exactly one; a listing may take several, which no rule can be matched with."""
    if isinstance(branch, tuple):
        return str(branch[0]) if len(branch) == 1 else None
    return _find_text(branch)
