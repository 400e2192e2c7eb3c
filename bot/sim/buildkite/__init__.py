"""A stand-in for one Buildkite organization: REST API, Agent API, state machine, webhooks, limits, faults."""

from bot.sim.buildkite.demo import seed_demo
from bot.sim.buildkite.gate import Recorded
from bot.sim.buildkite.hooks import sign
from bot.sim.buildkite.sim import BuildkiteSim
from bot.sim.buildkite.values import Refusal

__all__ = ["BuildkiteSim", "Recorded", "Refusal", "seed_demo", "sign"]
