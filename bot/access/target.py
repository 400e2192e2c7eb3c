"""Finds the target of an operation: its pipeline, branch, commit and environment.

Apart from the rules, because a build's branch has to be read from Buildkite, and rules do no I/O.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.access.locks.rules import Lock
from bot.access.policy.rules import Rules, Target
from bot.buildkite.client import Buildkite
from bot.operations.declarations import TargetPart, find_target_fields
from bot.operations.operation import Args


async def resolve_target(args: Args, buildkite: Buildkite, rules: Rules, locks: Iterable[Lock]) -> Target:
    """Return the target of pinned arguments; read a build's branch if a rule or a lock depends on it."""
    target, number = read_target(args), _read_declared(args).get("build")
    needs_branch = rules.depends_on_branch(target.pipeline) or any(lock.branch for lock in locks)
    if target.pipeline is None or target.branch is not None or not isinstance(number, int) or not needs_branch:
        return target
    build = await buildkite.build(target.pipeline, number, jobs=False)
    return replace(target, branch=build.branch)


def read_target(args: Args) -> Target:
    """Return the target as far as the arguments give it."""
    given = _read_declared(args)
    return Target(
        _find_text(given.get("pipeline")),
        _find_single_branch(given.get("branch")),
        _find_text(given.get("commit")),
        bool(given.get("env")),
        _find_text(given.get("source")),
    )


def _read_declared(args: Args) -> dict[TargetPart, object]:
    """Return the values of the arguments that declare a part of the target, by that part."""
    return {part: getattr(args, name) for part, name in find_target_fields(type(args).model_fields).items()}


def _find_text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _find_single_branch(branch: object) -> str | None:
    """Return the branch if there is exactly one; a listing may take several, which no rule can be matched with."""
    if isinstance(branch, tuple):
        return str(branch[0]) if len(branch) == 1 else None
    return _find_text(branch)
