"""Rows to publish as they are drawn, and the reasons to send them later or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from bot.slack.posting import Edit, Post


class DueRow(Protocol):
    """A row to publish; `attempts` counts the calls that failed since it was last shown."""

    @property
    def id(self) -> str | int: ...

    @property
    def attempts(self) -> int: ...


R = TypeVar("R", bound=DueRow)
C = TypeVar("C")


@dataclass(frozen=True)
class Draft(Generic[R, C]):
    """A row as it should look now.

    `sending` shows it, which isn't needed if Slack shows the same already (`unchanged`). `content` is what the
    source needs to know again when it records that.
    """

    row: R
    sending: Post | Edit
    content: C
    unchanged: bool = False


@dataclass(frozen=True)
class Held:
    """A row that isn't to be sent yet; it's drawn again after `seconds`."""

    seconds: float


@dataclass(frozen=True)
class Withdrawn:
    """A row that isn't to be sent any more, which its source has recorded."""


@dataclass(frozen=True)
class Postponement:
    """When to publish a row again. Without `keeps_intent` it certainly hasn't been posted."""

    due_at: datetime
    attempts: int
    keeps_intent: bool = True
