"""Compares this machine's time with the `Date` headers of Slack and Buildkite."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from bot.cli.doctor.finding import Finding
from bot.runtime.clock import Clock

NAME = "Clock"
TOLERATED_SECONDS = 60.0


class ClockOffsets:
    """Collects how far each vendor's clock is ahead of this machine's, in seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ahead: dict[str, float] = {}

    def record(self, vendor: str, headers: Mapping[str, str]) -> None:
        """Record the time of an answer; ignore one without a readable date."""
        named = {name.lower(): value for name, value in headers.items()}
        try:
            theirs = parsedate_to_datetime(named.get("date", ""))
            self.ahead[vendor] = (theirs - self._clock.now()).total_seconds()
        except (ValueError, TypeError):  # no date, or one without a zone
            return


def check_clock(dates: ClockOffsets) -> Finding:
    """Check the largest offset. Signatures are valid for 300 s, so more than 60 s is too close to failing.

    https://docs.slack.dev/authentication/verifying-requests-from-slack
    """
    if not dates.ahead:
        return Finding(NAME, None, "no answer had a date to compare with.")
    vendor, ahead = max(dates.ahead.items(), key=lambda offset: abs(offset[1]))
    if abs(ahead) <= TOLERATED_SECONDS:
        return Finding(NAME, True, f"within {TOLERATED_SECONDS:.0f} s of {' and '.join(sorted(dates.ahead))}.")
    side = "behind" if ahead > 0 else "ahead of"
    return Finding(
        NAME,
        False,
        f"{abs(ahead):.0f} s {side} {vendor}; requests are refused from 300 s on.",
        "Correct this machine's clock, for example with NTP.",
    )
