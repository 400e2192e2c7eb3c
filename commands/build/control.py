"""Builds that are acted on: cancel, rebuild, retry."""

from __future__ import annotations

from datetime import timedelta

from bot.buildkite.models import BUILD_CANCELABLE, Build, BuildRef
from bot.errors import Unavailable, UsageError
from bot.execution.context import Context
from bot.execution.resolve.build import pin_build
from bot.operations.addresses import AtBuild
from bot.operations.build_wording import phase_words, reference
from bot.operations.operation import Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md

# A rebuild has no body, so it carries no mark: only one made since this invocation began can be its own.
RECENT = timedelta(minutes=15)
LOOKED_AT = 200


class Cancel(AtBuild):
    """Which build to cancel."""


class Rebuild(AtBuild):
    """Which build to repeat."""


class Retry(AtBuild):
    """Which build's failed jobs to run again."""


def _ref(args: AtBuild, ctx: Context) -> BuildRef:
    if args.pipeline is None or args.number is None:
        raise UsageError("Which build do you mean?", "Name it: `web 101`.", "pipeline")
    return BuildRef(ctx.buildkite.organization, args.pipeline, args.number)


async def _ask_cancel(args: Cancel, ctx: Context) -> Mrkdwn | None:
    ref = _ref(args, ctx)
    build = await ctx.buildkite.build(ref.pipeline, ref.number, jobs=False)
    if build.phase not in BUILD_CANCELABLE:
        return None  # Buildkite's refusal says more than a question would.
    return md(
        "Cancel {ref} on {branch}? It is {phase}.",
        ref=reference(build),
        branch=code(build.branch or "no branch"),
        phase=phase_words(build.phase)[1].lower(),
    )


async def _probe_cancel(args: Cancel, ctx: Context) -> Reply | None:
    ref = _ref(args, ctx)
    build = await ctx.buildkite.build(ref.pipeline, ref.number)
    return _canceled(build) if build.state in {"canceling", "canceled"} else None


@operation(
    "build cancel",
    needs=Permission.BUILD,
    pin=pin_build,
    confirm=_ask_cancel,
    probe=_probe_cancel,
    examples=("build cancel web 101", "build cancel", "build cancel web#101 --yes"),
)
async def cancel(args: Cancel, ctx: Context) -> Reply:
    """Cancel a build and stop its jobs."""
    ref = _ref(args, ctx)
    return _canceled(await ctx.buildkite.cancel_build(ref.pipeline, ref.number))


def _canceled(build: Build) -> Reply:
    return Reply(text=md("canceled {ref}", ref=reference(build)), builds=(build,), private=False)


async def _probe_rebuild(args: Rebuild, ctx: Context) -> Reply | None:
    """A build made of late that names this one as its origin; raises Unavailable where that cannot be told."""
    ref = _ref(args, ctx)
    newer = [build async for build in ctx.buildkite.builds(ref.pipeline, limit=LOOKED_AT)]
    found = [build for build in newer if build.rebuilt_from and build.rebuilt_from.number == ref.number]
    since = ctx.clock.now() - RECENT
    recent = [build for build in found if build.created_at and build.created_at >= since]
    if found and not recent:
        raise Unavailable(f"{found[0].ref} is a rebuild of {ref}, but perhaps not this one.", sent=True)
    return _rebuilt(recent[0], ref) if recent else None


@operation(
    "build rebuild",
    needs=Permission.BUILD,
    pin=pin_build,
    probe=_probe_rebuild,
    follows=True,
    examples=("build rebuild web 101", "build rebuild"),
)
async def rebuild(args: Rebuild, ctx: Context) -> Reply:
    """Start the same build again, as a new one."""
    ref = _ref(args, ctx)
    return _rebuilt(await ctx.buildkite.rebuild_build(ref.pipeline, ref.number), ref)


def _rebuilt(build: Build, of: BuildRef) -> Reply:
    text = md("Started {ref}, a rebuild of {of}.", ref=reference(build), of=str(of))
    return Reply(text=text, follow=build, builds=(build,))


# There is no probe: jobs that somebody else retried meanwhile look the same.
@operation(
    "build retry",
    needs=Permission.BUILD,
    pin=pin_build,
    examples=("build retry web 101", "build retry"),
)
async def retry(args: Retry, ctx: Context) -> Reply:
    """Run the failed jobs of a build again."""
    ref = _ref(args, ctx)
    build, count = await ctx.buildkite.retry_failed_jobs(ref.pipeline, ref.number)
    if not count:
        return Reply(text=md("{ref} has no failed jobs to retry.", ref=reference(build)), builds=(build,))
    jobs = "1 failed job" if count == 1 else f"{count} failed jobs"
    return Reply(
        text=md("retried {jobs} of {ref}", jobs=jobs, ref=reference(build)), builds=(build,), private=False
    )
