"""Every operation that the simulator answers."""

from bot.sim.buildkite import rest_agents, rest_builds, rest_jobs, rest_logs
from bot.sim.buildkite.wire import Operation

OPERATIONS: tuple[Operation, ...] = (
    *rest_builds.OPERATIONS,
    *rest_jobs.OPERATIONS,
    *rest_logs.OPERATIONS,
    *rest_agents.OPERATIONS,
)
