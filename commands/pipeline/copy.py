"""Pipelines that are made after others: copy."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.access.policy.decide import decide
from bot.access.policy.rules import Refuse, Target
from bot.buildkite.endpoints.pipelines import NewPipeline
from bot.buildkite.models import Pipeline
from bot.errors import Refused, UsageError
from bot.execution.context import Context
from bot.operations.operation import Opt, Permission, operation
from bot.operations.reply import Reply
from commands.pipeline.fields import (
    Build,
    Cluster,
    DefaultBranch,
    Name,
    New,
    OtherRepository,
    Slug,
    Subscribe,
    Teams,
    Webhook,
)
from commands.pipeline.follow_up import Wanted, followed_up, found_again
from commands.pipeline.lookups import check_free, cluster_id, team_access

HOW = "copied"
SETTINGS = {
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
"""What is taken over word for word. https://buildkite.com/docs/apis/rest-api/pipelines#create-a-yaml-pipeline"""


class Copy(New):
    """What to copy, what the copy is called, and what is different."""

    source: Annotated[
        str,
        Opt(short="p", positional=True, suggest="pipeline"),
        Field(min_length=1, description="Pipeline to copy"),
    ]
    name: Name
    repository: OtherRepository = None
    cluster: Cluster = None
    teams: Teams = ()
    default_branch: DefaultBranch = None
    webhook: Webhook = False
    build: Build = False
    subscribe: Subscribe = False
    pipeline: Slug = ""


async def _pin(args: Copy, ctx: Context) -> Copy:
    source = await ctx.catalog.find_pipeline(args.source)
    _readable(source.slug, ctx)
    await check_free(args.pipeline, ctx)
    await team_access(args.teams, ctx)
    cluster = await cluster_id(args.cluster or source.cluster_id, ctx)
    return args.model_copy(update={"source": source.slug, "cluster": cluster})


def _readable(slug: str, ctx: Context) -> None:
    """Whoever copies a pipeline reads it: that has to be allowed, too."""
    verdict = decide(ctx.rules(), ctx.actor, ctx.registry["pipeline view"], Target(slug), ctx.clock.now())
    if isinstance(verdict, Refuse):
        raise Refused(verdict.message, verdict.hint, verdict.rule)


async def _new(args: Copy, ctx: Context) -> NewPipeline:
    source = await ctx.buildkite.pipeline(args.source)
    if not source.configuration:
        said = f"Buildkite does not show me the steps of {args.source}."
        raise UsageError(said, f"Make it with `{ctx.command} pipeline create`.", "source")
    return NewPipeline(
        name=args.name,
        repository=args.repository or source.repository or "",
        cluster_id=args.cluster or "",
        configuration=source.configuration,
        slug=args.pipeline,
        default_branch=args.default_branch or source.default_branch,
        description=source.description,
        teams=await team_access(args.teams, ctx),
        tags=source.tags or (),
        provider_settings=_provider(source, args),
        template=source.pipeline_template_uuid,
        settings=source.model_dump(mode="json", include=SETTINGS, exclude_none=True),
    )


def _provider(source: Pipeline, args: Copy) -> dict[str, object]:
    """How builds come from the repository's host; another repository may have another host."""
    settings = source.provider.get("settings") if args.repository in (None, source.repository) else None
    return {key: value for key, value in (settings or {}).items() if key != "repository"}


def _how(args: Copy) -> str:
    return f"{HOW} {args.source} to"


def _wanted(args: Copy) -> Wanted:
    return Wanted(args.webhook, args.build, args.subscribe)


async def _probe(args: Copy, ctx: Context) -> Reply | None:
    made = await ctx.buildkite.made_pipeline(await _new(args, ctx))
    ctx.catalog.forget_pipelines()
    return await found_again(made, _how(args), _wanted(args), ctx) if made else None


@operation(
    "pipeline copy",
    needs=Permission.PIPELINES,
    pin=_pin,
    probe=_probe,
    form=True,
    examples=("pipeline copy web Web-2", 'pipeline copy web "Web fork" --repo git@github.com:acme/fork.git'),
)
async def copy(args: Copy, ctx: Context) -> Reply:
    """Make a pipeline like another: its steps, tags and settings. It is private, and teams are given anew."""
    made = await ctx.buildkite.create_pipeline(await _new(args, ctx))
    ctx.catalog.forget_pipelines()
    return await followed_up(made, _how(args), _wanted(args), ctx)
