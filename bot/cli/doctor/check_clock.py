"""This machine's time against the time that the vendors put into their answers."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from bot.cli.doctor.finding import Finding
from bot.runtime.clock import Clock

NAME = "Clock"
BAD_SECONDS = 60.0


class Dates:
    """How far each vendor's `Date` header is ahead of this machine, in seconds, by vendor."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ahead: dict[str, float] = {}

    def hear(self, vendor: str, headers: Mapping[str, str]) -> None:
        """Note the time of an answer; one without a readable date is left out."""
        named = {name.lower(): value for name, value in headers.items()}
        try:
            theirs = parsedate_to_datetime(named.get("date", ""))
            self.ahead[vendor] = (theirs - self._clock.now()).total_seconds()
        except (ValueError, TypeError):  # no date, or one without a zone
            return


def clocks(dates: Dates) -> Finding:
    """Signatures are valid for 300 s, so a clock that is out by more than 60 s is wrong.

    https://docs.slack.dev/authentication/verifying-requests-from-slack
    """
    if not dates.ahead:
        return Finding(NAME, None, "no answer carried a date to compare with.")
    vendor, ahead = max(dates.ahead.items(), key=lambda item: abs(item[1]))
    if abs(ahead) <= BAD_SECONDS:
        return Finding(NAME, True, f"within {BAD_SECONDS:.0f} s of {' and '.join(sorted(dates.ahead))}.")
    side = "behind" if ahead > 0 else "ahead of"
    return Finding(
        NAME,
        False,
        f"{abs(ahead):.0f} s {side} {vendor}; signatures are refused at 300 s.",
        "Set this machine's time, for example with NTP.",
    )
