"""Slack's limits as buckets: what may be sent now, and how long to wait otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.runtime.clock import Clock
from bot.runtime.token_bucket import TokenBucket, SlidingWindow, backoff_seconds, full_bucket

UPDATE = "chat.update"
POST = "chat.postMessage"
UNFURL = "chat.unfurl"
PUBLISH = "views.publish"
# 50 updates or previews and 100 homes a minute in a workspace, a post a second in a channel.
# Short bursts are taken.
# https://docs.slack.dev/apis/web-api/rate-limits
_LIMITS = {UPDATE: (50 / 60, 10.0), UNFURL: (50 / 60, 10.0), PUBLISH: (100 / 60, 20.0), POST: (1.0, 3.0)}
# Whole minutes are counted as well: a burst is not on top of the minute's calls. They are counted where they
# arrive, so that ours are a second longer.
_PER_MINUTE = {UPDATE: 50, UNFURL: 50, PUBLISH: 100}
_MINUTE = 61.0
# So many of a minute's calls are kept for what cannot wait; and so many of those that are taken at once, so that
# what can wait is spread over the minute: who comes when all are taken waits for the next one to fall out of it.
_SPARE, _SPARE_AT_ONCE = 4, 8
# An outage is looked into this often, by one call: the rest follows as soon as it is over.
_LONGEST = 20


@dataclass
class Pacing:
    """One workspace's buckets: one for each method, of `chat.postMessage` one for each channel."""

    clock: Clock
    _buckets: dict[tuple[str, str], TokenBucket] = field(default_factory=dict)
    _windows: dict[str, SlidingWindow] = field(default_factory=dict)
    _failures: dict[str, int] = field(default_factory=dict)

    def wait(self, method: str, channel: str, *, yields: bool = False) -> float:
        """Seconds to wait before the call; zero: it may go now. One that `yields` leaves room for others."""
        now = self.clock.monotonic()
        own, all_ = self._bucket(method, channel, now), self._bucket(method, "", now)
        minute = self._window(method).wait_seconds(now, _SPARE if yields else 0) if method in _PER_MINUTE else 0
        return max(own.wait_seconds(now, _SPARE_AT_ONCE if yields else 0), all_.paused_until - now, minute, 0)

    def take(self, method: str, channel: str) -> None:
        """The call is made."""
        now = self.clock.monotonic()
        key = self._key(method, channel)
        self._buckets[key] = self._bucket(method, channel, now).take(now)
        if method in _PER_MINUTE:
            self._windows[method] = self._window(method).take(now)

    def close(self, method: str, seconds: float) -> None:
        """Slack asked to be left alone: nothing of that method goes before."""
        now = self.clock.monotonic()
        self._buckets[(method, "")] = self._bucket(method, "", now).pause_until(now + seconds)

    def failed(self, method: str) -> float:
        """It does not work just now: leave it alone for a while, longer each time; gives the seconds."""
        self._failures[method] = self._failures.get(method, 0) + 1
        seconds = backoff_seconds(self._failures[method], base=1, longest=_LONGEST)
        self.close(method, seconds)
        return seconds

    def worked(self, method: str) -> None:
        """It works again."""
        self._failures.pop(method, None)

    def _bucket(self, method: str, channel: str, now: float) -> TokenBucket:
        return self._buckets.get(self._key(method, channel)) or full_bucket(*_LIMITS[method], now)

    def _window(self, method: str) -> SlidingWindow:
        return self._windows.get(method) or SlidingWindow(_PER_MINUTE[method], _MINUTE)

    def _key(self, method: str, channel: str) -> tuple[str, str]:
        return (method, channel if method == POST else "")
