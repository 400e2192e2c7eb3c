"""Counts requests against Buildkite's two rate limits, the user's and the organization's."""

import math
from dataclasses import dataclass, field


@dataclass
class Window:
    """At most `limit` requests in each `seconds`, counted from the first one."""

    scope: str
    limit: int
    header: str
    seconds: float = 60
    used: int = 0
    since: float | None = None

    def count(self, now: float) -> None:
        if self.since is None or now >= self.since + self.seconds:
            self.since, self.used = now, 0
        self.used += 1

    def reset(self, now: float) -> int:
        """Return the whole seconds until the window ends."""
        if self.since is None:
            return 0
        return max(0, math.ceil(self.since + self.seconds - now))

    @property
    def exceeded(self) -> bool:
        return self.used > self.limit

    def headers(self, now: float) -> dict[str, str]:
        given = {
            f"{self.header}-Scope": self.scope,
            f"{self.header}-Limit": str(self.limit),
            f"{self.header}-Remaining": str(max(0, self.limit - self.used)),
            f"{self.header}-Reset": str(self.reset(now)),
        }
        if self.exceeded:
            given[f"{self.header}-Warning"] = "You have exceeded your API rate limit."
        return given

    def refusal(self, now: float) -> dict[str, object]:
        reset = self.reset(now)
        return {
            "message": "You have exceeded your API rate limit."
            f" Please wait {reset} seconds before making more requests.",
            "scope": self.scope,
            "limit": self.limit,
            "current": self.used,
            "reset": reset,
        }


@dataclass
class Limits:
    """https://buildkite.com/docs/apis/rest-api/limits: 50 a minute for a user, 200 for an organization."""

    user: Window = field(default_factory=lambda: Window("rest_user", 50, "RateLimit-User"))
    org: Window = field(default_factory=lambda: Window("rest", 200, "RateLimit"))

    def count(self, now: float, user: Window | None = None) -> Window | None:
        """Count a request of `user` (default: the bot's); return the exceeded window, if any."""
        windows = self._windows_of(user)
        for window in windows:
            window.count(now)
        return next((window for window in windows if window.exceeded), None)

    def headers(self, now: float, user: Window | None = None) -> dict[str, str]:
        user_window, organization_window = self._windows_of(user)
        return organization_window.headers(now) | user_window.headers(now)

    def _windows_of(self, user: Window | None) -> tuple[Window, Window]:
        return user or self.user, self.org
