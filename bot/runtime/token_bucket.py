"""How fast to go: token buckets for Slack, intervals for reading at Buildkite."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Bucket:
    """`per_second` tokens flow in, at most `burst` are kept; `at` is a monotonic time in seconds."""

    per_second: float
    burst: float
    tokens: float
    at: float
    closed_until: float = 0

    def filled(self, now: float) -> Bucket:
        """The bucket as it stands at `now`."""
        gained = max(now - self.at, 0) * self.per_second
        return replace(self, tokens=min(self.burst, self.tokens + gained), at=max(now, self.at))

    def wait(self, now: float, spare: float = 0) -> float:
        """Seconds until one token may be taken, and `spare` are left after it; zero: at once."""
        lacking = max(1 + spare - self.filled(now).tokens, 0) / self.per_second
        return max(lacking if lacking > 1e-9 else 0, self.closed_until - now)

    def taken(self, now: float) -> Bucket:
        """The bucket after one token was taken."""
        filled = self.filled(now)
        return replace(filled, tokens=filled.tokens - 1)

    def closed(self, until: float) -> Bucket:
        """The bucket after the other side asked to be left alone."""
        return replace(self, closed_until=max(until, self.closed_until), tokens=min(self.tokens, 1))


@dataclass(frozen=True)
class SlidingWindow:
    """At most `most` in any `seconds`; `taken` are the monotonic times of the last ones, oldest first."""

    most: int
    seconds: float = 60.0
    taken: tuple[float, ...] = ()

    def wait(self, now: float, spare: int = 0) -> float:
        """Seconds until one more may be taken, and `spare` after it at once; zero: now."""
        room = max(self.most - spare, 1)
        last = self.taken[-room] + self.seconds if len(self.taken) >= room else now
        return max(last - now, 0)

    def with_one(self, now: float) -> SlidingWindow:
        """The window after one was taken."""
        kept = tuple(at for at in self.taken if at > now - self.seconds)
        return replace(self, taken=(*kept, now))


def full_bucket(per_second: float, burst: float, now: float) -> Bucket:
    """A bucket that was left alone for long."""
    return Bucket(per_second, burst, burst, now)


def backoff_seconds(attempts: int, base: float = 2, most: float = 300) -> float:
    """Seconds to wait after that many failures: doubling, bounded."""
    return float(min(base * 2 ** max(attempts - 1, 0), most))
