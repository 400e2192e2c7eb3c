"""How fast to go: token buckets for Slack, intervals for reading at Buildkite."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class TokenBucket:
    """`per_second` tokens flow in, at most `burst` are kept; `at` is a monotonic time in seconds."""

    per_second: float
    burst: float
    tokens: float
    at: float
    paused_until: float = 0

    def refill(self, now: float) -> TokenBucket:
        """The bucket as it stands at `now`."""
        gained = max(now - self.at, 0) * self.per_second
        return replace(self, tokens=min(self.burst, self.tokens + gained), at=max(now, self.at))

    def wait_seconds(self, now: float, reserve: float = 0) -> float:
        """Seconds until one token may be taken, and `spare` are left after it; zero: at once."""
        lacking = max(1 + reserve - self.refill(now).tokens, 0) / self.per_second
        return max(lacking if lacking > 1e-9 else 0, self.paused_until - now)

    def take(self, now: float) -> TokenBucket:
        """The bucket after one token was taken."""
        refilled = self.refill(now)
        return replace(refilled, tokens=refilled.tokens - 1)

    def pause_until(self, until: float) -> TokenBucket:
        """The bucket after the other side asked to be left alone."""
        return replace(self, paused_until=max(until, self.paused_until), tokens=min(self.tokens, 1))


@dataclass(frozen=True)
class SlidingWindow:
    """At most `most` in any `seconds`; `taken` are the monotonic times of the last ones, oldest first."""

    limit: int
    seconds: float = 60.0
    taken_at: tuple[float, ...] = ()

    def wait_seconds(self, now: float, reserve: int = 0) -> float:
        """Seconds until one more may be taken, and `spare` after it at once; zero: now."""
        room = max(self.limit - reserve, 1)
        last = self.taken_at[-room] + self.seconds if len(self.taken_at) >= room else now
        return max(last - now, 0)

    def take(self, now: float) -> SlidingWindow:
        """The window after one was taken."""
        kept = tuple(at for at in self.taken_at if at > now - self.seconds)
        return replace(self, taken_at=(*kept, now))


def full_bucket(per_second: float, burst: float, now: float) -> TokenBucket:
    """A bucket that was left alone for long."""
    return TokenBucket(per_second, burst, burst, now)


def backoff_seconds(attempts: int, base: float = 2, longest: float = 300) -> float:
    """Seconds to wait after that many failures: doubling, bounded."""
    return float(min(base * 2 ** max(attempts - 1, 0), longest))
