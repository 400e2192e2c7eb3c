"""Paces calls to stay within Slack's rate limits."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.runtime.clock import Clock
from bot.runtime.token_bucket import SlidingWindow, TokenBucket, backoff_seconds, full_bucket

UPDATE = "chat.update"
POST = "chat.postMessage"
UNFURL = "chat.unfurl"
PUBLISH = "views.publish"
# Calls a second and burst size. Slack allows 50 updates or link previews and 100 App Homes a minute in a workspace
# and one post a second in a channel, with short bursts. https://docs.slack.dev/apis/web-api/rate-limits
_LIMITS = {UPDATE: (50 / 60, 10.0), UNFURL: (50 / 60, 10.0), PUBLISH: (100 / 60, 20.0), POST: (1.0, 3.0)}
# A burst doesn't add to a minute's calls, so whole minutes are counted as well. Slack counts calls when they
# arrive: our minute is a second longer, as a delay could otherwise move one call too many into Slack's minute.
_PER_MINUTE = {UPDATE: 50, UNFURL: 50, PUBLISH: 100}
_MINUTE = 61.0
# Calls that low-priority requests leave to others: of a minute's calls, and of a burst. Once a minute's calls are
# used up, every call waits until an earlier one is a minute old, so low priority is spread over the minute.
_SPARE, _SPARE_AT_ONCE = 4, 8
# Seconds. During an outage one call a time tests whether Slack is back, at least this often.
_MAX_BACKOFF = 20


@dataclass
class Pacing:
    """Rate limits of one workspace: a bucket for each method, and for each channel of `chat.postMessage`."""

    clock: Clock
    _buckets: dict[tuple[str, str], TokenBucket] = field(default_factory=dict)
    _windows: dict[str, SlidingWindow] = field(default_factory=dict)
    _failures: dict[str, int] = field(default_factory=dict)

    def compute_wait(self, method: str, channel: str, *, low_priority: bool = False, spare: int = 0) -> float:
        """Return the seconds to wait before a call, 0 if it may go now.

        `low_priority` leaves room for others, and `spare` so many more of a minute's calls.
        """
        now = self.clock.monotonic()
        own, all_ = self._get_bucket(method, channel, now), self._get_bucket(method, "", now)
        minute = (
            self._get_window(method).wait_seconds(now, spare + (_SPARE if low_priority else 0))
            if method in _PER_MINUTE
            else 0
        )
        return max(
            own.wait_seconds(now, _SPARE_AT_ONCE if low_priority else min(spare, _SPARE_AT_ONCE)),
            all_.paused_until - now,
            minute,
            0,
        )

    def take(self, method: str, channel: str) -> None:
        """Count a call that is about to be made."""
        now = self.clock.monotonic()
        key = self._make_key(method, channel)
        self._buckets[key] = self._get_bucket(method, channel, now).take(now)
        if method in _PER_MINUTE:
            self._windows[method] = self._get_window(method).take(now)

    def close(self, method: str, seconds: float) -> None:
        """Stop all calls of a method for as long as Slack asked."""
        now = self.clock.monotonic()
        self._buckets[(method, "")] = self._get_bucket(method, "", now).pause_until(now + seconds)

    def note_failure(self, method: str) -> float:
        """Stop all calls of a method after a failure, longer each time; return the seconds."""
        self._failures[method] = self._failures.get(method, 0) + 1
        seconds = backoff_seconds(self._failures[method], base=1, longest=_MAX_BACKOFF)
        self.close(method, seconds)
        return seconds

    def note_success(self, method: str) -> None:
        """Reset the failures of a method that works again."""
        self._failures.pop(method, None)

    def _get_bucket(self, method: str, channel: str, now: float) -> TokenBucket:
        return self._buckets.get(self._make_key(method, channel)) or full_bucket(*_LIMITS[method], now)

    def _get_window(self, method: str) -> SlidingWindow:
        return self._windows.get(method) or SlidingWindow(_PER_MINUTE[method], _MINUTE)

    def _make_key(self, method: str, channel: str) -> tuple[str, str]:
        return (method, channel if method == POST else "")
