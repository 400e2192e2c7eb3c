"""Slack's rate limits (https://docs.slack.dev/apis/web-api/rate-limits), counted by the given clock."""

import math
from collections import deque
from collections.abc import Callable

_TIER = {1: 5, 2: 20, 3: 50, 4: 100}
_METHODS = {
    1: "apps.connections.open",
    2: "conversations.list reactions.remove users.list users.conversations usergroups.list usergroups.users.list",
    3: "bots.info chat.delete chat.unfurl chat.update conversations.history conversations.info "
    "conversations.join conversations.open conversations.replies reactions.add team.info users.lookupByEmail",
    4: "chat.postEphemeral conversations.members files.completeUploadExternal files.getUploadURLExternal "
    "users.info views.open views.publish views.push views.update",
}


class RateLimits:
    """Calls a minute for each method, and posts a second for each channel with a burst.

    `per_minute`, `channel_per_second` and `channel_burst` may be changed at any time.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.per_minute = {name: _TIER[tier] for tier, names in _METHODS.items() for name in names.split()}
        self.per_minute |= {"chat.postMessage": 300, "auth.test": 300, "chat.getPermalink": 300}
        self.channel_per_second = 1.0
        self.channel_burst = 10
        self._calls: dict[str, deque[float]] = {}
        self._posts: dict[str, tuple[float, float]] = {}

    def refuse(self, method: str, channel: str | None = None) -> int | None:
        """Return the seconds for Retry-After if this call exceeds a limit, else count it and return None."""
        wait = self._minute(method)
        if wait is None and method == "chat.postMessage" and channel:
            wait = self._post(channel)
        return wait

    def _minute(self, method: str) -> int | None:
        most = self.per_minute.get(method)
        if most is None:
            return None
        now, recent = self.now(), self._calls.setdefault(method, deque())
        while recent and recent[0] <= now - 60:
            recent.popleft()
        if len(recent) >= most:
            return max(1, math.ceil(recent[0] + 60 - now)) if recent else 60
        recent.append(now)
        return None

    def _post(self, channel: str) -> int | None:
        now = self.now()
        left, at = self._posts.get(channel, (float(self.channel_burst), now))
        left = min(float(self.channel_burst), left + (now - at) * self.channel_per_second)
        allowed = left >= 1
        self._posts[channel] = (left - 1 if allowed else left, now)
        return None if allowed else max(1, math.ceil((1 - left) / self.channel_per_second))
