"""Modals and home tabs as Slack stores them, with their inputs."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from simulators.slack.visible_text import find_text, render_block

Json = dict[str, Any]


@dataclass
class View:
    """A view; `source` is what the app sent, `inputs` what the person has entered."""

    id: str
    user: str
    team: str
    source: Json
    hash: str
    root: str
    previous: str | None = None
    identity: Json = field(default_factory=dict)
    inputs: dict[str, dict[str, Json]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Return modal or home."""
        return str(self.source["type"])

    @property
    def blocks(self) -> list[Json]:
        """Return the current blocks."""
        return list(self.source.get("blocks", []))

    @property
    def title(self) -> str:
        """Return the text of the title bar."""
        return find_text(self.source.get("title"))

    @property
    def callback_id(self) -> str:
        """Return the app's name for this kind of view."""
        return str(self.source.get("callback_id", ""))

    @property
    def private_metadata(self) -> str:
        """Return the app's data kept with the view."""
        return str(self.source.get("private_metadata", ""))

    @property
    def external_id(self) -> str:
        """Return the app's own id of the view; empty without one."""
        return str(self.source.get("external_id", ""))

    def plain(self) -> str:
        """Return the text that people see, errors under their inputs, the submit button last."""
        lines = [f"# {self.title}"] if self.kind == "modal" else []
        for block in self.blocks:
            lines.append(render_block(block) if block.get("type") != "input" else self._render_input(block))
            error = self.errors.get(str(block.get("block_id")))
            lines += [f"! {error}"] if error else []
        if self.source.get("submit"):
            lines.append(f"[{find_text(self.source['submit'])}]")
        return "\n".join(line for line in lines if line)

    def _render_input(self, block: Json) -> str:
        element = block["element"]
        entry = self.inputs.get(block["block_id"], {}).get(element["action_id"], {})
        value = entry.get(find_value_key(str(element["type"])) or "")
        chosen = value if isinstance(value, list) else [value]
        named = [_choice_text(item) for item in chosen]
        shown = ", ".join(str(item) for item in named if item not in (None, ""))
        return f"{find_text(block.get('label'))}: [{shown}]" if shown else render_block(block)

    def replace(self, source: Json, new_hash: str) -> None:
        """Replace the blocks; inputs with the same block_id and action_id keep their values."""
        self.source, self.hash, self.errors = source, new_hash, {}
        kept = make_initial_inputs(source.get("blocks", []))
        for block_id, actions in kept.items():
            for action_id, entry in actions.items():
                before = self.inputs.get(block_id, {}).get(action_id)
                actions[action_id] = before if before and before["type"] == entry["type"] else entry
        self.inputs = kept

    def payload(self, *, state: bool = True) -> Json:
        """Return it as Slack sends it."""
        source = self.source
        return deepcopy(
            {
                "id": self.id,
                "team_id": self.team,
                "type": self.kind,
                "blocks": self.blocks,
                "private_metadata": self.private_metadata,
                "callback_id": self.callback_id,
                "state": {"values": self.inputs if state else {}},
                "hash": self.hash,
                "title": source.get("title") or {"type": "plain_text", "text": "View Title", "emoji": True},
                "clear_on_close": bool(source.get("clear_on_close")),
                "notify_on_close": bool(source.get("notify_on_close")),
                "close": source.get("close"),
                "submit": source.get("submit"),
                "previous_view_id": self.previous,
                "root_view_id": self.root,
                "external_id": self.external_id,
                **self.identity,
            }
        )


_INITIAL = {
    "initial_value": "value",
    "initial_option": "selected_option",
    "initial_options": "selected_options",
    "initial_date": "selected_date",
    "initial_time": "selected_time",
    "initial_date_time": "selected_date_time",
    "initial_user": "selected_user",
    "initial_users": "selected_users",
    "initial_channel": "selected_channel",
    "initial_channels": "selected_channels",
    "initial_conversation": "selected_conversation",
    "initial_conversations": "selected_conversations",
}
_EMPTY: dict[str, tuple[str, Any]] = {
    "static_select": ("selected_option", None),
    "external_select": ("selected_option", None),
    "radio_buttons": ("selected_option", None),
    "users_select": ("selected_user", None),
    "channels_select": ("selected_channel", None),
    "conversations_select": ("selected_conversation", None),
    "multi_static_select": ("selected_options", []),
    "multi_external_select": ("selected_options", []),
    "checkboxes": ("selected_options", []),
    "multi_users_select": ("selected_users", []),
    "multi_channels_select": ("selected_channels", []),
    "multi_conversations_select": ("selected_conversations", []),
    "datepicker": ("selected_date", None),
    "timepicker": ("selected_time", None),
    "datetimepicker": ("selected_date_time", None),
    "rich_text_input": ("rich_text_value", None),
    "file_input": ("files", []),
    "plain_text_input": ("value", None),
    "number_input": ("value", None),
    "email_text_input": ("value", None),
    "url_text_input": ("value", None),
}


def _choice_text(chosen: Any) -> Any:
    if not isinstance(chosen, dict):
        return chosen
    return find_text(chosen["text"]) if "text" in chosen else chosen.get("name")


def find_value_key(kind: str) -> str | None:
    """Return the state key that holds the value of an element of this type, None if it has no value."""
    return _EMPTY[kind][0] if kind in _EMPTY else None


def make_initial_entry(element: Json) -> Json | None:
    """Return the state entry of an untouched element; None for those without state (buttons, overflow)."""
    kind = str(element.get("type"))
    if kind not in _EMPTY:
        return None
    key, empty = _EMPTY[kind]
    given = [element[name] for name, of in _INITIAL.items() if of == key and element.get(name) is not None]
    return deepcopy({"type": kind, key: given[0] if given else empty})


def make_initial_inputs(blocks: list[Json]) -> dict[str, dict[str, Json]]:
    """Return state.values of untouched blocks: {block_id: {action_id: entry}}."""
    values: dict[str, dict[str, Json]] = {}
    for block in blocks:
        for element in find_elements(block):
            entry = make_initial_entry(element)
            if entry is not None:
                values.setdefault(block["block_id"], {})[element["action_id"]] = entry
    return values


def find_elements(block: Json) -> list[Json]:
    """Return the interactive elements of a block, in order."""
    single = [block[key] for key in ("element", "accessory") if block.get(key)]
    many = [] if block.get("type") in ("rich_text", "carousel") else list(block.get("elements") or [])
    nested = [e for child in block.get("child_blocks") or [] for e in find_elements(child)]
    actions = block.get("actions") if isinstance(block.get("actions"), list) else []
    return [e for e in [*single, *many, *(actions or [])] if "action_id" in e] + nested
