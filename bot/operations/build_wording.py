from __future__ import annotations

from datetime import timedelta

from bot.buildkite.models import Build
from bot.buildkite.states import truncate_to_second
from bot.slack.blockkit.mrkdwn import Mrkdwn, link

PHASES: dict[str, tuple[str, str]] = {
    "creating": ("⏳", "Creating"),
    "scheduled": ("🕒", "Scheduled"),
    "running": ("🔵", "Running"),
    "failing": ("🟠", "Failing"),
    "passed": ("✅", "Passed"),
    "failed": ("❌", "Failed"),
    "blocked": ("✋", "Blocked"),
    "canceling": ("🚫", "Canceling"),
    "canceled": ("🚫", "Canceled"),
    "skipped": ("⏭️", "Skipped"),
    "not_run": ("⏭️", "Not run"),
    "gone": ("👻", "Gone from Buildkite"),
}


def phase_words(name: str) -> tuple[str, str]:
    """Emoji and words of a phase; unknown ones are shown as they are."""
    return PHASES.get(name, ("❔", name.replace("_", " ").capitalize()))


def reference(build: Build) -> Mrkdwn:
    """`pipeline#number`, as a link."""
    return link(build.web_url, str(build.ref))


def time_spent(build: Build) -> timedelta | None:
    """From its start to its end, the same by a webhook's whole seconds as by the milliseconds of REST."""
    began, ended = truncate_to_second(build.started_at), truncate_to_second(build.finished_at)
    return ended - began if began and ended else None


def format_duration(span: timedelta) -> str:
    """`4s`, `3m 12s`, `2h 5m`, `3d 4h`."""
    seconds = max(0, int(span.total_seconds()))
    for size, unit, smaller, least in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if seconds >= size:
            rest = seconds % size // smaller
            return f"{seconds // size}{unit} {rest}{least}" if rest else f"{seconds // size}{unit}"
    return f"{seconds}s"
