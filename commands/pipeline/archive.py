"""Commands that archive, unarchive and delete pipelines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import Field

from bot.buildkite.catalog import Catalog
from bot.buildkite.endpoints.builds import BuildCalls
from bot.buildkite.endpoints.pipelines import PipelineCalls
from bot.buildkite.resources import Pipeline
from bot.errors import Conflict, NotFound, UsageError
from bot.execution.context import Caller
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, md
from commands.pipeline.render import link_pipeline
from commands.pipeline.results import DeletedPipeline, PipelineResult

P = TypeVar("P", bound="PipelineArgs")


class PipelineArgs(Args):
    """A pipeline, given by its slug or name."""

    pipeline: Annotated[
        str,
        Opt(short="p", positional=True, suggest="pipeline", target="pipeline"),
        Field(min_length=1, description="Pipeline"),
    ]


class PipelineArchiveArgs(PipelineArgs):
    """Arguments of `pipeline archive`."""


class PipelineUnarchiveArgs(PipelineArgs):
    """Arguments of `pipeline unarchive`."""


class PipelineDeleteArgs(PipelineArgs):
    """Arguments of `pipeline delete`; `name` shows that the person means this pipeline."""

    name: Annotated[
        str,
        Opt(value="pipeline", hint="as it's written above"),
        Field(min_length=1, max_length=200, description="Type the pipeline's name to delete it"),
    ]


@dataclass(frozen=True)
class PipelineArchiveContext:
    """The pipelines and the builds that would be lost with them."""

    caller: Caller
    pipelines: PipelineCalls
    builds: BuildCalls
    catalog: Catalog


async def _pin(args: P, ctx: PipelineArchiveContext) -> P:
    return args.model_copy(update={"pipeline": (await ctx.catalog.find_pipeline(args.pipeline)).slug})


async def _reread(args: PipelineArgs, ctx: PipelineArchiveContext) -> Pipeline:
    ctx.catalog.forget_pipelines()
    return await ctx.pipelines.pipeline(args.pipeline)


async def _ask_archive(args: PipelineArchiveArgs, ctx: PipelineArchiveContext) -> Mrkdwn | None:
    pipeline = await _reread(args, ctx)
    if pipeline.archived_at:
        raise Conflict(f"{pipeline.name} is already archived.")
    return md(
        "Archive pipeline {name}? Its builds are kept, but it's hidden and can't be built or changed until "
        "someone unarchives it.{now}",
        name=bold(pipeline.name),
        now=_describe_running(pipeline),
    )


def _describe_running(pipeline: Pipeline) -> Mrkdwn:
    count = pipeline.running_builds_count + pipeline.scheduled_builds_count
    if not count:
        return Mrkdwn("")
    return (
        Mrkdwn(" *1 build is in progress.*")
        if count == 1
        else md(" *{count} builds are in progress.*", count=count)
    )


async def _probe_archive(args: PipelineArchiveArgs, ctx: PipelineArchiveContext) -> Reply[PipelineResult] | None:
    pipeline = await _reread(args, ctx)
    return _reply_archived(pipeline) if pipeline.archived_at else None


@operation(
    "pipeline archive",
    needs=Permission.PIPELINES,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_pipelines",),
    pin=_pin,
    confirm=_ask_archive,
    probe=_probe_archive,
    examples=("pipeline archive web",),
)
async def archive(args: PipelineArchiveArgs, ctx: PipelineArchiveContext) -> Reply[PipelineResult]:
    """Archive a pipeline: keep its history, stop builds and edits."""
    pipeline = await ctx.pipelines.archive_pipeline(args.pipeline)
    ctx.catalog.forget_pipelines()
    return _reply_archived(pipeline)


def _reply_archived(pipeline: Pipeline) -> Reply[PipelineResult]:
    back = Button(
        "Unarchive",
        Call("pipeline unarchive", {"pipeline": pipeline.slug}),
        spoken_label=f"Unarchive {pipeline.name}",
    )
    text = md("archived pipeline {name}", name=link_pipeline(pipeline))
    return Reply(data=PipelineResult.from_pipeline(pipeline, text), text=text, buttons=(back,), private=False)


async def _probe_unarchive(
    args: PipelineUnarchiveArgs, ctx: PipelineArchiveContext
) -> Reply[PipelineResult] | None:
    pipeline = await _reread(args, ctx)
    return None if pipeline.archived_at else _reply_unarchived(pipeline)


@operation(
    "pipeline unarchive",
    needs=Permission.PIPELINES,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_pipelines",),
    pin=_pin,
    probe=_probe_unarchive,
    examples=("pipeline unarchive web",),
)
async def unarchive(args: PipelineUnarchiveArgs, ctx: PipelineArchiveContext) -> Reply[PipelineResult]:
    """Unarchive a pipeline."""
    pipeline = await ctx.pipelines.unarchive_pipeline(args.pipeline)
    ctx.catalog.forget_pipelines()
    return _reply_unarchived(pipeline)


def _reply_unarchived(pipeline: Pipeline) -> Reply[PipelineResult]:
    text = md("unarchived pipeline {name}", name=link_pipeline(pipeline))
    return Reply(data=PipelineResult.from_pipeline(pipeline, text), text=text, private=False)


async def _pin_delete(args: PipelineDeleteArgs, ctx: PipelineArchiveContext) -> PipelineDeleteArgs:
    pipeline = await ctx.catalog.find_pipeline(args.pipeline)
    if args.name.strip() not in (pipeline.slug, pipeline.name):
        message = f"`{args.name}` isn't the name of the pipeline that you want to delete."
        raise UsageError(message, "Type its name exactly.", "name")
    return args.model_copy(update={"pipeline": pipeline.slug, "name": pipeline.slug})


async def _check_delete(args: PipelineDeleteArgs, ctx: PipelineArchiveContext) -> None:
    if args.model_fields_set >= {"pipeline", "name"}:
        await _pin_delete(args, ctx)


async def _ask_delete(args: PipelineDeleteArgs, ctx: PipelineArchiveContext) -> Mrkdwn | None:
    """Ask for confirmation, naming what is lost and the gentler alternative."""
    pipeline = await _reread(args, ctx)
    return md(
        "*Delete* pipeline {name}? {lost} This can't be undone, and links to it stop working.{now} To keep its "
        "builds, archive it instead: `{command} pipeline archive {slug}`.",
        name=bold(pipeline.name),
        lost=await _describe_losses(pipeline, ctx),
        now=_describe_running(pipeline),
        command=ctx.caller.command,
        slug=pipeline.slug,
    )


async def _describe_losses(pipeline: Pipeline, ctx: PipelineArchiveContext) -> Mrkdwn:
    newest = [build async for build in ctx.builds.builds(pipeline.slug, limit=1)]
    if not newest:
        return Mrkdwn("It has no builds. Its settings, schedules and webhook are deleted.")
    return md(
        "Its builds up to #{number} are deleted with their logs, artifacts and annotations, and so are its "
        "settings, schedules and webhook.",
        number=newest[0].number,
    )


async def _probe_delete(args: PipelineDeleteArgs, ctx: PipelineArchiveContext) -> Reply[DeletedPipeline] | None:
    try:
        await _reread(args, ctx)
    except NotFound:
        return _reply_deleted(args.pipeline)
    return None


@operation(
    "pipeline delete",
    also=("pipeline rm",),
    needs=Permission.PIPELINES,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_pipelines",),
    pin=_pin_delete,
    confirm=_ask_delete,
    probe=_probe_delete,
    check_form=_check_delete,
    opens_form=True,
    form_intro="Its builds are deleted with their logs, artifacts and annotations, and so are its settings, "
    "schedules and webhook. This can't be undone. To keep its builds, archive it instead.",
    examples=("pipeline delete web --name web",),
)
async def delete(args: PipelineDeleteArgs, ctx: PipelineArchiveContext) -> Reply[DeletedPipeline]:
    """Delete a pipeline and all its builds permanently."""
    await ctx.pipelines.delete_pipeline(args.pipeline)
    ctx.catalog.forget_pipelines()
    return _reply_deleted(args.pipeline)


def _reply_deleted(slug: str) -> Reply[DeletedPipeline]:
    text = md("deleted pipeline {slug} and its builds", slug=bold(slug))
    return Reply(data=DeletedPipeline(message=text, pipeline=slug), text=text, private=False)
