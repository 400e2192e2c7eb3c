"""Command that downloads an artifact: a small file as a direct message, a larger one as a link."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, model_validator

from bot.buildkite.endpoints.artifacts import Artifact
from bot.buildkite.models import BuildRef
from bot.errors import Conflict, Unavailable, UsageError
from bot.execution.resolve.artifact import ArtifactContext, find_artifact
from bot.execution.resolve.artifact_text import explain_missing, format_size, make_file_name
from bot.execution.resolve.build import pin_build
from bot.operations.addresses import BuildArgs, LeadingNumber, LeadingPipeline, is_address, parse_buildkite_url
from bot.operations.operation import Effect, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import Confirm, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md, strip_unseen
from bot.slack.types import File
from commands.artifacts.results import ArtifactData, ArtifactResult

# Bytes. Larger files aren't uploaded: one click would take too much memory here and storage in Slack.
FILE_BYTES = 1024 * 1024
# Characters. Slack accepts URLs of up to 3,000 in a button.
LINK_LIMIT = 2990
_ARTIFACT = re.compile(r"https?://\S+/artifacts/(?P<id>[0-9a-f-]{36})(?:/download)?/?$", re.IGNORECASE)


class ArtifactsDownloadArgs(BuildArgs):
    """Arguments of `artifacts download`: the artifact is given by path, part of a path, pattern, id or URL."""

    pipeline: LeadingPipeline = None
    number: LeadingNumber = None
    artifact: Annotated[
        str | None,
        Opt(positional=True, hint="dist/app.js"),
        Field(max_length=1000, description="Path, id or URL"),
    ] = None
    job: Annotated[
        str | None,
        Opt(short="j", aliases=("--job-uuid",)),
        Field(max_length=1000, description="Only this job's artifacts (name or id)"),
    ] = None
    link: Annotated[bool, Opt(), Field(description="Get only a link, valid for about a minute")] = False
    share: Annotated[bool, Opt(), Field(description="Post the file here, for everyone to read")] = False

    @model_validator(mode="before")
    @classmethod
    def _read_url(cls, given: object) -> object:
        """Read the build and the job from an artifact's URL."""
        if not isinstance(given, Mapping) or not isinstance(word := given.get("artifact"), str):
            return given
        found = _ARTIFACT.fullmatch(word.strip())
        if not found:
            return given if given.get("pipeline") or not is_address(word) else _name_build(given, word)
        of = parse_buildkite_url(found.string.split("/artifacts/")[0])
        named = {"pipeline": found.string, "job": of.job if of else None}
        return {**named, **{key: value for key, value in given.items() if value}, "artifact": found["id"]}


def _name_build(given: Mapping[str, object], address: str) -> dict[str, object]:
    """Return the arguments with the build that was given in place of an artifact."""
    return {**{name: value for name, value in given.items() if name != "artifact"}, "pipeline": address}


@operation(
    "artifacts download",
    also=("download", "artifacts get"),
    needs=Permission.ARTIFACTS,
    effect=Effect.READS,
    scopes=("read_artifacts",),
    pin=pin_build,
    examples=(
        "artifacts download web 101 dist/app.js",
        "artifacts download *.xml --job Test",
        "artifacts download dist/app.js --share",
    ),
)
async def download(args: ArtifactsDownloadArgs, ctx: ArtifactContext) -> Reply[ArtifactResult]:
    """Download an artifact. Small files arrive as a direct message, larger ones as a link."""
    if args.pipeline is None or args.number is None:
        raise UsageError("Which build do you mean?", "Name it: `web 101`.", "pipeline")
    ref = BuildRef(ctx.builds.organization, args.pipeline, args.number)
    artifact = await find_artifact(args.artifact, args.job, ref, ctx)
    if artifact.state != "finished":
        raise Conflict(f"{shorten(artifact.path, 200)} {explain_missing(artifact.state)}.")
    if args.share and not _is_small(artifact):
        raise Conflict(
            f"{shorten(artifact.path, 200)} is too large to share ({format_size(artifact.file_size)}).",
            "I can post files of up to 1 MB. For a link, leave out `--share`.",
        )
    if args.link or not _is_small(artifact):
        return await _reply_link(artifact, ref, ctx)
    return await _reply_file(args, artifact, ref, ctx)


def _is_small(artifact: Artifact) -> bool:
    return artifact.file_size is None or artifact.file_size <= FILE_BYTES


async def _reply_file(
    args: ArtifactsDownloadArgs, artifact: Artifact, ref: BuildRef, ctx: ArtifactContext
) -> Reply[ArtifactResult]:
    """Return the file itself, or a link if only a browser can fetch it."""
    try:
        content = await ctx.artifacts.artifact_bytes(
            ref.pipeline, ref.number, artifact.job_id, artifact.id, max_bytes=FILE_BYTES
        )
    except (Conflict, Unavailable) as error:
        if args.share:
            raise
        return await _reply_link(artifact, ref, ctx, why=error.message)
    file = File(make_file_name(artifact.path), content, shorten(f"{strip_unseen(artifact.path)}, {ref}", 200))
    if args.share:
        text = md("shared {file}", file=_describe_artifact(artifact, ref))
        return Reply(data=_make_result(artifact, ref, text), text=text, file=file, private=False)
    text = _describe_artifact(artifact, ref)
    return Reply(
        data=_make_result(artifact, ref, text),
        text=text,
        file=file,
        buttons=(_make_share_button(artifact, ref), _make_link_button(artifact, ref, "Get a link")),
    )


async def _reply_link(
    artifact: Artifact, ref: BuildRef, ctx: ArtifactContext, why: str = ""
) -> Reply[ArtifactResult]:
    """Return a fresh link and a button that fetches the next one: a link expires after about a minute."""
    link = await ctx.artifacts.artifact_link(ref.pipeline, ref.number, artifact.job_id, artifact.id)
    if len(link) > LINK_LIMIT:
        raise Conflict("The link to that file is too long for a Slack button.", "Open it in Buildkite.")
    text = md("{file}: this link is valid for about a minute.", file=_describe_artifact(artifact, ref))
    return Reply(
        data=_make_result(artifact, ref, text, link),
        text=text,
        footer=why,
        buttons=(Button("Open the file", url=link), _make_link_button(artifact, ref, "New link")),
    )


def _make_result(artifact: Artifact, ref: BuildRef, message: str, link: str | None = None) -> ArtifactResult:
    return ArtifactResult(
        message=message,
        pipeline=ref.pipeline,
        number=ref.number,
        artifact=ArtifactData.from_artifact(artifact),
        link=link,
    )


def _describe_artifact(artifact: Artifact, ref: BuildRef) -> Mrkdwn:
    size = f" ({format_size(artifact.file_size)})" if artifact.file_size is not None else ""
    return md("{path}{size} of {ref}", path=code(shorten(artifact.path, 300)), size=size, ref=str(ref))


def _make_link_button(artifact: Artifact, ref: BuildRef, label: str) -> Button:
    return Button(label, Call("artifacts download", {**_locate(artifact, ref), "link": "true"}))


def _make_share_button(artifact: Artifact, ref: BuildRef) -> Button:
    confirm = Confirm("Share this file?", "Everyone in this conversation can open it.", "Share file")
    call = Call("artifacts download", {**_locate(artifact, ref), "share": "true"})
    return Button("Share here", call, confirm=confirm)


def _locate(artifact: Artifact, ref: BuildRef) -> dict[str, str]:
    found = {"artifact": artifact.id, "job": artifact.job_id}
    return {**found, "pipeline": ref.pipeline, "number": str(ref.number)}
