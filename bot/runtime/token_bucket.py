"""Paces requests: token buckets, sliding windows and exponential backoff, as pure values."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class TokenBucket:
    """A token bucket: `per_second` tokens are added up to `burst`; `at` is the monotonic time of `tokens`."""

    per_second: float
    burst: float
    tokens: float
    at: float
    paused_until: float = 0

    def refill(self, now: float) -> TokenBucket:
        """Return the bucket with the tokens it has at `now`."""
        gained = max(now - self.at, 0) * self.per_second
        return replace(self, tokens=min(self.burst, self.tokens + gained), at=max(now, self.at))

    def wait_seconds(self, now: float, reserve: float = 0) -> float:
        """Return the seconds until a token can be taken so that `reserve` are left; 0 if at once."""
        lacking = max(1 + reserve - self.refill(now).tokens, 0) / self.per_second
        return max(lacking if lacking > 1e-9 else 0, self.paused_until - now)

    def take(self, now: float) -> TokenBucket:
        """Return the bucket after one token was taken; it may go into debt."""
        refilled = self.refill(now)
        return replace(refilled, tokens=refilled.tokens - 1)

    def pause_until(self, until: float) -> TokenBucket:
        """Return the bucket after the server asked for a pause; it keeps at most a token, so no burst follows."""
        return replace(self, paused_until=max(until, self.paused_until), tokens=min(self.tokens, 1))


@dataclass(frozen=True)
class SlidingWindow:
    """At most `limit` requests in any `seconds`; `taken_at` are their monotonic times, oldest first."""

    limit: int
    seconds: float = 60.0
    taken_at: tuple[float, ...] = ()

    def wait_seconds(self, now: float, reserve: int = 0) -> float:
        """Return the seconds until one more may be made so that `reserve` are left; 0 if at once."""
        room = max(self.limit - reserve, 1)
        last = self.taken_at[-room] + self.seconds if len(self.taken_at) >= room else now
        return max(last - now, 0)

    def take(self, now: float) -> SlidingWindow:
        """Return the window after one more request."""
        kept = tuple(at for at in self.taken_at if at > now - self.seconds)
        return replace(self, taken_at=(*kept, now))


def full_bucket(per_second: float, burst: float, now: float) -> TokenBucket:
    """Return a full bucket."""
    return TokenBucket(per_second, burst, burst, now)


def backoff_seconds(attempts: int, base: float = 2, longest: float = 300) -> float:
    """Return the seconds to wait after that many failures: `base`, doubled each time, up to `longest`."""
    return float(min(base * 2 ** max(attempts - 1, 0), longest))
