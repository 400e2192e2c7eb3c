"""What was searched for, in words: `builds of web on main that failed within 24h`."""

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
_WORD = 80


def phrase(*parts: str) -> Mrkdwn:
    """The parts that say something, as one phrase; those from outside are escaped."""
    return join([part for part in parts if part], " ")


def any_of(given: Iterable[str], written: Callable[[str], str] = code) -> Mrkdwn:
    """`main`, `main` or `topic`, `a`, `b` or `c`: each shortened."""
    words = [written(shorten(item, _WORD)) for item in given]
    if len(words) < 2:
        return join(words)
    return md("{first} or {last}", first=join(words[:-1], ", "), last=words[-1])


def that(states: Sequence[str]) -> str:
    """`that failed or are blocked`."""
    said = [_STATES.get(state, state) for state in states]
    return f"that {join_or(said)}" if said else ""


def within(since: str | None, until: str | None) -> str:
    """`within 24h`, `more than 30m ago`, or both."""
    parts = [f"within {since}" if since else "", f"more than {until} ago" if until else ""]
    return " and ".join(filter(None, parts))


def no(found: str, *, try_: str = "") -> tuple[Mrkdwn, Mrkdwn]:
    """The sentence for nothing of `found`, and what to do then, for a table's `empty` and `hint`."""
    return md("No {found}.", found=found), escape(try_)
