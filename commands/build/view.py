"""Commands that show a build and post its card."""

from __future__ import annotations

from collections.abc import Sequence

from bot.buildkite.models import BUILD_CANCELABLE, Build, Job
from bot.builds.cards.small_print import render_timing
from bot.errors import UsageError
from bot.execution.resolve.build import BuildContext, pin_build
from bot.operations.addresses import BuildArgs
from bot.operations.build_wording import describe_phase, extract_title, link_build
from bot.operations.git_names import HEAD
from bot.operations.operation import Effect, Permission, operation
from bot.operations.reply import Button, Call, Reply, sort_buttons
from bot.operations.repository_links import link_commit
from bot.slack.blockkit.blocks import Confirm, join_dotted, shorten
from bot.slack.blockkit.mrkdwn import code, join, md
from commands.build.results import BuildData, BuildReport, BuildResult
from commands.job.job_table import count_jobs, make_job_table
from commands.job.results import count_states, describe_jobs

JOBS_LIMIT = 20


class BuildViewArgs(BuildArgs):
    """Arguments of `build view`."""


class BuildWatchArgs(BuildArgs):
    """Arguments of `build watch`."""


@operation(
    "build view",
    also=("view", "show", "build show", "build status", "build get", "build info"),
    implied_by="address",
    needs=Permission.READ,
    effect=Effect.READS,
    scopes=("read_builds",),
    pin=pin_build,
    examples=("build view web 101", "build view web", "build view"),
)
async def view(args: BuildViewArgs, ctx: BuildContext) -> Reply[BuildReport]:
    """Show a build with its failed and blocked jobs."""
    build = await _read_build(args, ctx)
    emoji, words = describe_phase(build.phase)
    head = md("{emoji} {ref} {words}", emoji=emoji, ref=link_build(build), words=words.lower())
    shown = [job for job in build.jobs if job.failed or job.awaits_unblock]
    more = f"and {len(shown) - JOBS_LIMIT} more" if len(shown) > JOBS_LIMIT else ""
    return Reply(
        data=_describe_build(build, shown, head),
        text=head,
        fields=_collect_facts(build),
        table=make_job_table(shown, JOBS_LIMIT) if shown else None,
        footer=join_dotted([more, count_jobs(build)]),
        buttons=sort_buttons(
            [*make_buttons(build), None if await _is_followed(build, ctx) else _make_watch_button(build)]
        ),
        builds=(build,),
    )


def _describe_build(build: Build, jobs: Sequence[Job], message: str) -> BuildReport:
    return BuildReport(
        message=message,
        build=BuildData.from_build(build),
        jobs=describe_jobs(jobs),
        job_counts=count_states(build),
        environment=build.env_names or (),
    )


@operation(
    "build watch",
    label="Watch a build",
    also=("watch", "follow", "build follow"),
    needs=Permission.READ,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    scopes=("read_builds",),
    posts_card=True,
    pin=pin_build,
    examples=("build watch web 101", "build watch web"),
)
async def watch(args: BuildWatchArgs, ctx: BuildContext) -> Reply[BuildResult]:
    """Follow a build here with a live card."""
    build = await _read_build(args, ctx)
    if await _is_followed(build, ctx):
        text = md("This thread is already following {ref}.", ref=link_build(build))
        return Reply(data=BuildResult.from_build(build, text), text=text, builds=(build,))
    text = md("Following {ref} here.", ref=link_build(build))
    return Reply(data=BuildResult.from_build(build, text), text=text, card_build=build, builds=(build,))


async def _is_followed(build: Build, ctx: BuildContext) -> bool:
    cards = await ctx.tracked_builds.find_with_card_in_thread(ctx.caller.thread)
    return any(tracked.build.id == build.id for tracked in cards)


async def _read_build(args: BuildArgs, ctx: BuildContext) -> Build:
    if args.pipeline is None or args.number is None:
        raise UsageError("Which build do you mean?", "Name it: `web 101`.", "pipeline")
    return await ctx.builds.build(args.pipeline, args.number)


def _collect_facts(build: Build) -> tuple[tuple[str, str], ...]:
    person = build.author or build.creator
    facts = {
        "Branch": code(shorten(build.branch or "", 100)),
        "Commit": link_commit(build) or code(HEAD),
        "Message": extract_title(build.message, 200),
        "Started by": (person.name or person.email or "") if person else "",
        "Time": render_timing(build),
        "Environment": join([code(shorten(name, 40)) for name in build.env_names or ()], " "),
        "Source": (build.source or "").replace("_", " "),
        "Rebuild of": f"#{build.rebuilt_from.number}" if build.rebuilt_from else "",
    }
    return tuple((label, value) for label, value in facts.items() if value.strip())


def _make_watch_button(build: Build) -> Button:
    return Button("Follow here", _make_call("build watch", build), spoken_label=f"Follow {build.ref} here")


def make_buttons(build: Build) -> tuple[Button, ...]:
    """Return buttons for what can be done with the build in its current state."""
    ref = build.ref
    gates = [job for job in build.jobs if job.awaits_unblock]
    broken = [job for job in build.jobs if job.failed and job.type == "script"]
    started = build.started_at is not None
    confirm = Confirm(f"Cancel {ref}?"[:100], "Its running jobs are stopped.", "Cancel build")
    offered = [
        Button("Unblock", _make_call("job unblock", build), "primary", form=True, spoken_label=f"Unblock {ref}")
        if gates
        else None,
        Button(
            "Cancel",
            _make_call("build cancel", build, confirmed=True),
            "danger",
            confirm,
            spoken_label=f"Cancel {ref}",
        )
        if build.phase in BUILD_CANCELABLE
        else None,
        Button("Retry failed", _make_call("build retry", build), spoken_label=f"Retry failed jobs of {ref}")
        if broken and build.phase == "failed"
        else None,
        Button("Rebuild", _make_call("build rebuild", build), spoken_label=f"Rebuild {ref}")
        if build.ended
        else None,
        Button("Logs", _make_call("job log", build), spoken_label=f"Logs of {ref}") if broken else None,
        Button("Artifacts", _make_call("build artifacts", build), spoken_label=f"Artifacts of {ref}")
        if started
        else None,
        Button("Annotations", _make_call("build annotations", build), spoken_label=f"Annotations of {ref}")
        if started
        else None,
    ]
    return sort_buttons(offered)


def _make_call(name: str, build: Build, confirmed: bool = False) -> Call:
    return Call(name, {"pipeline": build.ref.pipeline, "number": str(build.number)}, confirmed)
