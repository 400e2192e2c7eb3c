"""Commands that act on a build: cancel, rebuild and retry it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from bot.buildkite.models import BUILD_CANCELABLE, Build, BuildRef
from bot.errors import Conflict, NotFound, NothingToDo, Unavailable, UsageError
from bot.execution.resolve.build import BuildContext, pin_build
from bot.operations.acts.model import Act, name_build
from bot.operations.acts.service import Acts
from bot.operations.addresses import BuildArgs
from bot.operations.build_wording import describe_phase, link_build
from bot.operations.operation import Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.runtime.clock import Clock
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md
from commands.build.results import BuildResult

# A rebuild request has no body and so can't carry our mark. A rebuild made before this window isn't ours: it is
# longer than an invocation takes.
RECENT = timedelta(minutes=15)
# Builds searched for the rebuild; newest first, so it is among the first ones.
READ_LIMIT = 200


class BuildCancelArgs(BuildArgs):
    """Arguments of `build cancel`."""


class BuildRebuildArgs(BuildArgs):
    """Arguments of `build rebuild`."""

    again: Annotated[
        bool, Opt(in_form=False, in_manual=False), Field(description="Rebuild although a rebuild is in progress")
    ] = False


class BuildRetryArgs(BuildArgs):
    """Arguments of `build retry`."""


@dataclass(frozen=True)
class BuildControlContext(BuildContext):
    """The builds, the clock that tells recent ones apart, and what people did before."""

    clock: Clock
    acts: Acts


def _require_build(args: BuildArgs, ctx: BuildControlContext) -> BuildRef:
    if args.pipeline is None or args.number is None:
        raise UsageError("Which build do you mean?", "Name it: `web 101`.", "pipeline")
    return BuildRef(ctx.builds.organization, args.pipeline, args.number)


async def _ask_cancel(args: BuildCancelArgs, ctx: BuildControlContext) -> Mrkdwn | None:
    ref = _require_build(args, ctx)
    build = await ctx.builds.build(ref.pipeline, ref.number, jobs=False)
    if build.phase not in BUILD_CANCELABLE:
        return None  # Buildkite's refusal explains more than a question would.
    return md(
        "Cancel {ref} on {branch}? It is {phase}.",
        ref=link_build(build),
        branch=code(build.branch or "no branch"),
        phase=describe_phase(build.phase)[1].lower(),
    )


async def _probe_cancel(args: BuildCancelArgs, ctx: BuildControlContext) -> Reply[BuildResult] | None:
    ref = _require_build(args, ctx)
    build = await ctx.builds.build(ref.pipeline, ref.number)
    return _reply_canceled(build) if build.state in {"canceling", "canceled"} else None


@operation(
    "build cancel",
    also=("cancel", "stop", "abort", "build stop", "build abort", "build kill"),
    needs=Permission.BUILD,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_builds",),
    phrase="cancel {build}",
    pin=pin_build,
    confirm=_ask_cancel,
    probe=_probe_cancel,
    examples=("build cancel web 101", "build cancel", "build cancel web#101 --yes"),
)
async def cancel(args: BuildCancelArgs, ctx: BuildControlContext) -> Reply[BuildResult]:
    """Cancel a build and stop its jobs."""
    ref = _require_build(args, ctx)
    try:
        return _reply_canceled(await ctx.builds.cancel_build(ref.pipeline, ref.number))
    except Conflict as conflict:
        build = await ctx.builds.build(ref.pipeline, ref.number, jobs=False)
        if not build.ended and build.phase != "canceling":
            raise
        raise await _explain_uncancelable(build, ctx) from conflict


async def _explain_uncancelable(build: Build, ctx: BuildControlContext) -> NothingToDo:
    """Return the error for a build that has ended or is being canceled, with a button that rebuilds it."""
    if build.phase in {"canceling", "canceled"}:
        by = await ctx.acts.describe_last(("build cancel",), _name(build.ref))
        message = md("{ref} was already canceled{by}.", ref=link_build(build), by=by)
    else:
        end = describe_phase(build.phase)[1].lower()
        message = md("{ref} has already {end}; there is nothing to cancel.", ref=link_build(build), end=end)
    offers = [("Rebuild", "build rebuild", _address(build.ref))] if build.ended else []
    return NothingToDo(message, *offers)


def _reply_canceled(build: Build) -> Reply[BuildResult]:
    text = md("canceled {ref}", ref=link_build(build))
    return Reply(data=BuildResult.from_build(build, text), text=text, builds=(build,), private=False)


async def _probe_rebuild(args: BuildRebuildArgs, ctx: BuildControlContext) -> Reply[BuildResult] | None:
    """Return the reply if a recent build is a rebuild of this one.

    Raise Unavailable if the only rebuild is older: someone may have made it before, or our request is late.
    """
    ref = _require_build(args, ctx)
    newer = [build async for build in ctx.builds.builds(ref.pipeline, limit=READ_LIMIT)]
    found = [build for build in newer if build.rebuilt_from and build.rebuilt_from.number == ref.number]
    since = ctx.clock.now() - RECENT
    recent = [build for build in found if build.created_at and build.created_at >= since]
    if found and not recent:
        raise Unavailable(f"{found[0].ref} is a rebuild of {ref}, but maybe not this one.", sent=True)
    return _reply_rebuilt(recent[0], ref) if recent else None


@operation(
    "build rebuild",
    also=("rebuild", "rerun", "build rerun", "build restart"),
    needs=Permission.BUILD,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_builds",),
    phrase="rebuild {build}",
    pin=pin_build,
    probe=_probe_rebuild,
    posts_card=True,
    frees_button=True,
    examples=("build rebuild web 101", "build rebuild"),
)
async def rebuild(args: BuildRebuildArgs, ctx: BuildControlContext) -> Reply[BuildResult]:
    """Rebuild a build: start a new one with the same commit and settings."""
    ref = _require_build(args, ctx)
    if not args.again:
        await _require_no_rebuild(ref, ctx)
    return _reply_rebuilt(await ctx.builds.rebuild_build(ref.pipeline, ref.number), ref)


async def _require_no_rebuild(ref: BuildRef, ctx: BuildControlContext) -> None:
    """Raise NothingToDo, with a button to do it anyway, while an earlier rebuild of this build is in progress."""
    earlier = await ctx.acts.find_last(("build rebuild",), _name(ref))
    if earlier and await _is_in_progress(earlier, ctx):
        again = ("Rebuild again", "build rebuild", {**_address(ref), "again": "true"})
        raise NothingToDo(md("Already rebuilt as {build} by {who}.", build=earlier.link, who=earlier.who), again)


async def _is_in_progress(rebuild: Act, ctx: BuildControlContext) -> bool:
    pipeline, _, number = rebuild.result.get("ref", "").rpartition("#")
    try:
        return not (await ctx.builds.build(pipeline, int(number), jobs=False)).ended
    except (NotFound, ValueError):
        return False


def _name(ref: BuildRef) -> str:
    return name_build(ref.pipeline, ref.number)


def _address(ref: BuildRef) -> dict[str, str]:
    return {"pipeline": ref.pipeline, "number": str(ref.number)}


def _reply_rebuilt(build: Build, source: BuildRef) -> Reply[BuildResult]:
    text = md("Started {ref}, a rebuild of {source}.", ref=link_build(build), source=str(source))
    return Reply(data=BuildResult.from_build(build, text), text=text, card_build=build, builds=(build,))


# There is no probe: jobs that someone else has retried in the meantime look the same.
@operation(
    "build retry",
    label="Retry failed",
    also=("retry",),
    needs=Permission.BUILD,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_builds",),
    phrase="retry the failed jobs of {build}",
    pin=pin_build,
    examples=("build retry web 101", "build retry"),
)
async def retry(args: BuildRetryArgs, ctx: BuildControlContext) -> Reply[BuildResult]:
    """Retry the failed jobs of a build."""
    ref = _require_build(args, ctx)
    build, count = await ctx.builds.retry_failed_jobs(ref.pipeline, ref.number)
    if not count:
        raise await _explain_unretriable(build, ctx)
    jobs = "1 failed job" if count == 1 else f"{count} failed jobs"
    text = md("retried {jobs} of {ref}", jobs=jobs, ref=link_build(build))
    return Reply(data=BuildResult.from_build(build, text), text=text, builds=(build,), private=False)


async def _explain_unretriable(build: Build, ctx: BuildControlContext) -> NothingToDo:
    """Return the error for a build without failed jobs: someone may have retried them a moment before."""
    by = await ctx.acts.describe_last(("build retry", "job retry"), _name(build.ref))
    if by:
        end = md(" {ref} has {end}.", ref=link_build(build), end=describe_phase(build.phase)[1].lower())
        return NothingToDo(md("Already retried{by}.{end}", by=by, end=end if build.ended else ""))
    return NothingToDo(md("{ref} has no failed jobs to retry.", ref=link_build(build)))
