"""Finds the target of an operation: its pipeline, branch, commit and environment.

Apart from the rules, because a build's branch has to be read from Buildkite, and rules do no I/O.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.access.locks.rules import Lock
from bot.access.policy.declared_target import read_declared, read_target
from bot.access.policy.rules import Rules, Target
from bot.buildkite.client import Buildkite
from bot.operations.operation import Args


async def resolve_target(args: Args, buildkite: Buildkite, rules: Rules, locks: Iterable[Lock]) -> Target:
    """Return the target of pinned arguments; read a build's branch if a rule or a lock depends on it."""
    target, number = read_target(args), read_declared(args).get("build")
    needs_branch = rules.depends_on_branch(target.pipeline) or any(lock.branch for lock in locks)
    if target.pipeline is None or target.branch is not None or not isinstance(number, int) or not needs_branch:
        return target
    build = await buildkite.build(target.pipeline, number, jobs=False)
    return replace(target, branch=build.branch)
