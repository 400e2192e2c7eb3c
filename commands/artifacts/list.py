"""Artifacts of a build: what its jobs have uploaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from bot.buildkite.endpoints.artifacts import Artifact
from bot.buildkite.models import Build
from bot.errors import UsageError
from bot.execution.context import Context
from bot.execution.resolve.artifact import MOST, jobs_in, listed
from bot.execution.resolve.artifact_text import EMOJI, file_name, sized
from bot.execution.resolve.build import pin_build
from bot.operations.addresses import AtBuild
from bot.operations.build_wording import reference
from bot.operations.operation import Effect, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md
from bot.slack.blockkit.tables import Table

State = Literal["new", "finished", "error", "deleted", "expired"]
BUTTONS = 5


class List(AtBuild):
    """Which artifacts to list."""

    job: Annotated[
        str | None,
        Opt(short="j", also=("--job-uuid",)),
        Field(max_length=1000, description="Only those of this job (name or id)"),
    ] = None
    path: Annotated[
        str | None, Opt(hint="dist/*"), Field(max_length=1000, description="Only this path, or pattern")
    ] = None
    state: Annotated[State | None, Opt(short="s"), Field(description="State")] = None


class OfBuild(List):
    """Which build's artifacts to list."""


@operation(
    "artifacts list",
    needs=Permission.ARTIFACTS,
    effect=Effect.READ,
    pin=pin_build,
    examples=("artifacts list web 101", "artifacts list web 101 --path dist/* --job Package", "artifacts list"),
)
async def list_(args: List, ctx: Context) -> Reply:
    """List the files that the jobs of a build have uploaded."""
    return await _answer(args, ctx)


@operation(
    "build artifacts",
    needs=Permission.ARTIFACTS,
    effect=Effect.READ,
    pin=pin_build,
    examples=("build artifacts web 101", "build artifacts web 101 --state finished", "build artifacts"),
)
async def of_build(args: OfBuild, ctx: Context) -> Reply:
    """List the files of a build, as `artifacts list` does."""
    return await _answer(args, ctx)


async def _answer(args: List, ctx: Context) -> Reply:
    if args.pipeline is None or args.number is None:
        raise UsageError("Which build do you mean?", "Name it: `web 101`.", "pipeline")
    build = await ctx.buildkite.build(args.pipeline, args.number)
    jobs = jobs_in(build, args.job) if args.job else None
    found = await listed(build.ref, jobs, ctx, path=args.path, state=args.state)
    titles = {job.id: job.title for job in build.jobs}
    rows = tuple(_row(item, titles.get(item.job_id, "")) for item in found)
    table = Table(
        ("File", "Size", "Job", "State"),
        rows,
        f"Artifacts of {build.ref}",
        noun="artifact",
        empty=_empty(args, build),
        hint=_elsewhere(args, ctx),
    )
    page = Button("Open in Buildkite", url=build.web_url) if build.web_url else None
    buttons = (*_buttons(found, build), *([page] if page else []))
    return Reply(table=table, footer=_footer(found, build, ctx), buttons=buttons, builds=(build,))


def _row(artifact: Artifact, job: str) -> tuple[str, ...]:
    state = md("{emoji} {state}", emoji=EMOJI.get(artifact.state, "🕒"), state=artifact.state)
    return code(shorten(artifact.path, 200)), sized(artifact.file_size), shorten(job, 100), state


def _empty(args: List, build: Build) -> Mrkdwn:
    """What was searched, and that nothing is there."""
    said = {"path": args.path, "job": args.job, "state": args.state}
    asked = [md(" with {name} {value}", name=name, value=code(value)) for name, value in said.items() if value]
    return md("{ref} has no artifacts{asked}.", ref=reference(build), asked=Mrkdwn(",".join(asked)))


def _elsewhere(args: List, ctx: Context) -> str:
    if not (args.path or args.job or args.state):
        return ""
    return f"All of them: `{ctx.command} artifacts list {args.pipeline} {args.number}`."


def _footer(found: Sequence[Artifact], build: Build, ctx: Context) -> str:
    if len(found) >= MOST:
        return f"The first {MOST} of that build: `--path` and `--job` show others."
    ready = [item for item in found if item.state == "finished"]
    if len(ready) <= BUTTONS:
        return ""
    return f"Fetch one: `{ctx.command} artifacts download <path> -p {build.ref.pipeline} -n {build.number}`"


def _buttons(found: Sequence[Artifact], build: Build) -> tuple[Button, ...]:
    """One for each file, where there are few."""
    ready = [item for item in found if item.state == "finished"]
    return tuple(_fetch(item, build) for item in ready) if len(ready) <= BUTTONS else ()


def _fetch(artifact: Artifact, build: Build) -> Button:
    given = {"artifact": artifact.id, "job": artifact.job_id}
    place = {"pipeline": build.ref.pipeline, "number": str(build.number)}
    name = shorten(file_name(artifact.path), 60)
    return Button(f"Get {name}", Call("artifacts download", {**given, **place}), reads=f"Get {artifact.path}"[:75])
