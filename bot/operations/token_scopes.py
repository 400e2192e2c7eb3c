"""The scopes of a Buildkite token that each command needs.

https://buildkite.com/docs/apis/managing-api-tokens#token-scopes
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

COMMANDS_BY_SCOPE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "read_user": ("user",),
        "read_organizations": ("organization list", "organization view"),
        "read_pipelines": ("pipeline list", "pipeline view", "build create"),
        "write_pipelines": (
            "pipeline archive",
            "pipeline copy",
            "pipeline create",
            "pipeline delete",
            "pipeline unarchive",
            "pipeline update",
            "pipeline webhook",
        ),
        "read_builds": ("build annotations", "build list", "build view", "build watch", "job list"),
        "write_builds": (
            "build annotate",
            "build cancel",
            "build create",
            "build rebuild",
            "build retry",
            "job reprioritize",
            "job retry",
            "job unblock",
        ),
        "read_build_logs": ("job log",),
        "read_job_env": ("job env",),
        "read_artifacts": ("artifacts download", "artifacts list", "build artifacts"),
        "read_agents": ("agent list", "agent view", "queue list", "queue view"),
        "write_agents": ("agent pause", "agent resume", "agent stop"),
        "read_clusters": ("cluster list", "cluster view", "queue list", "queue view", "token list"),
        "write_clusters": ("queue pause", "queue resume"),
        "read_teams": ("team list",),
        "read_pipeline_templates": ("template list",),
        "read_rules": ("rule list",),
        "read_notification_services": ("service list",),
        "write_notification_services": ("service add", "service remove"),
        "graphql": ("job cancel",),
    }
)


def find_missing_scopes(scopes: Iterable[str], commands: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return missing scopes with the commands that won't work without them, as (scope, commands)."""
    granted, used = set(scopes), set(commands)
    missing = (
        (scope, tuple(name for name in names if name in used)) for scope, names in COMMANDS_BY_SCOPE.items()
    )
    return tuple((scope, names) for scope, names in missing if names and scope not in granted)
