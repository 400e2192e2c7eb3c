"""Job events (https://buildkite.com/docs/apis/webhooks/pipelines/job-events)."""

from __future__ import annotations

from bot.core.observed import Facts
from bot.model import Job
from webhooks.decoding import Payload, decode, decode_build


def job(event: str, payload: Payload) -> Facts:
    """One attempt at a step, together with the build that it belongs to."""
    return Facts(event, build=decode_build(payload), jobs=(decode(payload, "job", Job),))
