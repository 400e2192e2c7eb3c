"""Pipelines that are put away: archive, unarchive, delete."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import Field

from bot.buildkite.models import Pipeline
from bot.errors import Conflict, NotFound
from bot.execution.context import Context
from bot.operations.operation import Args, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, md
from commands.pipeline.render import name_of

P = TypeVar("P", bound="AtPipeline")


class AtPipeline(Args):
    """A pipeline, by its slug or name."""

    pipeline: Annotated[
        str, Opt(short="p", positional=True, suggest="pipeline"), Field(min_length=1, description="Pipeline")
    ]


class Archive(AtPipeline):
    """Which pipeline to archive."""


class Unarchive(AtPipeline):
    """Which pipeline to bring back."""


class Delete(AtPipeline):
    """Which pipeline to delete."""


async def _pin(args: P, ctx: Context) -> P:
    return args.model_copy(update={"pipeline": (await ctx.catalog.find_pipeline(args.pipeline)).slug})


async def _fresh(args: AtPipeline, ctx: Context) -> Pipeline:
    ctx.catalog.forget_pipelines()
    return await ctx.buildkite.pipeline(args.pipeline)


async def _ask_archive(args: Archive, ctx: Context) -> Mrkdwn | None:
    pipeline = await _fresh(args, ctx)
    if pipeline.archived_at:
        raise Conflict(f"{pipeline.name} is archived already.")
    return md(
        "Archive pipeline {name}? Its builds are kept, but it is hidden, and can neither be built nor changed "
        "until somebody unarchives it.{now}",
        name=bold(pipeline.name),
        now=_now(pipeline),
    )


def _now(pipeline: Pipeline) -> Mrkdwn:
    count = pipeline.running_builds_count + pipeline.scheduled_builds_count
    if not count:
        return Mrkdwn("")
    return (
        Mrkdwn(" *One build is under way.*") if count == 1 else md(" *{count} builds are under way.*", count=count)
    )


async def _probe_archive(args: Archive, ctx: Context) -> Reply | None:
    pipeline = await _fresh(args, ctx)
    return _archived(pipeline) if pipeline.archived_at else None


@operation(
    "pipeline archive",
    needs=Permission.PIPELINES,
    pin=_pin,
    confirm=_ask_archive,
    probe=_probe_archive,
    examples=("pipeline archive web",),
)
async def archive(args: Archive, ctx: Context) -> Reply:
    """Put a pipeline away: it is kept, but neither built nor changed."""
    pipeline = await ctx.buildkite.archive_pipeline(args.pipeline)
    ctx.catalog.forget_pipelines()
    return _archived(pipeline)


def _archived(pipeline: Pipeline) -> Reply:
    back = Button(
        "Unarchive", Call("pipeline unarchive", {"pipeline": pipeline.slug}), reads=f"Unarchive {pipeline.name}"
    )
    return Reply(text=md("archived pipeline {name}", name=name_of(pipeline)), buttons=(back,), private=False)


async def _probe_unarchive(args: Unarchive, ctx: Context) -> Reply | None:
    pipeline = await _fresh(args, ctx)
    return None if pipeline.archived_at else _unarchived(pipeline)


@operation(
    "pipeline unarchive",
    needs=Permission.PIPELINES,
    pin=_pin,
    probe=_probe_unarchive,
    examples=("pipeline unarchive web",),
)
async def unarchive(args: Unarchive, ctx: Context) -> Reply:
    """Bring an archived pipeline back."""
    pipeline = await ctx.buildkite.unarchive_pipeline(args.pipeline)
    ctx.catalog.forget_pipelines()
    return _unarchived(pipeline)


def _unarchived(pipeline: Pipeline) -> Reply:
    return Reply(text=md("unarchived pipeline {name}", name=name_of(pipeline)), private=False)


async def _ask_delete(args: Delete, ctx: Context) -> Mrkdwn | None:
    """What is lost, and the gentler way."""
    pipeline = await _fresh(args, ctx)
    return md(
        "*Delete* pipeline {name}? {lost} Nothing brings it back, and links to it lead nowhere.{now} To keep its "
        "builds, archive it: `{command} pipeline archive {slug}`.",
        name=bold(pipeline.name),
        lost=await _lost(pipeline, ctx),
        now=_now(pipeline),
        command=ctx.command,
        slug=pipeline.slug,
    )


async def _lost(pipeline: Pipeline, ctx: Context) -> Mrkdwn:
    newest = [build async for build in ctx.buildkite.builds(pipeline.slug, limit=1)]
    if not newest:
        return Mrkdwn("It has no builds; its settings, schedules and webhook are lost.")
    return md(
        "Its builds, up to #{number}, are lost with their logs, artifacts and annotations, and so are its "
        "settings, schedules and webhook.",
        number=newest[0].number,
    )


async def _probe_delete(args: Delete, ctx: Context) -> Reply | None:
    try:
        await _fresh(args, ctx)
    except NotFound:
        return _deleted(args.pipeline)
    return None


@operation(
    "pipeline delete",
    needs=Permission.PIPELINES,
    pin=_pin,
    confirm=_ask_delete,
    probe=_probe_delete,
    examples=("pipeline delete web",),
)
async def delete(args: Delete, ctx: Context) -> Reply:
    """Delete a pipeline with all its builds, for good."""
    await ctx.buildkite.delete_pipeline(args.pipeline)
    ctx.catalog.forget_pipelines()
    return _deleted(args.pipeline)


def _deleted(slug: str) -> Reply:
    return Reply(text=md("deleted pipeline {slug} and its builds", slug=bold(slug)), private=False)
