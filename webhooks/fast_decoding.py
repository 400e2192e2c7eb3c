"""Reads a build and its job straight from a webhook's text."""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from bot.buildkite.models import Build, Job, PipelineStub
from bot.builds.webhook_event import Read
from webhooks.decoding import at_home


class _Pipeline(Struct, frozen=True):
    """What is kept of the pipeline that stands beside a build: the rest of it counts jobs, and never stays."""

    id: str | None = None
    slug: str | None = None
    name: str | None = None
    default_branch: str | None = None


class _Said(Struct):
    """What most webhooks are about: a build, perhaps one of its jobs, and the pipeline beside them."""

    build: Raw
    job: Raw = Raw(b"null")
    pipeline: _Pipeline | None = None


def read_at_once(body: bytes, read: Read) -> tuple[Build, Job | None] | None:
    """A build and its job: a fraction of what objects in between cost. A build `read` before is the same value.

    None where that does not do: what is unusual is taken apart by `decode_build`, which tells what is wrong.
    """
    try:
        said = msgspec.json.decode(body, type=_Said)
        key = (bytes(said.build), said.pipeline)
        build = read[key] = read.get(key) or _build(*key)
        job = None if bytes(said.job) == b"null" else Job.model_validate_json(bytes(said.job))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return build, job


def _build(text: bytes, beside: _Pipeline | None) -> Build:
    """Raises ValueError for what is no build of Buildkite's."""
    build = Build.model_validate_json(text)
    if not at_home(build):
        raise ValueError("not at home")
    if beside and beside.slug:
        # Nobody has seen this build yet, so that it need not be copied.
        vars(build)["pipeline"] = PipelineStub(**msgspec.structs.asdict(beside))
    return build
