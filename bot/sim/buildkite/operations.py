"""Every operation that the simulator answers."""

from bot.sim.buildkite import (
    agent_api,
    graphql,
    rest_agents,
    rest_builds,
    rest_clusters,
    rest_extras,
    rest_jobs,
    rest_logs,
    rest_org,
    rest_pipelines,
    rest_services,
    stacks,
    storage,
)
from bot.sim.buildkite.wire import Operation

_FAMILIES = (
    rest_org,
    rest_pipelines,
    rest_builds,
    rest_jobs,
    rest_logs,
    rest_extras,
    rest_agents,
    rest_clusters,
    rest_services,
    agent_api,
    stacks,
    graphql,
    storage,
)
OPERATIONS: tuple[Operation, ...] = tuple(op for family in _FAMILIES for op in family.OPERATIONS)
