"""A person's own Buildkite account, and the scopes that its token lacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from bot.slack.blockkit.mrkdwn import Mrkdwn, code, join, md

TOKENS_URL = "https://buildkite.com/user/api-access-tokens"
# https://buildkite.com/docs/apis/managing-api-tokens#token-scopes
SCOPE_PURPOSES: Mapping[str, str] = MappingProxyType(
    {
        "read_builds": "viewing builds",
        "write_builds": "starting, canceling, retrying and unblocking builds",
        "read_pipelines": "finding pipelines by name",
        "read_build_logs": "reading logs",
        "read_artifacts": "reading artifacts",
        "read_agents": "viewing agents",
        "write_agents": "pausing and stopping agents",
    }
)


@dataclass(frozen=True)
class Account:
    """A connected account. `buildkite_id` is the user's UUID, empty if the token's scopes don't show it.

    `scopes` are those that the token had when it was connected.
    """

    buildkite_id: str
    name: str
    email: str
    scopes: tuple[str, ...]
    connected_at: datetime
    expires_at: datetime | None = None

    @property
    def display_name(self) -> str:
        """The user as `Ada Martin (ada@example.com)`, or the part that is known."""
        return f"{self.name} ({self.email})" if self.name and self.email else self.name or self.email


def find_missing_scopes(scopes: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the missing scopes, each with its purpose."""
    given = set(scopes)
    return tuple((scope, purpose) for scope, purpose in SCOPE_PURPOSES.items() if scope not in given)


def render_scope_warning(scopes: Iterable[str]) -> Mrkdwn:
    """Render what the token doesn't allow, one line each; empty if no scope is missing."""
    missing = find_missing_scopes(scopes)
    if not missing:
        return Mrkdwn("")
    lines: list[str] = [
        md("• {purpose} (needs {scope})", purpose=purpose, scope=code(scope)) for scope, purpose in missing
    ]
    return md("⚠️ This token doesn't allow:\n{lines}", lines=join(lines, "\n"))
