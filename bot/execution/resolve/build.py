"""Finds the build that a command means: the named one, else the one of its thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from bot.buildkite.catalog import Catalog
from bot.buildkite.endpoints.builds import BuildCalls
from bot.buildkite.models import BuildRef
from bot.builds.model import TrackedBuild
from bot.errors import Ambiguous, NotFound, UsageError
from bot.execution.context import Caller, TrackedBuildLookup
from bot.execution.default_pipeline import DefaultPipelines
from bot.operations.addresses import BuildArgs

A = TypeVar("A", bound=BuildArgs)
C = TypeVar("C", bound="BuildContext")
BUILD_HINT = "Name it (`web 101`, `web#101` or its URL), or ask in the build's thread."


@dataclass(frozen=True)
class BuildContext:
    """The builds, and what tells which of them is meant: the thread, its cards, and the channel's default."""

    caller: Caller
    builds: BuildCalls
    catalog: Catalog
    tracked_builds: TrackedBuildLookup
    default_pipelines: DefaultPipelines


async def pin_build(args: A, ctx: C) -> A:
    """Fill in pipeline and number.

    Without both: the build of this thread, the active one of several. With a pipeline only: this thread's build of
    it, else its newest. With a number only: the pipeline of this thread's builds, the channel's default, or the
    pipeline of the channel's builds. The channel's default counts as if it had been named.
    Raises UsageError, Ambiguous or NotFound.
    """
    check_organization(args.org, ctx.catalog)
    ref = await resolve_build(args.pipeline, args.number, ctx)
    return args.model_copy(update={"pipeline": ref.pipeline, "number": ref.number})


async def resolve_build(pipeline: str | None, number: int | None, ctx: BuildContext) -> BuildRef:
    """Return the build that a pipeline and a number mean in this thread; see `pin_build`."""
    if pipeline is not None:
        pipeline = (await ctx.catalog.find_pipeline(pipeline)).slug
    if pipeline is not None and number is not None:
        return BuildRef(ctx.builds.organization, pipeline, number)
    if number is not None:
        return BuildRef(ctx.builds.organization, await _find_pipeline(number, ctx), number)
    in_thread = [
        tracked
        for tracked in await ctx.tracked_builds.find_in_thread(ctx.caller.thread)
        if _is_of_pipeline(tracked, pipeline)
    ]
    if in_thread:
        return choose_build(in_thread, ctx.catalog)
    slug = pipeline or await ctx.default_pipelines.find_for_person(ctx.caller.thread, ctx.catalog.may_name)
    if slug is None:
        raise UsageError("Which build do you mean?", BUILD_HINT, "pipeline")
    return await _find_newest(slug, ctx)


def check_organization(org: str | None, catalog: Catalog) -> None:
    """Raise UsageError for an address in another organization."""
    own = catalog.organization
    if org is not None and org.lower() != own.lower():
        raise UsageError(f"That's in the organization “{org}”. I only work with “{own}”.", "", "pipeline")


def choose_build(candidates: list[TrackedBuild], catalog: Catalog) -> BuildRef:
    """Return the only build, else the only active one. Raises Ambiguous with the choices, newest first."""
    active = [tracked for tracked in candidates if not tracked.build.ended and not tracked.deleted]
    remaining = active or candidates
    if len(candidates) == 1 or len(remaining) == 1:
        return remaining[0].build.ref
    options = tuple(
        (_option_label(tracked), _option_value(tracked.build.ref))
        for tracked in remaining[:10]
        if catalog.may_name("pipeline", tracked.build.ref.pipeline)
    )
    question = "This thread has several builds. Which one do you mean?"
    raise Ambiguous(question, "number", options) if options else UsageError(question, BUILD_HINT, "number")


def hide_names(error: UsageError | NotFound, pipeline: str, catalog: Catalog) -> UsageError | NotFound:
    """Return the error, without names of jobs or artifacts if the person may not read builds of the pipeline."""
    if catalog.may_name("pipeline", pipeline):
        return error
    return NotFound(error.message) if isinstance(error, NotFound) else UsageError(error.message)


def _option_label(tracked: TrackedBuild) -> str:
    branch = f" {tracked.build.branch}" if tracked.build.branch else ""
    return f"{tracked.build.ref}{branch} ({tracked.build.phase})"


def _option_value(ref: BuildRef) -> str | dict[str, str]:
    return {"pipeline": ref.pipeline, "number": str(ref.number)}


def _is_of_pipeline(tracked: TrackedBuild, pipeline: str | None) -> bool:
    return pipeline is None or tracked.build.ref.pipeline == pipeline


async def _find_pipeline(number: int, ctx: BuildContext) -> str:
    in_thread = await ctx.tracked_builds.find_in_thread(ctx.caller.thread)
    default = await ctx.default_pipelines.find_for_person(ctx.caller.thread, ctx.catalog.may_name)
    if default and not in_thread:
        return default
    for candidates in (in_thread, await ctx.tracked_builds.find_in_channel(ctx.caller.thread.channel)):
        exact = {tracked.build.ref.pipeline for tracked in candidates if tracked.build.number == number}
        slugs = sorted(exact or {tracked.build.ref.pipeline for tracked in candidates})
        if len(slugs) == 1:
            return slugs[0]
        options = tuple(
            (f"{slug}#{number}", slug) for slug in slugs[:10] if ctx.catalog.may_name("pipeline", slug)
        )
        if options:
            raise Ambiguous(f"Which pipeline's build {number}?", "pipeline", options)
    raise UsageError(f"Which pipeline's build {number}?", BUILD_HINT, "pipeline")


async def _find_newest(pipeline: str, ctx: BuildContext) -> BuildRef:
    async for build in ctx.builds.builds(pipeline, limit=1):
        return build.ref
    raise UsageError(
        f"{pipeline} has no builds yet.", f"Start one: `{ctx.caller.command} build create {pipeline}`.", "number"
    )
