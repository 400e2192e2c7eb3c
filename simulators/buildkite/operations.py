"""All operations of the simulated API."""

from simulators.buildkite import agent_api, graphql, stacks, storage
from simulators.buildkite.http_types import Operation
from simulators.buildkite.rest import (
    agents,
    annotations_artifacts,
    builds,
    clusters,
    jobs,
    logs,
    organization,
    pipelines,
    services,
)

_FAMILIES = (
    organization,
    pipelines,
    builds,
    jobs,
    logs,
    annotations_artifacts,
    agents,
    clusters,
    services,
    agent_api,
    stacks,
    graphql,
    storage,
)
OPERATIONS: tuple[Operation, ...] = tuple(op for family in _FAMILIES for op in family.OPERATIONS)
