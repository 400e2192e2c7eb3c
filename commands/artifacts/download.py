"""One artifact: the file itself where it is small, else a link that is fetched when it is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from bot.buildkite.endpoints.artifacts import Artifact
from bot.buildkite.models import BuildRef
from bot.errors import Conflict, Unavailable, UsageError
from bot.execution.context import Context
from bot.execution.resolve.artifact import which_artifact
from bot.execution.resolve.artifact_text import file_name, missing, sized
from bot.execution.resolve.build import pin_build
from bot.operations.addresses import AtBuild, address
from bot.operations.operation import Effect, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import Confirm, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md, visible
from bot.slack.types import File

# Up to this size the file comes itself: larger ones would hold memory, and Slack's storage, for a click.
FILE_BYTES = 1024 * 1024
# What a button of Slack's takes as an address.
LINK_LIMIT = 2990
_ARTIFACT = re.compile(r"https?://\S+/artifacts/(?P<id>[0-9a-f-]{36})(?:/download)?/?$", re.IGNORECASE)


class Download(AtBuild):
    """Which artifact to fetch: its path, a part of it or a pattern, its id, or its URL."""

    artifact: Annotated[
        str | None,
        Opt(positional=True, hint="dist/app.js"),
        Field(max_length=1000, description="Path, id or URL"),
    ] = None
    pipeline: Annotated[str | None, Opt(short="p", suggest="pipeline"), Field(description="Pipeline")] = None
    number: Annotated[
        int | None, Opt(short="n", also=("--build", "-b")), Field(ge=1, le=2**31, description="Build number")
    ] = None
    job: Annotated[
        str | None,
        Opt(short="j", also=("--job-uuid",)),
        Field(max_length=1000, description="Only those of this job (name or id)"),
    ] = None
    link: Annotated[bool, Opt(), Field(description="Only a link, which works for about a minute")] = False
    share: Annotated[bool, Opt(), Field(description="Put the file here, where everybody can read it")] = False

    @model_validator(mode="before")
    @classmethod
    def _address(cls, given: Any) -> Any:
        """An artifact's URL names its build and its job as well."""
        word = given.get("artifact") if isinstance(given, Mapping) else None
        found = _ARTIFACT.fullmatch(word.strip()) if isinstance(word, str) else None
        if not found:
            return given
        of = address(found.string.split("/artifacts/")[0])
        named = {"pipeline": found.string, "job": of.job if of else None}
        return {**named, **{key: value for key, value in given.items() if value}, "artifact": found["id"]}


@operation(
    "artifacts download",
    needs=Permission.ARTIFACTS,
    effect=Effect.READ,
    pin=pin_build,
    examples=(
        "artifacts download dist/app.js -p web -n 101",
        "artifacts download *.xml --job Test",
        "artifacts download dist/app.js --share",
    ),
)
async def download(args: Download, ctx: Context) -> Reply:
    """Fetch a file that a job has uploaded: small ones by direct message, others as a link."""
    if args.pipeline is None or args.number is None:
        raise UsageError("Which build do you mean?", "Name it: `-p web -n 101`.", "pipeline")
    ref = BuildRef(ctx.buildkite.organization, args.pipeline, args.number)
    artifact = await which_artifact(args.artifact, args.job, ref, ctx)
    if artifact.state != "finished":
        raise Conflict(f"{shorten(artifact.path, 200)} {missing(artifact.state)}.")
    if args.share and not _small(artifact):
        raise Conflict(
            f"{shorten(artifact.path, 200)} is larger than I share ({sized(artifact.file_size)}).",
            "I put files of at most 1 MB here; fetch it without `--share` for a link.",
        )
    if args.link or not _small(artifact):
        return await _linked(artifact, ref, ctx)
    return await _fetched(args, artifact, ref, ctx)


def _small(artifact: Artifact) -> bool:
    return artifact.file_size is None or artifact.file_size <= FILE_BYTES


async def _fetched(args: Download, artifact: Artifact, ref: BuildRef, ctx: Context) -> Reply:
    """The file itself; a link where it is to be had by a browser alone."""
    try:
        content = await ctx.buildkite.artifact_bytes(
            ref.pipeline, ref.number, artifact.job_id, artifact.id, most=FILE_BYTES
        )
    except (Conflict, Unavailable) as error:
        if args.share:
            raise
        return await _linked(artifact, ref, ctx, why=error.message)
    file = File(file_name(artifact.path), content, shorten(f"{visible(artifact.path)}, {ref}", 200))
    if args.share:
        text = md("shared {file}", file=_named(artifact, ref))
        return Reply(text=text, file=file, private=False)
    text = md("{file} comes by direct message.", file=_named(artifact, ref))
    return Reply(text=text, file=file, buttons=(_share(artifact, ref), _link(artifact, ref, "Get a link")))


async def _linked(artifact: Artifact, ref: BuildRef, ctx: Context, why: str = "") -> Reply:
    """A link that is fresh now, with what fetches the next one."""
    link = await ctx.buildkite.artifact_link(ref.pipeline, ref.number, artifact.job_id, artifact.id)
    if len(link) > LINK_LIMIT:
        raise Conflict("The link to that file is longer than Slack's buttons take.", "Open it in Buildkite.")
    text = md("{file}: this link works for about a minute.", file=_named(artifact, ref))
    return Reply(
        text=text, footer=why, buttons=(Button("Open the file", url=link), _link(artifact, ref, "New link"))
    )


def _named(artifact: Artifact, ref: BuildRef) -> Mrkdwn:
    size = f" ({sized(artifact.file_size)})" if artifact.file_size is not None else ""
    return md("{path}{size} of {ref}", path=code(shorten(artifact.path, 300)), size=size, ref=str(ref))


def _link(artifact: Artifact, ref: BuildRef, label: str) -> Button:
    return Button(label, Call("artifacts download", {**_place(artifact, ref), "link": "true"}))


def _share(artifact: Artifact, ref: BuildRef) -> Button:
    asked = Confirm("Share this file?", "Everybody who reads along here can open it.", "Share it")
    call = Call("artifacts download", {**_place(artifact, ref), "share": "true"})
    return Button("Share it here", call, confirm=asked)


def _place(artifact: Artifact, ref: BuildRef) -> dict[str, str]:
    found = {"artifact": artifact.id, "job": artifact.job_id}
    return {**found, "pipeline": ref.pipeline, "number": str(ref.number)}
