"""Models of a card's contents beyond its build, jobs and failure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.history.model import Run
from bot.operations.acts.model import Act


@dataclass(frozen=True)
class CardReaders:
    """The people that a card names, and the buttons with which they can get fewer messages.

    `asked_by` is the Slack user id of the person who started the build or, when `watching`, of the person who
    wanted to follow it, and `requester_name` their name: they know what they did, so they aren't mentioned.
    `author` is the Slack user id of the build's author. `stop` is the value of the button that stops direct
    messages.
    """

    asked_by: str | None = None
    requester_name: str = ""
    watching: bool = False
    author: str | None = None
    mute: bool = False
    stop: str | None = None


@dataclass(frozen=True)
class BuildRecord:
    """Facts from the records of other builds of the branch, and about webhooks.

    `usual`: how long builds usually take. `last_passed`: the last build before this one that passed. `fixes`: the
    build that failed before this one passed. `silent`: no webhooks arrive, so changes are noticed late. `rebuild`:
    the rebuild that has taken the build's place.
    """

    usual: timedelta | None = None
    last_passed: Run | None = None
    fixes: str = ""
    silent: bool = False
    rebuild: Act | None = None


NO_RECORD = BuildRecord()
