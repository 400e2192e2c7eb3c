"""What an operation is aimed at: pipeline, branch, commit, environment."""

from __future__ import annotations

from collections.abc import Iterable

from bot.buildkite.client import Buildkite
from bot.context import Context
from bot.core.locks import Lock
from bot.core.operation import Args
from bot.core.policy import Rules, Target


async def aim(args: Args, ctx: Context, rules: Rules, locks: Iterable[Lock]) -> Target:
    """The target of pinned arguments. The build's branch is looked up where a rule or a lock minds branches.

    Raises what Buildkite's answer to that is; a branch that stays unknown fits no grant that names branches.
    """
    return await located(args, ctx.buildkite, rules, locks)


async def located(args: Args, buildkite: Buildkite, rules: Rules, locks: Iterable[Lock]) -> Target:
    """The same, for whoever asks with this client."""
    target = plain(args)
    number = getattr(args, "number", None)
    minds = rules.minds_branches(target.pipeline) or any(lock.branch for lock in locks)
    if target.pipeline is None or target.branch is not None or not isinstance(number, int) or not minds:
        return target
    build = await buildkite.build(target.pipeline, number, jobs=False)
    return Target(target.pipeline, build.branch, target.commit, target.has_env)


def plain(args: Args) -> Target:
    """What the arguments say by themselves."""
    given = args.model_dump(include={"pipeline", "branch", "commit", "env"})
    return Target(given.get("pipeline"), _one(given.get("branch")), given.get("commit"), bool(given.get("env")))


def _one(branch: object) -> str | None:
    """A listing takes several branches; only a single one can be looked at."""
    if isinstance(branch, tuple | list):
        return str(branch[0]) if len(branch) == 1 else None
    return branch if isinstance(branch, str) else None
