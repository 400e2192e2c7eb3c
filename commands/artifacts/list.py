"""Commands that list the artifacts of a build."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from bot.buildkite.endpoints.artifacts import Artifact
from bot.buildkite.models import Build
from bot.errors import UsageError
from bot.execution.resolve.artifact import ARTIFACTS_LIMIT, ArtifactContext, find_jobs_in_build, list_artifacts
from bot.execution.resolve.artifact_text import EMOJI, format_size, make_file_name
from bot.execution.resolve.build import pin_build
from bot.operations.addresses import BuildArgs
from bot.operations.build_wording import link_build
from bot.operations.operation import Effect, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md
from commands.artifacts.results import ArtifactData, ArtifactList

ArtifactState = Literal["new", "finished", "error", "deleted", "expired"]
BUTTONS = 5


class ArtifactsListArgs(BuildArgs):
    """Arguments of `artifacts list`."""

    job: Annotated[
        str | None,
        Opt(short="j", aliases=("--job-uuid",)),
        Field(max_length=1000, description="Only this job's artifacts (name or id)"),
    ] = None
    path: Annotated[
        str | None,
        Opt(value="pattern", hint="dist/*"),
        Field(max_length=1000, description="Only this path or pattern"),
    ] = None
    state: Annotated[ArtifactState | None, Opt(short="s"), Field(description="State")] = None


class BuildArtifactsArgs(ArtifactsListArgs):
    """Arguments of `build artifacts`."""


@operation(
    "artifacts list",
    also=("artifacts ls",),
    implied_by="noun",
    needs=Permission.ARTIFACTS,
    effect=Effect.READS,
    scopes=("read_artifacts",),
    pin=pin_build,
    examples=("artifacts list web 101", "artifacts list web 101 --path dist/* --job Package", "artifacts list"),
)
async def list_(args: ArtifactsListArgs, ctx: ArtifactContext) -> Reply[ArtifactList]:
    """List the files uploaded by a build's jobs."""
    return await _list_artifacts(args, ctx)


@operation(
    "build artifacts",
    needs=Permission.ARTIFACTS,
    effect=Effect.READS,
    scopes=("read_artifacts",),
    pin=pin_build,
    examples=("build artifacts web 101", "build artifacts web 101 --state finished", "build artifacts"),
)
async def list_build_artifacts(args: BuildArtifactsArgs, ctx: ArtifactContext) -> Reply[ArtifactList]:
    """List a build's artifacts. Same as `artifacts list`."""
    return await _list_artifacts(args, ctx)


async def _list_artifacts(args: ArtifactsListArgs, ctx: ArtifactContext) -> Reply[ArtifactList]:
    if args.pipeline is None or args.number is None:
        raise UsageError("Which build do you mean?", "Name it: `web 101`.", "pipeline")
    build = await ctx.builds.build(args.pipeline, args.number)
    jobs = find_jobs_in_build(build, args.job) if args.job else None
    found = await list_artifacts(build.ref, jobs, ctx, path=args.path, state=args.state)
    titles = {job.id: job.title for job in build.jobs}
    artifacts = tuple(ArtifactData.from_artifact(item, titles.get(item.job_id)) for item in found)
    table = Table(
        ("File", "Size", "Job", "State"),
        tuple(map(_render_row, artifacts)),
        f"Artifacts of {build.ref}",
        noun="artifact",
        empty=_describe_none(args, build),
        hint=_suggest_all(args, ctx),
    )
    page = Button("Open in Buildkite", url=build.web_url) if build.web_url else None
    buttons = (*_make_buttons(found, build), *([page] if page else []))
    data = ArtifactList(
        message=table.summary,
        pipeline=args.pipeline,
        number=args.number,
        artifacts=artifacts,
        is_complete=len(found) < ARTIFACTS_LIMIT,
    )
    footer = _render_footer(found, build, ctx)
    return Reply(data=data, table=table, footer=footer, buttons=buttons, builds=(build,))


def _render_row(artifact: ArtifactData) -> tuple[str, ...]:
    state = md("{emoji} {state}", emoji=EMOJI.get(artifact.state, "🕒"), state=artifact.state)
    return code(shorten(artifact.path, 200)), format_size(artifact.size), shorten(artifact.job or "", 100), state


def _describe_none(args: ArtifactsListArgs, build: Build) -> Mrkdwn:
    """Say that no artifact matches, and repeat the filters."""
    filters = {"path": args.path, "job": args.job, "state": args.state}
    criteria = [
        md(" with {name} {value}", name=name, value=code(value)) for name, value in filters.items() if value
    ]
    return md("{ref} has no artifacts{asked}.", ref=link_build(build), asked=Mrkdwn(",".join(criteria)))


def _suggest_all(args: ArtifactsListArgs, ctx: ArtifactContext) -> str:
    if not (args.path or args.job or args.state):
        return ""
    return f"List all of them with `{ctx.caller.command} artifacts list {args.pipeline} {args.number}`."


def _render_footer(found: Sequence[Artifact], build: Build, ctx: ArtifactContext) -> str:
    if len(found) >= ARTIFACTS_LIMIT:
        return f"Only the build's first {ARTIFACTS_LIMIT} artifacts. Narrow the list with `--path` or `--job`."
    ready = [item for item in found if item.state == "finished"]
    if len(ready) <= BUTTONS:
        return ""
    which = f"{build.ref.pipeline} {build.number} <path>"
    return f"Download one with `{ctx.caller.command} artifacts download {which}`"


def _make_buttons(found: Sequence[Artifact], build: Build) -> tuple[Button, ...]:
    """Return a download button for each file if there are only a few."""
    ready = [item for item in found if item.state == "finished"]
    return tuple(_make_download_button(item, build) for item in ready) if len(ready) <= BUTTONS else ()


def _make_download_button(artifact: Artifact, build: Build) -> Button:
    given = {"artifact": artifact.id, "job": artifact.job_id}
    place = {"pipeline": build.ref.pipeline, "number": str(build.number)}
    name = shorten(make_file_name(artifact.path), 60)
    return Button(
        f"Get {name}", Call("artifacts download", {**given, **place}), spoken_label=f"Get {artifact.path}"[:75]
    )
