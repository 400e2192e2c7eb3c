"""The API access tokens of a simulated organization: whose each is, and what it may do and see."""

from collections.abc import Collection
from dataclasses import dataclass, field

from simulators.buildkite.limits import Window
from simulators.buildkite.models import User

WEEK = 7 * 24 * 3600.0


def user_window() -> Window:
    """https://buildkite.com/docs/apis/rest-api/limits: 50 requests a minute for a user."""
    return Window("rest_user", 50, "RateLimit-User")


@dataclass
class Token:
    """`pipelines` are the slugs that its user may see, None for all; `member`: of this organization at all."""

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
        """New tokens expire after seven days."""
        return self.created_at + WEEK

    def sees(self, pipeline: str) -> bool:
        return self.pipelines is None or pipeline in self.pipelines
