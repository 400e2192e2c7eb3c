"""Command that rebuilds a build with changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.access.approvals.request_wording import looks_secret
from bot.buildkite.models import Build, Person
from bot.buildkite.resources import INSTANCE_KEY, NewBuild
from bot.errors import UsageError
from bot.execution.resolve.build import BuildContext, pin_build
from bot.operations.addresses import BranchName, BuildArgs
from bot.operations.build_wording import link_build
from bot.operations.git_names import HEAD, normalise_commit
from bot.operations.operation import Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import code, md
from commands.build.create import check_environment
from commands.build.results import BuildResult

_INTRO = "Change what should differ. Another branch builds its latest commit; an empty variable keeps its value."


class BuildCopyArgs(BuildArgs):
    """Arguments of `build copy`."""

    branch: Annotated[
        BranchName | None, Opt(short="b", suggest="branch", target="branch"), Field(description="Branch")
    ] = None
    commit: Annotated[
        Annotated[str, Field(min_length=1, max_length=255), AfterValidator(normalise_commit)] | None,
        Opt(short="c", hint="SHA, tag or HEAD", target="commit"),
        Field(description="Commit"),
    ] = None
    message: Annotated[
        str | None, Opt(short="m", multiline=True, secret=False), Field(max_length=2000, description="Message")
    ] = None
    env: Annotated[
        dict[str, str],
        Opt(
            short="e",
            multiline=True,
            hint="KEY=value, one per line",
            target="env",
            secret=True,
            approvers_see=True,
        ),
        Field(default_factory=dict, description="Environment"),
    ]


def _find_address(args: BuildCopyArgs) -> tuple[str, int]:
    if args.pipeline is None or args.number is None:
        raise UsageError("Which build do you mean?", "Name it: `web 101`.", "pipeline")
    return args.pipeline, args.number


async def _pin(args: BuildCopyArgs, ctx: BuildContext) -> BuildCopyArgs:
    """Fill in the build, and all that isn't changed, so that the policy judges what will really be built."""
    pinned = await pin_build(args, ctx)
    check_environment(args.env)
    address = _find_address(pinned)
    source, env = await ctx.builds.build(*address, jobs=False), await ctx.builds.build_environment(*address)
    return pinned.model_copy(
        update={
            "branch": args.branch or source.branch or "main",
            "commit": _choose_commit(args, source),
            "message": args.message or source.message,
            "env": _fill_in_values(args.env, env),
        }
    )


def _choose_commit(args: BuildCopyArgs, source: Build) -> str:
    """Return the commit to build: the same, unless another one is named or the branch is another."""
    is_same_branch = args.branch in (None, source.branch)
    if args.commit is None or (args.commit == source.commit and not is_same_branch):
        return (source.commit or HEAD) if is_same_branch else HEAD
    return args.commit


def _fill_in_values(given: Mapping[str, str], kept: Mapping[str, str]) -> dict[str, str]:
    """Return the given variables, where empty with the value that the build had; all of the build if none is."""
    return {name: value or kept.get(name, "") for name, value in (given or kept).items()}


async def _prefill(args: BuildCopyArgs, ctx: BuildContext) -> BuildCopyArgs:
    """Return what the form shows: of a variable that may be secret, only the name."""
    address = _find_address(args)
    source, env = await ctx.builds.build(*address, jobs=False), await ctx.builds.build_environment(*address)
    return args.model_copy(
        update={
            "branch": source.branch,
            "commit": source.commit,
            "message": source.message,
            "env": {name: _hide_secret(name, value) for name, value in env.items()},
        }
    )


def _hide_secret(name: str, value: str) -> str:
    return "" if looks_secret(name, value) or "\n" in value else value


async def _probe(args: BuildCopyArgs, ctx: BuildContext) -> Reply[BuildResult] | None:
    """Return the reply if a build carries this invocation's mark."""
    build = await ctx.builds.find_marked_build(_find_address(args)[0], ctx.caller.invocation_id)
    return _reply_started(build, args) if build else None


@operation(
    "build copy",
    label="Rebuild with changes",
    needs=Permission.BUILD,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_builds",),
    phrase="rebuild {build} with changes",
    pin=_pin,
    prefill=_prefill,
    probe=_probe,
    posts_card=True,
    form_intro=_INTRO,
    examples=("build copy web 101 -b release", "build copy -e DEPLOY=1"),
)
async def copy(args: BuildCopyArgs, ctx: BuildContext) -> Reply[BuildResult]:
    """Rebuild a build with changes: another branch, commit, message or environment."""
    pipeline, _number = _find_address(args)
    new = NewBuild(
        branch=args.branch or "main",
        commit=args.commit or HEAD,
        message=args.message,
        author=Person(name=ctx.caller.actor.name, email=ctx.caller.actor.email),
        env=dict(args.env),
        meta_data={INSTANCE_KEY: ctx.caller.instance},
    )
    return _reply_started(await ctx.builds.create_build(pipeline, new, ctx.caller.invocation_id), args)


def _reply_started(build: Build, args: BuildCopyArgs) -> Reply[BuildResult]:
    text = md(
        "Started {ref} on {branch}, a rebuild of {source} with changes.",
        ref=link_build(build),
        branch=code(build.branch or ""),
        source=f"{args.pipeline}#{args.number}",
    )
    return Reply(data=BuildResult.from_build(build, text), text=text, card_build=build, builds=(build,))
