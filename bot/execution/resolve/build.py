"""Which build is meant: what was said, else what this thread is about."""

from __future__ import annotations

from typing import TypeVar

from bot.buildkite.models import BuildRef
from bot.builds.model import TrackedBuild
from bot.errors import Ambiguous, UsageError
from bot.execution.context import Context
from bot.operations.addresses import AtBuild

A = TypeVar("A", bound=AtBuild)
FORMS = "Name it: `web 101`, `web#101` or its URL; or ask in the thread of a build."


async def pin_build(args: A, ctx: Context) -> A:
    """Fill in pipeline and number.

    Without both, the build of this thread is meant, the active one where there are several; with a pipeline
    alone, this thread's build of it, else its newest; with a number alone, the pipeline of this thread's builds,
    the channel's default, or the pipeline of its builds; the default is meant as if it had been named. Raises
    UsageError, Ambiguous or NotFound.
    """
    check_org(getattr(args, "org", None), ctx)
    ref = await resolve(args.pipeline, args.number, ctx)
    return args.model_copy(update={"pipeline": ref.pipeline, "number": ref.number})


async def resolve(pipeline: str | None, number: int | None, ctx: Context) -> BuildRef:
    """The build that these words mean here; see `pin_build`."""
    if pipeline is not None:
        pipeline = (await ctx.catalog.find_pipeline(pipeline)).slug
    if pipeline is not None and number is not None:
        return BuildRef(ctx.buildkite.organization, pipeline, number)
    if number is not None:
        return BuildRef(ctx.buildkite.organization, await _pipeline_here(number, ctx), number)
    here = [known for known in await ctx.followed.here(ctx.thread) if _of(known, pipeline)]
    if here:
        return the_one(here)
    meant = pipeline or await ctx.defaults.of(ctx.thread)
    if meant is None:
        raise UsageError("Which build do you mean?", FORMS, "pipeline")
    return await _newest(meant, ctx)


def check_org(org: str | None, ctx: Context) -> None:
    """Raises UsageError for an address in another organization."""
    mine = ctx.buildkite.organization
    if org is not None and org.lower() != mine.lower():
        raise UsageError(f"That is in the organization “{org}”; I work for “{mine}” only.", "", "pipeline")


def the_one(known: list[TrackedBuild]) -> BuildRef:
    """The only build, else the only active one; raises Ambiguous with the choices, newest first."""
    active = [item for item in known if not item.build.ended and not item.gone]
    left = active or known
    if len(known) == 1 or len(left) == 1:
        return left[0].build.ref
    options = tuple((_label(item), _words(item.build.ref)) for item in left[:10])
    raise Ambiguous("This thread has several builds. Which one do you mean?", "number", options)


def _label(known: TrackedBuild) -> str:
    branch = f" {known.build.branch}" if known.build.branch else ""
    return f"{known.build.ref}{branch} ({known.build.phase})"


def _words(ref: BuildRef) -> str | dict[str, str]:
    return {"pipeline": ref.pipeline, "number": str(ref.number)}


def _of(known: TrackedBuild, pipeline: str | None) -> bool:
    return pipeline is None or known.build.ref.pipeline == pipeline


async def _pipeline_here(number: int, ctx: Context) -> str:
    here = await ctx.followed.here(ctx.thread)
    chosen = None if here else await ctx.defaults.of(ctx.thread)
    if chosen:
        return chosen
    for known in (here, await ctx.followed.recent(ctx.thread.channel)):
        exact = {item.build.ref.pipeline for item in known if item.build.number == number}
        slugs = sorted(exact or {item.build.ref.pipeline for item in known})
        if len(slugs) == 1:
            return slugs[0]
        if slugs:
            options = tuple((f"{slug}#{number}", slug) for slug in slugs[:10])
            raise Ambiguous(f"Build {number} of which pipeline?", "pipeline", options)
    raise UsageError(f"Build {number} of which pipeline?", FORMS, "pipeline")


async def _newest(pipeline: str, ctx: Context) -> BuildRef:
    async for build in ctx.buildkite.builds(pipeline, limit=1):
        return build.ref
    raise UsageError(
        f"{pipeline} has no builds yet.", f"Start one: `{ctx.command} build create {pipeline}`.", "number"
    )
