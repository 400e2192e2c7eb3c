"""Replies of operations: text, tables, buttons, files and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, get_args, get_origin, get_type_hints

from typing_extensions import TypeVar

from bot.buildkite.models import Build
from bot.operations.button_order import rank_button
from bot.operations.results import Result
from bot.runtime.json_types import JsonObject
from bot.slack.blockkit.blocks import Confirm
from bot.slack.blockkit.charts import Chart
from bot.slack.blockkit.data_tables import Table
from bot.slack.types import File


@dataclass(frozen=True)
class Call:
    """An operation with its arguments, not validated yet.

    `confirmed`: the person has confirmed it already; `advice` says how to type it from the next release on.
    """

    operation: str
    args: JsonObject = field(default_factory=dict)
    confirmed: bool = False
    advice: str = field(default="", compare=False)


@dataclass(frozen=True)
class Button:
    """A button with the call that it makes. `form` opens the call's form; a `url` only opens the page.

    `spoken_label` is for screen readers; `turns_page`: the answer replaces the message that has the button.
    """

    label: str
    call: Call | None = None
    style: str | None = None
    confirm: Confirm | None = None
    form: bool = False
    url: str | None = None
    spoken_label: str | None = None
    turns_page: bool = False


@dataclass(frozen=True)
class Reminder:
    """Something to check at `at`, in the thread of the request; `body` holds the data for it.

    A reminder of the same `kind` and `about` replaces the earlier one.
    """

    kind: str
    about: str
    at: datetime
    body: JsonObject = field(default_factory=dict)


R_co = TypeVar("R_co", bound=Result | None, covariant=True, default=Result | None)


@dataclass(frozen=True)
class Reply(Generic[R_co]):
    """The reply of an operation: its result as `data`, and how people see it in Slack.

    A reply that isn't an operation's has no data.
    `text` is escaped unless it is `Mrkdwn`; `fields` are (label, value); `log` is shown preformatted.
    `builds` were just read from Buildkite and update their tracked builds. `page_label` says which page of the
    table this is. `card_build` gets a card in the thread, which is then the answer; `extra_card_build` gets a card
    beside the answer. `private` answers only the requester; a public answer is posted once in the thread, with the
    person's name. `clears_reminder` names an earlier reminder to remove before `reminders` are added.
    """

    data: R_co = field(kw_only=True)
    text: str = ""
    title: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    table: Table | None = None
    page_label: str = ""
    charts: tuple[Chart, ...] = ()
    log: str | None = None
    footer: str = ""
    buttons: tuple[Button, ...] = ()
    builds: tuple[Build, ...] = ()
    card_build: Build | None = None
    extra_card_build: Build | None = None
    file: File | None = None
    private: bool = True
    clears_reminder: str | None = None
    reminders: tuple[Reminder, ...] = ()


def sort_buttons(offered: Iterable[Button | None]) -> tuple[Button, ...]:
    """Return the buttons that are offered, in the order in which people find them everywhere."""
    kept = [button for button in offered if button is not None]
    return tuple(sorted(kept, key=lambda button: rank_button(button.call.operation if button.call else "open")))


def read_result_model(function: Callable[..., object]) -> type[Result] | None:
    """Return the model of results that a function is annotated with: `Reply[BuildResult]`, or that or None."""
    returned = get_type_hints(function).get("return")
    replies = [returned, *get_args(returned)]
    found = next((get_args(reply) for reply in replies if get_origin(reply) is Reply), ())
    model = next(iter(found), None)
    return model if isinstance(model, type) and issubclass(model, Result) and model is not Result else None
