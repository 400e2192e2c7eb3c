"""Simulates one Buildkite organization: REST API, Agent API, state machine, webhooks, limits, faults."""

from simulators.buildkite.seed_demo import seed_demo
from simulators.buildkite.server_state import RecordedRequest
from simulators.buildkite.sim import BuildkiteSim
from simulators.buildkite.values import Refusal
from simulators.buildkite.webhooks import sign

__all__ = ["BuildkiteSim", "RecordedRequest", "Refusal", "seed_demo", "sign"]
