"""What an operation is aimed at: pipeline, branch, commit, environment."""

from __future__ import annotations

from collections.abc import Iterable

from bot.access.locks.rules import Lock
from bot.access.policy.rules import Rules, Target
from bot.buildkite.client import Buildkite
from bot.operations.operation import Args


async def resolve_target(args: Args, buildkite: Buildkite, rules: Rules, locks: Iterable[Lock]) -> Target:
    """Return the target of pinned arguments, looking the branch of a build up where a rule or a lock needs it."""
    target = read_target(args)
    number = getattr(args, "number", None)
    minds = rules.minds_branches(target.pipeline) or any(lock.branch for lock in locks)
    if target.pipeline is None or target.branch is not None or not isinstance(number, int) or not minds:
        return target
    build = await buildkite.build(target.pipeline, number, jobs=False)
    return Target(target.pipeline, build.branch, target.commit, target.has_env)


def read_target(args: Args) -> Target:
    """What the arguments say by themselves."""
    given = args.model_dump(include={"pipeline", "branch", "commit", "env"})
    return Target(given.get("pipeline"), _one(given.get("branch")), given.get("commit"), bool(given.get("env")))


def _one(branch: object) -> str | None:
    """A listing takes several branches; only a single one can be looked at."""
    if isinstance(branch, tuple | list):
        return str(branch[0]) if len(branch) == 1 else None
    return branch if isinstance(branch, str) else None
