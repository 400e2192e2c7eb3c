"""Finds controls by visible label or action_id."""

from dataclasses import dataclass
from typing import Any

from simulators.slack.errors import NoSuchControl
from simulators.slack.models import Message, Preview
from simulators.slack.views import View, find_elements
from simulators.slack.visible_text import find_label, find_text, render_element

Json = dict[str, Any]


@dataclass(frozen=True)
class Control:
    """An element with its block."""

    block: Json
    element: Json

    @property
    def block_id(self) -> str:
        """Return the id of its block."""
        return str(self.block["block_id"])

    @property
    def action_id(self) -> str:
        """Return its own id."""
        return str(self.element["action_id"])

    @property
    def kind(self) -> str:
        """Return its type."""
        return str(self.element["type"])

    @property
    def names(self) -> set[str]:
        """Return every name that a person or a test may use for it."""
        found = {find_label(self.element), self.action_id}
        if self.block.get("type") == "input":
            found |= {find_text(self.block.get("label")), self.block_id}
        if self.block.get("type") == "section":
            found.add(find_text(self.block.get("text")))
        return found - {""}


def list_controls(place: Message | View | Preview) -> list[Control]:
    """Return everything that can be operated, in order."""
    return [Control(block, element) for block in place.blocks or [] for element in find_elements(block)]


def find_control(
    place: Message | View | Preview, name: str | None, action_id: str | None = None, value: str | None = None
) -> Control:
    """Find the one control of that name. Raise NoSuchControl, with what is visible."""
    found = [
        control
        for control in list_controls(place)
        if (name is None or name in control.names)
        and (action_id is None or action_id == control.action_id)
        and (value is None or value == control.element.get("value"))
    ]
    wanted = " ".join(repr(part) for part in (name, action_id, value) if part is not None)
    if not found:
        raise NoSuchControl(
            f"Nothing here is called {wanted}. Visible:\n{place.plain()}\n{_describe_controls(place)}"
        )
    if len(found) > 1:
        raise NoSuchControl(
            f"{len(found)} controls are called {wanted}: pass action_id or value.\n{place.plain()}"
        )
    return found[0]


def _describe_controls(place: Message | View | Preview) -> str:
    shown = [f"{control.action_id} = {render_element(control.element)}" for control in list_controls(place)]
    return "Controls: " + (", ".join(shown) or "none")


def flatten_options(holder: Json) -> list[Json]:
    """Return the options of a menu or of a search result, without groups."""
    groups = holder.get("option_groups") or [{"options": holder.get("options") or []}]
    return [option for group in groups for option in group.get("options") or []]


def find_option(options: list[Json], wanted: str) -> Json:
    """Find the option with this value or visible text. Raise NoSuchControl, with the choices."""
    for option in options:
        if wanted == option.get("value") or wanted == find_text(option.get("text")):
            return option
    offered = ", ".join(repr(find_text(option.get("text"))) for option in options)
    raise NoSuchControl(f"There is no option {wanted!r} among: {offered or 'none'}.")
