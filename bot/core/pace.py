"""How fast to go: token buckets for Slack, intervals for reading at Buildkite."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.model import Known


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
class Window:
    """At most `most` in any `seconds`; `taken` are the monotonic times of the last ones, oldest first."""

    most: int
    seconds: float = 60.0
    taken: tuple[float, ...] = ()

    def wait(self, now: float, spare: int = 0) -> float:
        """Seconds until one more may be taken, and `spare` after it at once; zero: now."""
        room = max(self.most - spare, 1)
        last = self.taken[-room] + self.seconds if len(self.taken) >= room else now
        return max(last - now, 0)

    def with_one(self, now: float) -> Window:
        """The window after one was taken."""
        kept = tuple(at for at in self.taken if at > now - self.seconds)
        return replace(self, taken=(*kept, now))


def full(per_second: float, burst: float, now: float) -> Bucket:
    """A bucket that was left alone for long."""
    return Bucket(per_second, burst, burst, now)


def refresh_every(active: int) -> float:
    """Seconds between two edits of a card that show nothing but new counts, with so many cards of living builds.

    Taken together they stay within the edits that a workspace has; advice is one edit each 3 s of a message.
    https://docs.slack.dev/apis/web-api/rate-limits
    """
    return max(3.0, active * 1.2)


def backoff(attempts: int, base: float = 2, most: float = 300) -> float:
    """Seconds to wait after that many failures: doubling, bounded."""
    return float(min(base * 2 ** max(attempts - 1, 0), most))


@dataclass(frozen=True)
class Rhythm:
    """How long to wait before a build is read again, by what is known of it."""

    doubt_end: float = 0.0
    doubt: float = 1.5
    live: float = 60.0
    live_unheard: float = 8.0
    blocked: float = 60.0
    ended_unheard: float = 300.0


RHYTHM = Rhythm()
# Turns of cards come sooner when other builds have ended: after so long it is looked again whose turn it is.
LOOKS_AGAIN = timedelta(seconds=20)
_FOLLOWED = timedelta(days=30)
_AFTER_END = timedelta(hours=24)
_FIRST_HOUR = timedelta(hours=1)


def next_read(
    known: Known, now: datetime, followed_at: datetime, *, alive: bool, rhythm: Rhythm = RHYTHM
) -> datetime | None:
    """When to read a followed build again; None: not by itself. `alive` says that webhooks are arriving.

    Doubt is settled at once where an end is to be announced. A build that lives is read in turn, faster without
    webhooks; a blocked one for 30 days, hourly after the first hour; an ended one for a day, in case it revives.
    """
    last = known.read_at or known.seen_at
    if known.doubtful:
        return max(now, last) + timedelta(seconds=rhythm.doubt_end if known.build.settled else rhythm.doubt)
    if known.gone or now - followed_at > _FOLLOWED:
        return None
    if known.build.phase == "blocked":
        fresh = now - (known.read_end or followed_at) < _FIRST_HOUR
        return last + (timedelta(seconds=rhythm.blocked) if fresh else _FIRST_HOUR)
    if known.build.ended:
        age = now - (known.build.finished_at or followed_at)
        wait = max(timedelta(seconds=rhythm.ended_unheard), age / 2)
        return last + wait if age < _AFTER_END else None
    return last + timedelta(seconds=rhythm.live if alive else rhythm.live_unheard)
