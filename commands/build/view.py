"""Builds that are looked at: view, watch."""

from __future__ import annotations

from bot.buildkite.models import BUILD_CANCELABLE, Build, Job
from bot.builds.cards.render import clocked
from bot.builds.failures.render import job_line
from bot.errors import UsageError
from bot.execution.context import Context
from bot.execution.resolve.build import pin_build
from bot.operations.addresses import AtBuild
from bot.operations.build_wording import phase_words, reference
from bot.operations.operation import Effect, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import Confirm, dotted, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md
from bot.slack.blockkit.tables import Table

JOBS_SHOWN = 20


class View(AtBuild):
    """Which build to show."""


class Watch(AtBuild):
    """Which build to follow."""


@operation(
    "build view",
    needs=Permission.READ,
    effect=Effect.READ,
    pin=pin_build,
    examples=("build view web 101", "build view web", "build view"),
)
async def view(args: View, ctx: Context) -> Reply:
    """Show a build with its failed and waiting jobs."""
    build = await _read(args, ctx)
    emoji, words = phase_words(build.phase)
    head = md("{emoji} {ref} {words}", emoji=emoji, ref=reference(build), words=words.lower())
    shown = [job for job in build.jobs if job.failed or job.waits]
    return Reply(
        text=head,
        fields=_facts(build),
        table=_jobs(shown) if shown else None,
        footer=_counts(build),
        buttons=(*([] if await _followed_here(build, ctx) else [_watch_button(build)]), *buttons(build)),
        builds=(build,),
    )


@operation(
    "build watch",
    needs=Permission.READ,
    effect=Effect.READ,
    follows=True,
    pin=pin_build,
    examples=("build watch web 101", "build watch web"),
)
async def watch(args: Watch, ctx: Context) -> Reply:
    """Follow a build here that somebody else started."""
    build = await _read(args, ctx)
    if await _followed_here(build, ctx):
        return Reply(text=md("{ref} is followed in this thread already.", ref=reference(build)), builds=(build,))
    return Reply(text=md("Following {ref} here.", ref=reference(build)), follow=build, builds=(build,))


async def _followed_here(build: Build, ctx: Context) -> bool:
    return any(known.build.id == build.id for known in await ctx.followed.kept(ctx.thread))


async def _read(args: AtBuild, ctx: Context) -> Build:
    if args.pipeline is None or args.number is None:
        raise UsageError("Which build do you mean?", "Name it: `web 101`.", "pipeline")
    return await ctx.buildkite.build(args.pipeline, args.number)


def _facts(build: Build) -> tuple[tuple[str, str], ...]:
    person = build.author or build.creator
    commit = code((build.commit or "HEAD")[:12])
    facts = {
        "Branch": code(shorten(build.branch or "", 100)),
        "Commit": commit,
        "Message": shorten((build.message or "").strip().split("\n")[0], 200),
        "Started by": (person.name or person.email or "") if person else "",
        "Time": clocked(build),
        "Source": (build.source or "").replace("_", " "),
        "Rebuild of": f"#{build.rebuilt_from.number}" if build.rebuilt_from else "",
    }
    return tuple((label, value) for label, value in facts.items() if value.strip())


def _jobs(jobs: list[Job]) -> Table:
    shown = [_job_row(job) for job in jobs[:JOBS_SHOWN]]
    more = len(jobs) - JOBS_SHOWN
    return Table(("Job",), (*shown, (Mrkdwn(f"and {more} more"),)) if more > 0 else tuple(shown), noun="job")


def _job_row(job: Job) -> tuple[str, ...]:
    return (md("❌ {job}", job=job_line(job)) if job.failed else md("✋ Waiting at {label}", label=job.title),)


def _counts(build: Build) -> str:
    states = build.job_state_counts.states if build.job_state_counts else {}
    return dotted([f"{count} {state.replace('_', ' ')}" for state, count in states.items() if count])


def _watch_button(build: Build) -> Button:
    return Button("Follow here", _call("build watch", build), reads=f"Follow {build.ref} here")


def buttons(build: Build) -> tuple[Button, ...]:
    """What can be done with the build in its present state."""
    ref = build.ref
    gates = [job for job in build.jobs if job.waits]
    broken = [job for job in build.jobs if job.failed and job.type == "script"]
    begun = build.started_at is not None
    confirm = Confirm(f"Cancel {ref}?"[:100], "Jobs that run are stopped.", "Cancel build")
    offered = [
        Button("Unblock", _call("job unblock", build), "primary", form=True, reads=f"Unblock {ref}")
        if gates
        else None,
        Button("Cancel", _call("build cancel", build, yes=True), "danger", confirm, reads=f"Cancel {ref}")
        if build.phase in BUILD_CANCELABLE
        else None,
        Button("Retry failed", _call("build retry", build), reads=f"Retry failed jobs of {ref}")
        if broken and build.phase == "failed"
        else None,
        Button("Rebuild", _call("build rebuild", build), reads=f"Rebuild {ref}") if build.ended else None,
        Button("Logs", _call("job log", build), reads=f"Logs of {ref}") if broken else None,
        Button("Artifacts", _call("build artifacts", build), reads=f"Artifacts of {ref}") if begun else None,
        Button("Annotations", _call("build annotations", build), reads=f"Annotations of {ref}") if begun else None,
    ]
    return tuple(item for item in offered if item is not None)


def _call(name: str, build: Build, yes: bool = False) -> Call:
    return Call(name, {"pipeline": build.ref.pipeline, "number": str(build.number)}, yes)
