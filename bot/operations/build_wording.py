"""Words for builds: phases, links and durations."""

from __future__ import annotations

from datetime import timedelta

from bot.buildkite.models import Build
from bot.buildkite.states import truncate_to_second
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, link, md

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


# Verb phrases that follow a build's name in a sentence.
_VERBS = {
    "creating": "is being created",
    "passed": "passed",
    "failed": "failed",
    "canceling": "is being canceled",
    "canceled": "was canceled",
    "skipped": "was skipped",
    "not_run": "was not run",
}


# Characters of a title: a longer one would wrap on a phone before the state comes.
TITLE_LIMIT = 150


def describe_phase(name: str) -> tuple[str, str]:
    """Return the emoji and the words of a phase; unknown phases are shown as they are."""
    return PHASES.get(name, ("❔", name.replace("_", " ").capitalize()))


def describe_phase_as_verb(name: str) -> tuple[str, str]:
    """Return the emoji of a phase, and words to follow the build's name: `failed`, `is running`."""
    emoji, words = describe_phase(name)
    return emoji, _VERBS.get(name, f"is {words[:1].lower()}{words[1:]}")


def extract_title(text: str | None, limit: int = TITLE_LIMIT) -> str:
    """Return the first line of a build's message, cut to `limit` characters."""
    return shorten((text or "").strip().split("\n")[0].strip(), limit)


def render_headline(phase: str, title: str, ref: str, branch: str | None) -> Mrkdwn:
    """Return `❌ *Fix the cart* – web#41 failed on main`: people know their change before they know a number."""
    emoji, verb = describe_phase_as_verb(phase)
    # A stray backtick would open inline code that ends at the branch's.
    name = title.replace("`", "ˋ")
    where = md(" on {branch}", branch=code(shorten(branch, 100))) if branch else ""
    if not name:
        return md("{emoji} *{ref}* {verb}{where}", emoji=emoji, ref=ref, verb=verb, where=where)
    return md(
        "{emoji} {title} – {ref} {verb}{where}", emoji=emoji, title=bold(name), ref=ref, verb=verb, where=where
    )


def link_build(build: Build) -> Mrkdwn:
    """Return `pipeline#number` as a link."""
    return link(build.web_url, str(build.ref))


def measure_duration(build: Build) -> timedelta | None:
    """Return the time from start to end, the same for a webhook's whole seconds as for REST's milliseconds."""
    began, ended = truncate_to_second(build.started_at), truncate_to_second(build.finished_at)
    return ended - began if began and ended else None


def format_duration(span: timedelta) -> str:
    """Format a duration as `4s`, `3m 12s`, `2h 5m` or `3d 4h`."""
    seconds = max(0, int(span.total_seconds()))
    for size, unit, smaller, least in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if seconds >= size:
            rest = seconds % size // smaller
            return f"{seconds // size}{unit} {rest}{least}" if rest else f"{seconds // size}{unit}"
    return f"{seconds}s"
