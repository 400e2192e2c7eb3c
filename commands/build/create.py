"""Builds that are started."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.buildkite.models import Build, Person
from bot.buildkite.resources import INSTANCE_KEY, MARK_KEY, NewBuild
from bot.errors import UsageError
from bot.execution.context import Context
from bot.execution.resolve.build import check_org
from bot.operations.addresses import AtBranch
from bot.operations.build_wording import reference
from bot.operations.operation import Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import code, md

RESERVED = (INSTANCE_KEY, MARK_KEY)


class Create(AtBranch):
    """What to build."""

    commit: Annotated[
        str, Opt(short="c", hint="SHA, tag or HEAD"), Field(min_length=1, max_length=255, description="Commit")
    ] = "HEAD"
    message: Annotated[
        str | None,
        Opt(short="m", multiline=True, hint="the commit's own message"),
        Field(max_length=2000, description="Message"),
    ] = None
    env: Annotated[
        dict[str, str],
        Opt(short="e", multiline=True, hint="KEY=value, one a line"),
        Field(default_factory=dict, description="Environment"),
    ]
    metadata: Annotated[
        dict[str, str],
        Opt(short="M", also=("--meta-data",), form=False),
        Field(default_factory=dict, description="Meta-data"),
    ]
    ignore_branch_filters: Annotated[
        bool, Opt(short="i", form=False), Field(description="Build branches that the pipeline's filters leave out")
    ] = False


async def _pin(args: Create, ctx: Context) -> Create:
    """The pipeline's slug and, where none was named, its default branch."""
    check_org(args.org, ctx)
    reserved = [key for key in args.metadata if key in RESERVED]
    if reserved:
        raise UsageError(f"The meta-data key `{reserved[0]}` is mine.", "Choose another key.", "metadata")
    pipeline = await ctx.catalog.find_pipeline(args.pipeline)
    return args.model_copy(
        update={"pipeline": pipeline.slug, "branch": args.branch or pipeline.default_branch or "main"}
    )


async def _probe(args: Create, ctx: Context) -> Reply | None:
    """The build that carries this invocation's mark."""
    build = await ctx.buildkite.marked_build(args.pipeline, ctx.mark)
    return _reply(build) if build else None


@operation(
    "build create",
    needs=Permission.BUILD,
    pin=_pin,
    probe=_probe,
    follows=True,
    form=True,
    examples=("build create web", "build create web@release", 'build create web -b main -m "Ship it" -e DEPLOY=1'),
)
async def create(args: Create, ctx: Context) -> Reply:
    """Start a build."""
    new = NewBuild(
        branch=args.branch or "main",
        commit=args.commit,
        message=args.message,
        author=Person(name=ctx.actor.name, email=ctx.actor.email),
        env=dict(args.env),
        meta_data={**args.metadata, INSTANCE_KEY: ctx.instance},
        ignore_branch_filters=args.ignore_branch_filters,
    )
    return _reply(await ctx.buildkite.create_build(args.pipeline, new, ctx.mark))


def _reply(build: Build) -> Reply:
    text = md("Started {ref} on {branch}.", ref=reference(build), branch=code(build.branch or ""))
    return Reply(text=text, follow=build, builds=(build,))
