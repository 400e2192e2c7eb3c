"""Decodes a build and its job directly from a webhook's JSON text."""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from bot.buildkite.models import Build, Job, PipelineStub
from bot.builds.webhook_event import ParsedBuilds
from webhooks.decoding import has_matching_url


class _Provider(Struct, frozen=True):
    """The kept part of the repository's provider."""

    id: str | None = None


class _Pipeline(Struct, frozen=True):
    """The kept part of the pipeline beside a build. The rest is job counts, which change with every event."""

    id: str | None = None
    slug: str | None = None
    name: str | None = None
    default_branch: str | None = None
    repository: str | None = None
    provider: _Provider | None = None


class _Body(Struct):
    """The usual payload: a build, perhaps one of its jobs, and the pipeline beside them."""

    build: Raw
    job: Raw = Raw(b"null")
    pipeline: _Pipeline | None = None


def decode_fast(body: bytes, read: ParsedBuilds) -> tuple[Build, Job | None] | None:
    """Return a build and its job, without the cost of building dictionaries first.

    A build that `read` already holds is returned as the same object. Return None for an unusual payload; then
    `decode_build` finds out whether it is wrong.
    """
    try:
        decoded = msgspec.json.decode(body, type=_Body)
        key = (bytes(decoded.build), decoded.pipeline)
        build = read[key] = read.get(key) or _decode_build(*key)
        job = None if bytes(decoded.job) == b"null" else Job.model_validate_json(bytes(decoded.job))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return build, job


def _decode_build(text: bytes, beside: _Pipeline | None) -> Build:
    """Return the build with its pipeline inside. Raise ValueError if it isn't a Buildkite build."""
    build = Build.model_validate_json(text)
    if not has_matching_url(build):
        raise ValueError("the build's url doesn't match")
    if beside and beside.slug:
        # The build was just created and isn't shared yet, so changing it is safe and saves a copy.
        vars(build)["pipeline"] = PipelineStub.model_validate(msgspec.to_builtins(beside))
    return build
