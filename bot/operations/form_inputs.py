"""Inputs of a form: the element for each argument, with its initial value.

https://docs.slack.dev/reference/block-kit/block-elements
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bot.operations.arguments import Argument, format_values
from bot.operations.operation import FormField
from bot.slack.blockkit.blocks import Block, option, plain_text

ACTION = "value"
_VALUE_LIMIT = 150
_TEXT_LIMIT = 3000
_OPTIONS_LIMIT = 100


def render_input(argument: Argument, value: object) -> Block:
    """Return the element for an argument, with `value` filled in where it fits."""
    if argument.kind == "bool":
        return _render_checkbox(argument, is_switched_on(value))
    if argument.choices:
        return _render_menu(argument, [option(choice, choice) for choice in argument.choices], value)
    if argument.opt.suggest == "channel":
        return _render_channel_menu(_format_initial(value))
    if argument.opt.suggest:
        return _render_external_menu(argument, value)
    if argument.kind == "number":
        return _render_number(argument, value)
    return _render_text(
        argument.opt.multiline or argument.kind == "dict", _format_initial(value), argument.opt.hint
    )


def is_switched_on(value: object) -> bool:
    """Return whether a switch is on, given a boolean or its text."""
    return str(value).lower() == "true"


def _render_checkbox(argument: Argument, on: bool) -> Block:
    choice = option(argument.description, "true")
    initial: Block = {"initial_options": [choice]} if on else {}
    return {"type": "checkboxes", "action_id": ACTION, "options": [choice], **initial}


def _render_menu(argument: Argument, options: Sequence[Block], value: object) -> Block:
    several = argument.kind == "list"
    return _render_select(options, _list_texts(value), several=several)


def _render_select(options: Sequence[Block], chosen: Iterable[str], *, several: bool) -> Block:
    wanted = set(chosen)
    offered = list(options)[:_OPTIONS_LIMIT]
    initial = [entry for entry in offered if entry["value"] in wanted]
    kind = "multi_static_select" if several else "static_select"
    return {"type": kind, "action_id": ACTION, "options": offered, **_render_initial(initial, several)}


def _render_initial(initial: list[Block], several: bool) -> Block:
    if not initial:
        return {}
    return {"initial_options": initial} if several else {"initial_option": initial[0]}


def _render_external_menu(argument: Argument, value: object) -> Block:
    several = argument.kind == "list"
    initial = [option(word, word) for word in _list_texts(value) if 0 < len(word) <= _VALUE_LIMIT]
    return {
        "type": "multi_external_select" if several else "external_select",
        "action_id": f"suggest:{argument.opt.suggest}",
        "min_query_length": 0,
        "placeholder": plain_text("Type to search", _VALUE_LIMIT),
        **_render_initial(initial[:_OPTIONS_LIMIT], several),
    }


def _render_channel_menu(value: str) -> Block:
    """Return Slack's own menu of the channels that the person sees, without those shared with others."""
    initial: Block = {"initial_conversation": value} if value else {}
    shown: Block = {"include": ["public", "private"], "exclude_external_shared_channels": True}
    return {"type": "conversations_select", "action_id": ACTION, "filter": shown, **initial}


def _list_texts(value: object) -> list[str]:
    if isinstance(value, list | tuple | set | frozenset):
        return [str(getattr(entry, "value", entry)) for entry in value]
    return [] if value is None else [str(getattr(value, "value", value))]


def _render_number(argument: Argument, value: object) -> Block:
    bounds = {"min_value": argument.low, "max_value": argument.high}
    limits = {name: str(bound) for name, bound in bounds.items() if bound is not None}
    digits = str(value) if value is not None and str(value).strip().lstrip("-").isdecimal() else None
    first = {"initial_value": digits} if digits else {}
    return {"type": "number_input", "action_id": ACTION, "is_decimal_allowed": False, **limits, **first}


def _render_text(multiline: bool, value: str, hint: str | None) -> Block:
    placeholder: Block = {"placeholder": plain_text(hint, _VALUE_LIMIT)} if hint else {}
    initial: Block = {"initial_value": value[:_TEXT_LIMIT]} if value else {}
    return {"type": "plain_text_input", "action_id": ACTION, "multiline": multiline, **placeholder, **initial}


def _format_initial(value: object) -> str:
    separator = "\n" if isinstance(value, Mapping) else ", "
    return separator.join(format_values(value))


def make_file_id(argument: Argument) -> str:
    """Return the block id of the file input that can replace an argument."""
    return f"{argument.name}.file"


def render_file_input(argument: Argument) -> Block:
    """Return a file input. https://docs.slack.dev/reference/block-kit/block-elements/file-input-element"""
    return {"type": "file_input", "action_id": ACTION, "filetypes": list(argument.opt.file_types), "max_files": 1}


def make_field_id(field: FormField) -> str:
    """Return the block id of a block step's input."""
    return f"fields.{field.key}"[:255]


def render_field_input(field: FormField, value: str) -> Block:
    """Return the element for a block step's field: a menu when it has options, a text input otherwise."""
    if not field.options:
        return _render_text(False, value, None)
    options = [option(label, _make_option_value(index, real)) for index, (label, real) in enumerate(field.options)]
    chosen = set(value.split("\n")) if field.multiple else {value}
    wanted = [_make_option_value(index, real) for index, (_, real) in enumerate(field.options) if real in chosen]
    return _render_select(options, wanted, several=field.multiple)


def _make_option_value(index: int, real: str) -> str:
    """Return the value of an option: Slack takes 1 to 150 characters, so others are named by their index."""
    return real if 0 < len(real) <= _VALUE_LIMIT else f"option:{index}"
