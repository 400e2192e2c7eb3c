"""Describes a search in words: `builds of web on main that failed within 24h`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bot.runtime.wording import join_or
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, escape, join, md

_STATES = {
    "creating": "are being created",
    "scheduled": "are scheduled",
    "running": "are running",
    "failing": "are failing",
    "blocked": "are blocked",
    "canceling": "are being canceled",
    "canceled": "were canceled",
    "skipped": "were skipped",
    "not_run": "were not run",
}
_TEXT_LIMIT = 80


def join_phrase(*parts: str) -> Mrkdwn:
    """Join the parts that aren't empty to one phrase; plain strings are escaped."""
    return join([part for part in parts if part], " ")


def format_alternatives(values: Iterable[str], format_value: Callable[[str], str] = code) -> Mrkdwn:
    """Format alternatives as `a`, `b` or `c`, each shortened."""
    words = [format_value(shorten(text, _TEXT_LIMIT)) for text in values]
    if len(words) < 2:
        return join(words)
    return md("{first} or {last}", first=join(words[:-1], ", "), last=words[-1])


def describe_states(states: Sequence[str]) -> str:
    """Describe build states: `that failed or are blocked`."""
    phrases = [_STATES.get(state, state) for state in states]
    return f"that {join_or(phrases)}" if phrases else ""


def describe_period(since: str | None, until: str | None) -> str:
    """Describe a period: `within 24h`, `more than 30m ago`, or both."""
    parts = [f"within {since}" if since else "", f"more than {until} ago" if until else ""]
    return " and ".join(filter(None, parts))


def make_empty_texts(found: str, *, try_: str = "") -> tuple[Mrkdwn, Mrkdwn]:
    """Return a table's `empty` sentence for a search without results, and its `hint`."""
    return md("No {found}.", found=found), escape(try_)
