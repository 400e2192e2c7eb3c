"""Decodes the objects in a webhook's payload into the models of `bot.buildkite.models`."""

from __future__ import annotations

import re
from typing import TypeVar

from pydantic import ValidationError

from bot.buildkite.models import Build, Vendor, drop_nulls
from bot.builds.webhook_event import Undecodable
from bot.runtime.json_types import JsonObject

V = TypeVar("V", bound=Vendor)
_BUILD_URL = re.compile(
    r"https?://[^/?#]+/v2/organizations/\w[\w.-]*/pipelines/\w[\w.-]*/builds/([0-9]+)", re.ASCII
)


def decode(payload: JsonObject, noun: str, kind: type[V]) -> V:
    """Return the object under `noun`; a null counts as an absent field. Raise Undecodable."""
    found = payload.get(noun)
    if not isinstance(found, dict):
        raise Undecodable(f"The payload has no {noun}.")
    try:
        return kind.model_validate(drop_nulls(found))
    except (ValueError, RecursionError) as error:
        raise Undecodable(f"The {noun} can't be decoded: {_describe_fault(error)}.") from error


def decode_build(payload: JsonObject) -> Build:
    """Return the build with its pipeline inside, as in REST; a payload has it beside. Raise Undecodable."""
    found, pipeline = payload.get("build"), payload.get("pipeline")
    if isinstance(found, dict) and isinstance(pipeline, dict) and pipeline.get("slug"):
        payload = {"build": {**found, "pipeline": pipeline}}
    build = decode(payload, "build", Build)
    if not has_matching_url(build):
        raise Undecodable("The build's url isn't a Buildkite API URL of a build with its number.")
    return build


def has_matching_url(build: Build) -> bool:
    """Return whether the build's url is that of a build with its number."""
    place = _BUILD_URL.fullmatch(build.url)
    return place is not None and place[1] == str(build.number)


def _describe_fault(error: Exception) -> str:
    """Return the place and kind of the fault, without the value: payloads hold secrets."""
    if not isinstance(error, ValidationError):
        return "it isn't well-formed"
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def find_text(payload: JsonObject, name: str) -> str | None:
    """Return the string under `name`, or None."""
    found = payload.get(name)
    return found if isinstance(found, str) else None
