"""Command that starts a build."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.buildkite.catalog import Catalog
from bot.buildkite.endpoints.builds import BuildCalls
from bot.buildkite.models import Build, Person
from bot.buildkite.resources import INSTANCE_KEY, MARK_KEY, NewBuild
from bot.errors import UsageError
from bot.execution.context import Caller
from bot.execution.resolve.build import check_organization
from bot.operations.addresses import BranchArgs
from bot.operations.build_wording import link_build
from bot.operations.git_names import normalise_commit, normalise_reported_branch
from bot.operations.operation import Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.runtime.wording import quote_word
from bot.slack.blockkit.mrkdwn import code, md
from commands.build.results import BuildResult

RESERVED_KEYS = (INSTANCE_KEY, MARK_KEY)
# The agent takes the commit of later jobs from this key: https://buildkite.com/docs/agent/v3/cli-meta-data
AGENT_PREFIX = "buildkite:"
# These decide what an agent checks out: setting one would build something that the policy hasn't judged.
# https://buildkite.com/docs/pipelines/configure/environment-variables
CHECKOUT_VARIABLES = frozenset(
    f"BUILDKITE_{name}"
    for name in (
        "BRANCH",
        "COMMIT",
        "GIT_CHECKOUT_FLAGS",
        "GIT_CLONE_FLAGS",
        "GIT_FETCH_FLAGS",
        "PIPELINE_DEFAULT_BRANCH",
        "PIPELINE_SLUG",
        "PULL_REQUEST",
        "PULL_REQUEST_BASE_BRANCH",
        "PULL_REQUEST_REPO",
        "REFSPEC",
        "REPO",
        "TAG",
    )
)


class BuildCreateArgs(BranchArgs):
    """Arguments of `build create`."""

    commit: Annotated[
        str,
        Opt(short="c", hint="SHA, tag or HEAD", target="commit"),
        Field(min_length=1, max_length=255, description="Commit"),
        AfterValidator(normalise_commit),
    ] = "HEAD"
    message: Annotated[
        str | None,
        Opt(short="m", multiline=True, hint="the commit's own message", secret=False),
        Field(max_length=2000, description="Message"),
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
    metadata: Annotated[
        dict[str, str],
        Opt(short="M", aliases=("--meta-data",), in_form=False, secret=True, approvers_see=True),
        Field(default_factory=dict, description="Meta-data"),
    ]
    ignore_branch_filters: Annotated[
        bool,
        Opt(short="i", in_form=False),
        Field(description="Also build branches excluded by the pipeline's filters"),
    ] = False


@dataclass(frozen=True)
class BuildCreateContext:
    """The person who starts the build, and the pipelines to choose from."""

    caller: Caller
    builds: BuildCalls
    catalog: Catalog


async def _pin(args: BuildCreateArgs, ctx: BuildCreateContext) -> BuildCreateArgs:
    """Replace the pipeline's name with its slug, and fill in its default branch if none is named."""
    check_organization(args.org, ctx.catalog)
    _check_reserved(args)
    pipeline = await ctx.catalog.find_pipeline(args.pipeline)
    return args.model_copy(
        update={
            "pipeline": pipeline.slug,
            "branch": args.branch or normalise_reported_branch(pipeline.default_branch or "") or "main",
        }
    )


def _check_reserved(args: BuildCreateArgs) -> None:
    """Raise UsageError for meta-data of ours, and for what would change the checkout behind the policy's back."""
    for key in args.metadata:
        if key in RESERVED_KEYS:
            raise UsageError(
                f"The meta-data key `{key}` is reserved for this bot.", "Choose another key.", "metadata"
            )
        if key.casefold().startswith(AGENT_PREFIX):
            raise UsageError(
                f"The meta-data key `{quote_word(key)}` is reserved for Buildkite's agent.",
                "Choose another key.",
                "metadata",
            )
    check_environment(args.env)


def check_environment(env: Iterable[str]) -> None:
    """Raise UsageError for a variable that would change what an agent checks out."""
    for key in env:
        if key.upper() in CHECKOUT_VARIABLES:
            why = (
                f"You can't set `{quote_word(key)}`: it would change the checkout without the policy's knowledge."
            )
            raise UsageError(why, "Name the branch with `-b` and the commit with `-c`.", "env")


async def _probe(args: BuildCreateArgs, ctx: BuildCreateContext) -> Reply[BuildResult] | None:
    """Return the reply if a build carries this invocation's mark."""
    build = await ctx.builds.find_marked_build(args.pipeline, ctx.caller.invocation_id)
    return _reply_started(build) if build else None


@operation(
    "build create",
    label="Start a build",
    also=("run", "start", "trigger", "create", "build new", "build start", "build run", "build trigger"),
    implied_by="noun",
    needs=Permission.BUILD,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("read_pipelines", "write_builds"),
    phrase="start {pipeline} on {branch}",
    pin=_pin,
    probe=_probe,
    posts_card=True,
    opens_form=True,
    examples=("build create web", "build create web@release", 'build create web -b main -m "Ship it" -e DEPLOY=1'),
)
async def create(args: BuildCreateArgs, ctx: BuildCreateContext) -> Reply[BuildResult]:
    """Start a build."""
    new = NewBuild(
        branch=args.branch or "main",
        commit=args.commit,
        message=args.message,
        author=Person(name=ctx.caller.actor.name, email=ctx.caller.actor.email),
        env=dict(args.env),
        meta_data={**args.metadata, INSTANCE_KEY: ctx.caller.instance},
        ignore_branch_filters=args.ignore_branch_filters,
    )
    return _reply_started(await ctx.builds.create_build(args.pipeline, new, ctx.caller.invocation_id))


def _reply_started(build: Build) -> Reply[BuildResult]:
    text = md("Started {ref} on {branch}.", ref=link_build(build), branch=code(build.branch or ""))
    return Reply(data=BuildResult.from_build(build, text), text=text, card_build=build, builds=(build,))
