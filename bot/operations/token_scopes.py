"""The scopes of a Buildkite token, and the commands that a token without some of them can't run.

https://buildkite.com/docs/apis/managing-api-tokens#token-scopes
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

TokenScope = Literal[
    "read_user",
    "read_organizations",
    "read_pipelines",
    "write_pipelines",
    "read_builds",
    "write_builds",
    "read_build_logs",
    "read_job_env",
    "read_artifacts",
    "read_agents",
    "write_agents",
    "read_clusters",
    "write_clusters",
    "read_teams",
    "read_pipeline_templates",
    "read_rules",
    "read_notification_services",
    "write_notification_services",
    "graphql",
]
TOKEN_SCOPES: tuple[TokenScope, ...] = get_args(TokenScope)


def find_missing_scopes(
    granted: Iterable[str], commands_by_scope: Mapping[TokenScope, tuple[str, ...]]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return missing scopes with the commands that won't work without them, as (scope, commands)."""
    has = frozenset(granted)
    return tuple((scope, names) for scope, names in commands_by_scope.items() if names and scope not in has)
