"""Command that creates a pipeline."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bot.buildkite.endpoints.pipelines import NewPipeline
from bot.errors import UsageError
from bot.operations.operation import Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from commands.pipeline.fields import (
    BuildField,
    ClusterField,
    DefaultBranchField,
    DescriptionField,
    NameField,
    NewPipelineArgs,
    RepositoryField,
    SlugField,
    StepsField,
    SubscribeField,
    TagsField,
    TeamsField,
    WebhookField,
)
from commands.pipeline.follow_up import FollowUp, NewPipelineContext, reply_recovered, run_follow_up
from commands.pipeline.lookups import (
    check_slug_free,
    check_steps,
    find_cluster_id,
    find_configuration,
    find_team_access,
)
from commands.pipeline.results import NewPipelineResult

VERB = "created"


class PipelineCreateArgs(NewPipelineArgs):
    """Arguments of `pipeline create`."""

    name: NameField
    repository: RepositoryField
    cluster: ClusterField = None
    template: Annotated[
        str | None,
        Opt(value="name", former=("-t",), suggest="template", hint="instead of steps"),
        Field(description="Template"),
    ] = None
    steps: StepsField = None
    teams: TeamsField = ()
    tags: TagsField = ()
    default_branch: DefaultBranchField = None
    description: DescriptionField = None
    visibility: Annotated[Literal["private", "public"], Opt(in_form=False), Field(description="Visibility")] = (
        "private"
    )
    webhook: WebhookField = False
    build: BuildField = False
    subscribe: SubscribeField = False
    pipeline: SlugField = ""


async def _check_steps(args: PipelineCreateArgs, _ctx: NewPipelineContext) -> None:
    if args.steps and args.template:
        message = "Give either steps or a template, not both."
        raise UsageError(message, field="template")
    await check_steps(args.steps)


async def _pin(args: PipelineCreateArgs, ctx: NewPipelineContext) -> PipelineCreateArgs:
    """Replace names with ids, and check everything before anything is created."""
    await _check_steps(args, ctx)
    await check_slug_free(args.pipeline, ctx.pipelines)
    template = (await ctx.catalog.find_template(args.template)).uuid if args.template else None
    await find_team_access(args.teams, ctx.catalog)
    return args.model_copy(
        update={"cluster": await find_cluster_id(args.cluster, ctx.catalog), "template": template}
    )


async def _make_new(args: PipelineCreateArgs, ctx: NewPipelineContext) -> NewPipeline:
    return NewPipeline(
        name=args.name,
        repository=args.repository,
        cluster_id=args.cluster or "",
        configuration=await find_configuration(args.steps, args.template, ctx.catalog),
        slug=args.pipeline,
        default_branch=args.default_branch,
        description=args.description,
        teams=await find_team_access(args.teams, ctx.catalog),
        tags=args.tags,
        visibility=args.visibility,
        template=args.template,
    )


def _read_follow_up(args: PipelineCreateArgs) -> FollowUp:
    return FollowUp(args.webhook, args.build, args.subscribe)


async def _probe(args: PipelineCreateArgs, ctx: NewPipelineContext) -> Reply[NewPipelineResult] | None:
    """Return the reply if a pipeline with that name and repository exists."""
    made = await ctx.pipelines.find_created_pipeline(await _make_new(args, ctx))
    ctx.catalog.forget_pipelines()
    return await reply_recovered(made, VERB, _read_follow_up(args), ctx) if made else None


@operation(
    "pipeline create",
    also=("pipeline new",),
    needs=Permission.PIPELINES,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_pipelines",),
    pin=_pin,
    probe=_probe,
    check_form=_check_steps,
    opens_form=True,
    examples=(
        "pipeline create Web --repo git@github.com:acme/web.git",
        "pipeline create Web -r git@github.com:acme/web.git --team web --tag ruby --webhook --build",
    ),
)
async def create(args: PipelineCreateArgs, ctx: NewPipelineContext) -> Reply[NewPipelineResult]:
    """Create a pipeline with steps you type or attach, from a template or from the repository."""
    made = await ctx.pipelines.create_pipeline(await _make_new(args, ctx))
    ctx.catalog.forget_pipelines()
    return await run_follow_up(made, VERB, _read_follow_up(args), ctx)
