"""Build events (https://buildkite.com/docs/apis/webhooks/pipelines/build-events)."""

from __future__ import annotations

from bot.core.observed import Facts
from webhooks.decoding import Payload, decode_build, slug_of


def build(event: str, payload: Payload) -> Facts:
    """The build's state. A blocked one comes as `build.finished`; only `Build.phase` tells the difference."""
    found = decode_build(payload)
    return Facts(event, build=found, pipeline_slug=slug_of(found))
