"""Command that copies a pipeline."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.buildkite.endpoints.pipelines import NewPipeline
from bot.buildkite.resources import Pipeline
from bot.errors import UsageError
from bot.operations.operation import Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from commands.pipeline.fields import (
    BuildField,
    ClusterField,
    DefaultBranchField,
    NameField,
    NewPipelineArgs,
    OtherRepositoryField,
    SlugField,
    SubscribeField,
    TeamsField,
    WebhookField,
)
from commands.pipeline.follow_up import FollowUp, NewPipelineContext, reply_recovered, run_follow_up
from commands.pipeline.lookups import check_slug_free, find_cluster_id, find_team_access
from commands.pipeline.results import NewPipelineResult

VERB = "copied"
COPIED_SETTINGS = {
    "branch_configuration",
    "skip_queued_branch_builds",
    "skip_queued_branch_builds_filter",
    "cancel_running_branch_builds",
    "cancel_running_branch_builds_filter",
    "allow_rebuilds",
    "default_command_step_timeout",
    "maximum_command_step_timeout",
    "emoji",
    "color",
}
"""Settings copied unchanged. https://buildkite.com/docs/apis/rest-api/pipelines#create-a-yaml-pipeline"""


class PipelineCopyArgs(NewPipelineArgs):
    """Arguments of `pipeline copy`."""

    source: Annotated[
        str,
        Opt(former=("-p",), positional=True, suggest="pipeline", target="source"),
        Field(min_length=1, description="Pipeline to copy"),
    ]
    name: NameField
    repository: OtherRepositoryField = None
    cluster: ClusterField = None
    teams: TeamsField = ()
    default_branch: DefaultBranchField = None
    webhook: WebhookField = False
    build: BuildField = False
    subscribe: SubscribeField = False
    pipeline: SlugField = ""


async def _pin(args: PipelineCopyArgs, ctx: NewPipelineContext) -> PipelineCopyArgs:
    source = await ctx.catalog.find_pipeline(args.source)
    await check_slug_free(args.pipeline, ctx.pipelines)
    await find_team_access(args.teams, ctx.catalog)
    cluster = await find_cluster_id(args.cluster or source.cluster_id, ctx.catalog)
    return args.model_copy(update={"source": source.slug, "cluster": cluster})


async def _make_new(args: PipelineCopyArgs, ctx: NewPipelineContext) -> NewPipeline:
    source = await ctx.pipelines.pipeline(args.source)
    if not source.configuration:
        message = f"Buildkite doesn't show me the steps of {args.source}."
        raise UsageError(
            message, f"Create the new pipeline with `{ctx.caller.command} pipeline create`.", "source"
        )
    return NewPipeline(
        name=args.name,
        repository=args.repository or source.repository or "",
        cluster_id=args.cluster or "",
        configuration=source.configuration,
        slug=args.pipeline,
        default_branch=args.default_branch or source.default_branch,
        description=source.description,
        teams=await find_team_access(args.teams, ctx.catalog),
        tags=source.tags or (),
        provider_settings=_copy_provider_settings(source, args),
        template=source.pipeline_template_uuid,
        settings=source.model_dump(mode="json", include=COPIED_SETTINGS, exclude_none=True),
    )


def _copy_provider_settings(source: Pipeline, args: PipelineCopyArgs) -> dict[str, object]:
    """Return the settings of the repository's host, or none for another repository: it may have another host."""
    settings = source.provider.get("settings") if args.repository in (None, source.repository) else None
    given = settings if isinstance(settings, dict) else {}
    return {key: value for key, value in given.items() if key != "repository"}


def _describe_action(args: PipelineCopyArgs) -> str:
    return f"{VERB} {args.source} to"


def _read_follow_up(args: PipelineCopyArgs) -> FollowUp:
    return FollowUp(args.webhook, args.build, args.subscribe)


async def _probe(args: PipelineCopyArgs, ctx: NewPipelineContext) -> Reply[NewPipelineResult] | None:
    made = await ctx.pipelines.find_created_pipeline(await _make_new(args, ctx))
    ctx.catalog.forget_pipelines()
    return await reply_recovered(made, _describe_action(args), _read_follow_up(args), ctx) if made else None


@operation(
    "pipeline copy",
    also=("pipeline cp",),
    needs=Permission.PIPELINES,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_pipelines",),
    pin=_pin,
    probe=_probe,
    opens_form=True,
    examples=("pipeline copy web Web-2", 'pipeline copy web "Web fork" --repo git@github.com:acme/fork.git'),
)
async def copy(args: PipelineCopyArgs, ctx: NewPipelineContext) -> Reply[NewPipelineResult]:
    """Copy a pipeline's steps, tags and settings to a new private pipeline. Teams aren't copied."""
    made = await ctx.pipelines.create_pipeline(await _make_new(args, ctx))
    ctx.catalog.forget_pipelines()
    return await run_follow_up(made, _describe_action(args), _read_follow_up(args), ctx)
