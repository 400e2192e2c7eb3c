"""Pipelines that are made: create."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bot.buildkite.endpoints.pipelines import NewPipeline
from bot.errors import UsageError
from bot.execution.context import Context
from bot.operations.operation import Opt, Permission, operation
from bot.operations.reply import Reply
from commands.pipeline.fields import (
    Build,
    Cluster,
    DefaultBranch,
    Description,
    Name,
    New,
    Repository,
    Slug,
    Steps,
    Subscribe,
    Tags,
    Teams,
    Webhook,
)
from commands.pipeline.follow_up import Wanted, followed_up, found_again
from commands.pipeline.lookups import check_free, check_steps, cluster_id, configuration, team_access

HOW = "created"


class Create(New):
    """What to create, and what is to follow."""

    name: Name
    repository: Repository
    cluster: Cluster = None
    template: Annotated[
        str | None, Opt(short="t", suggest="template", hint="in place of steps"), Field(description="Template")
    ] = None
    steps: Steps = None
    teams: Teams = ()
    tags: Tags = ()
    default_branch: DefaultBranch = None
    description: Description = None
    visibility: Annotated[Literal["private", "public"], Opt(form=False), Field(description="Visibility")] = (
        "private"
    )
    webhook: Webhook = False
    build: Build = False
    subscribe: Subscribe = False
    pipeline: Slug = ""


async def _take(args: Create, _ctx: Context) -> None:
    if args.steps and args.template:
        said = "Steps and a template exclude each other: give one of them."
        raise UsageError(said, field="template")
    await check_steps(args.steps)


async def _pin(args: Create, ctx: Context) -> Create:
    """Names are replaced by what they mean, and all is checked before anything is made."""
    await _take(args, ctx)
    await check_free(args.pipeline, ctx)
    template = (await ctx.catalog.find_template(args.template)).uuid if args.template else None
    await team_access(args.teams, ctx)
    return args.model_copy(update={"cluster": await cluster_id(args.cluster, ctx), "template": template})


async def _new(args: Create, ctx: Context) -> NewPipeline:
    return NewPipeline(
        name=args.name,
        repository=args.repository,
        cluster_id=args.cluster or "",
        configuration=await configuration(args.steps, args.template, ctx),
        slug=args.pipeline,
        default_branch=args.default_branch,
        description=args.description,
        teams=await team_access(args.teams, ctx),
        tags=args.tags,
        visibility=args.visibility,
        template=args.template,
    )


def _wanted(args: Create) -> Wanted:
    return Wanted(args.webhook, args.build, args.subscribe)


async def _probe(args: Create, ctx: Context) -> Reply | None:
    """The pipeline of that name and repository."""
    made = await ctx.buildkite.made_pipeline(await _new(args, ctx))
    ctx.catalog.forget_pipelines()
    return await found_again(made, HOW, _wanted(args), ctx) if made else None


@operation(
    "pipeline create",
    needs=Permission.PIPELINES,
    pin=_pin,
    probe=_probe,
    take=_take,
    form=True,
    examples=(
        "pipeline create Web --repo git@github.com:acme/web.git",
        "pipeline create Web -r git@github.com:acme/web.git --team web --tag ruby --webhook --build",
    ),
)
async def create(args: Create, ctx: Context) -> Reply:
    """Make a pipeline, with its steps typed, attached, from a template or from the repository."""
    made = await ctx.buildkite.create_pipeline(await _new(args, ctx))
    ctx.catalog.forget_pipelines()
    return await followed_up(made, HOW, _wanted(args), ctx)
