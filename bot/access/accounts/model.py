"""Somebody's own account at Buildkite, and what its token's scopes leave out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from bot.slack.blockkit.mrkdwn import Mrkdwn, code, join, md

TOKENS = "https://buildkite.com/user/api-access-tokens"
# https://buildkite.com/docs/apis/managing-api-tokens#token-scopes
NEEDED_FOR: Mapping[str, str] = MappingProxyType(
    {
        "read_builds": "looking at builds",
        "write_builds": "starting, cancelling, retrying and unblocking",
        "read_pipelines": "finding pipelines by name",
        "read_build_logs": "reading logs",
        "read_artifacts": "reading artifacts",
        "read_agents": "looking at agents",
        "write_agents": "pausing and stopping agents",
    }
)


@dataclass(frozen=True)
class Account:
    """A connected account. `buildkite_id`: the user's UUID, empty where the token does not say it.

    `scopes` are those that the token had when it was connected.
    """

    buildkite_id: str
    name: str
    email: str
    scopes: tuple[str, ...]
    connected_at: datetime
    expires_at: datetime | None = None

    @property
    def called(self) -> str:
        """`Ada Martin (ada@example.com)`, or what there is of it."""
        return f"{self.name} ({self.email})" if self.name and self.email else self.name or self.email


def lacking(scopes: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """What will not work without the scopes that are missing, as (scope, what it is for)."""
    given = set(scopes)
    return tuple((scope, purpose) for scope, purpose in NEEDED_FOR.items() if scope not in given)


def warning(scopes: Iterable[str]) -> Mrkdwn:
    """What will not work, a line each; empty where nothing is missing."""
    missing = lacking(scopes)
    if not missing:
        return Mrkdwn("")
    said: list[str] = [
        md("• {purpose} (scope {scope})", purpose=purpose, scope=code(scope)) for scope, purpose in missing
    ]
    return md("⚠️ With this token these will not work:\n{said}", said=join(said, "\n"))
