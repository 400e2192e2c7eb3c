from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.buildkite.models import Build
from bot.slack.blockkit.blocks import Confirm
from bot.slack.blockkit.charts import Chart
from bot.slack.blockkit.tables import Table
from bot.slack.types import File


@dataclass(frozen=True)
class Call:
    """An operation with its arguments, not validated yet; `yes` says that it was confirmed already."""

    operation: str
    args: Mapping[str, Any] = field(default_factory=dict)
    yes: bool = False


@dataclass(frozen=True)
class Button:
    """A button: what it says, what it calls. `form` opens the call's form; a `url` only opens the page.

    `turns`: what it calls takes the place of the message that it is part of.
    """

    label: str
    call: Call | None = None
    style: str | None = None
    confirm: Confirm | None = None
    form: bool = False
    url: str | None = None
    reads: str | None = None
    turns: bool = False


@dataclass(frozen=True)
class Reminder:
    """Something to look at again at `at`, in the place where it was asked; `body` is what that needs to know.

    The same `kind` and `about` again takes the place of the one before.
    """

    kind: str
    about: str
    at: datetime
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """What an operation answers.

    `text` is escaped unless it is `Mrkdwn`; `fields` are (label, value); `log` is shown preformatted.
    `builds` are objects that Buildkite just returned: what we know of them is brought up to date. `pages` says
    which page of its table this is. `follow` is a build that gets a card in the thread, which is the answer then;
    `also` is one that gets a card beside the answer. `private` keeps the answer to the one who asked; a public one
    is said once in the thread, with the person's name. `settles` names what was to be looked at again and is not
    any more, before the `reminders` of this answer are noted.
    """

    text: str = ""
    title: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    table: Table | None = None
    pages: str = ""
    charts: tuple[Chart, ...] = ()
    log: str | None = None
    footer: str = ""
    buttons: tuple[Button, ...] = ()
    builds: tuple[Build, ...] = ()
    follow: Build | None = None
    also: Build | None = None
    file: File | None = None
    private: bool = True
    settles: str | None = None
    reminders: tuple[Reminder, ...] = ()
