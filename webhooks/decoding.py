"""Decodes the objects inside a webhook into the words of `bot.model`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from bot.buildkite.models import Build, Vendor
from bot.builds.webhook_event import Undecodable

Payload = Mapping[str, Any]
V = TypeVar("V", bound=Vendor)
_BUILD_URL = re.compile(
    r"https?://[^/?#]+/v2/organizations/\w[\w.-]*/pipelines/\w[\w.-]*/builds/([0-9]+)", re.ASCII
)


def decode(payload: Payload, noun: str, kind: type[V]) -> V:
    """The object under `noun`; a null means the same as an absent field. Raises Undecodable."""
    found = payload.get(noun)
    if not isinstance(found, dict):
        raise Undecodable(f"The payload has no {noun}.")
    try:
        return kind.model_validate(_present(found))
    except (ValueError, RecursionError) as error:
        raise Undecodable(f"The {noun} cannot be understood: {_fault(error)}.") from error


def decode_build(payload: Payload) -> Build:
    """The build, with the pipeline that stands beside it put inside, as REST has it. Raises Undecodable."""
    found, pipeline = payload.get("build"), payload.get("pipeline")
    if isinstance(found, dict) and isinstance(pipeline, dict) and pipeline.get("slug"):
        payload = {"build": {**found, "pipeline": pipeline}}
    build = decode(payload, "build", Build)
    if not at_home(build):
        raise Undecodable("The build's url is not that of a build at Buildkite, or of another number.")
    return build


def at_home(build: Build) -> bool:
    """Whether its url leads to a build of that number."""
    place = _BUILD_URL.fullmatch(build.url)
    return place is not None and place[1] == str(build.number)


def _present(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value is not None}


def _fault(error: Exception) -> str:
    """Where it went wrong, without the value: payloads hold secrets."""
    if not isinstance(error, ValidationError):
        return "it is not well-formed"
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def text(payload: Payload, name: str) -> str | None:
    """The string under `name`, if there is one."""
    found = payload.get(name)
    return found if isinstance(found, str) else None
