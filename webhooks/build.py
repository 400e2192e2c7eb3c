"""Build events (https://buildkite.com/docs/apis/webhooks/pipelines/build-events)."""

from __future__ import annotations

from bot.core.observed import Facts
from webhooks.decoding import Payload, decode_build


def build(event: str, payload: Payload) -> Facts:
    """The build's state. A blocked one comes as `build.finished`; only `Build.phase` tells the difference."""
    return Facts(event, build=decode_build(payload))
