"""API access tokens: the owner, scopes and visible pipelines of each."""

from collections.abc import Collection
from dataclasses import dataclass, field

from simulators.buildkite.limits import Window
from simulators.buildkite.models import User

WEEK = 7 * 24 * 3600.0


def user_window() -> Window:
    """Return a user's limit: 50 requests a minute, https://buildkite.com/docs/apis/rest-api/limits."""
    return Window("rest_user", 50, "RateLimit-User")


@dataclass
class Token:
    """A token. `pipelines` are the slugs its user may see (None: all); `member`: belongs to this organization."""

    secret: str
    id: str
    user: User
    scopes: set[str]
    created_at: float
    pipelines: Collection[str] | None = None
    member: bool = True
    revoked: bool = False
    description: str = "ChatOps"
    window: Window = field(default_factory=user_window)

    @property
    def expires_at(self) -> float:
        """Return the expiry time: tokens expire after seven days."""
        return self.created_at + WEEK

    def sees(self, pipeline: str) -> bool:
        return self.pipelines is None or pipeline in self.pipelines
