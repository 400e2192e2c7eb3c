"""Inputs of a form: which element asks for an argument, and what stands in it at first.

https://docs.slack.dev/reference/block-kit/block-elements
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.operations.arguments import Argument, written
from bot.operations.operation import Field
from bot.slack.blockkit.blocks import Block, option, plain

ACTION = "value"
_VALUE_LIMIT = 150
_TEXT_LIMIT = 3000
_OPTIONS_LIMIT = 100


def element(argument: Argument, value: Any) -> Block:
    """The element for an argument, with `value` in it where it fits."""
    if argument.kind == "bool":
        return _checkbox(argument, is_on(value))
    if argument.choices:
        return _menu(argument, [option(choice, choice) for choice in argument.choices], value)
    if argument.opt.suggest:
        return _external(argument, value)
    if argument.kind == "number":
        return _number(argument, value)
    return _text(argument.opt.multiline or argument.kind == "dict", _initial(value), argument.opt.hint)


def is_on(value: Any) -> bool:
    """Whether a switch is on, given a boolean or its word."""
    return str(value).lower() == "true"


def _checkbox(argument: Argument, on: bool) -> Block:
    choice = option(argument.description, "true")
    return {"type": "checkboxes", "action_id": ACTION, "options": [choice]} | (
        {"initial_options": [choice]} if on else {}
    )


def _menu(argument: Argument, options: Sequence[Block], value: Any) -> Block:
    several = argument.kind == "list"
    return _select(options, _words(value), several=several)


def _select(options: Sequence[Block], chosen: Iterable[str], *, several: bool) -> Block:
    wanted = set(chosen)
    offered = list(options)[:_OPTIONS_LIMIT]
    initial = [item for item in offered if item["value"] in wanted]
    kind = "multi_static_select" if several else "static_select"
    return {"type": kind, "action_id": ACTION, "options": offered} | _first(initial, several)


def _first(initial: list[Block], several: bool) -> Block:
    if not initial:
        return {}
    return {"initial_options": initial} if several else {"initial_option": initial[0]}


def _external(argument: Argument, value: Any) -> Block:
    several = argument.kind == "list"
    known = [option(word, word) for word in _words(value) if 0 < len(word) <= _VALUE_LIMIT]
    block: Block = {
        "type": "multi_external_select" if several else "external_select",
        "action_id": f"suggest:{argument.opt.suggest}",
        "min_query_length": 0,
        "placeholder": plain("Type to search", _VALUE_LIMIT),
    }
    return block | _first(known[:_OPTIONS_LIMIT], several)


def _words(value: Any) -> list[str]:
    if isinstance(value, list | tuple | set | frozenset):
        return [str(getattr(item, "value", item)) for item in value]
    return [] if value is None else [str(getattr(value, "value", value))]


def _number(argument: Argument, value: Any) -> Block:
    bounds = {"min_value": argument.low, "max_value": argument.high}
    limits = {name: str(bound) for name, bound in bounds.items() if bound is not None}
    digits = str(value) if value is not None and str(value).strip().lstrip("-").isdecimal() else None
    first = {"initial_value": digits} if digits else {}
    return {"type": "number_input", "action_id": ACTION, "is_decimal_allowed": False} | limits | first


def _text(multiline: bool, value: str, hint: str | None) -> Block:
    block: Block = {"type": "plain_text_input", "action_id": ACTION, "multiline": multiline}
    placeholder = {"placeholder": plain(hint, _VALUE_LIMIT)} if hint else {}
    return block | placeholder | ({"initial_value": value[:_TEXT_LIMIT]} if value else {})


def _initial(value: Any) -> str:
    separator = "\n" if isinstance(value, Mapping) else ", "
    return separator.join(written(value))


def file_block(argument: Argument) -> str:
    """The block id of the file that may be attached in place of an argument."""
    return f"{argument.name}.file"


def file_element(argument: Argument) -> Block:
    """https://docs.slack.dev/reference/block-kit/block-elements/file-input-element"""
    return {"type": "file_input", "action_id": ACTION, "filetypes": list(argument.opt.attach), "max_files": 1}


def field_block(field: Field) -> str:
    """The block id of a block step's input."""
    return f"fields.{field.key}"[:255]


def field_element(field: Field, value: str) -> Block:
    """The element for a block step's field: a menu when it has options, a text otherwise."""
    if not field.options:
        return _text(False, value, None)
    options = [option(label, _option_value(index, real)) for index, (label, real) in enumerate(field.options)]
    chosen = set(value.split("\n")) if field.multiple else {value}
    wanted = [_option_value(index, real) for index, (_, real) in enumerate(field.options) if real in chosen]
    return _select(options, wanted, several=field.multiple)


def _option_value(index: int, real: str) -> str:
    """Slack takes 1 to 150 characters; others are named by their place."""
    return real if 0 < len(real) <= _VALUE_LIMIT else f"option:{index}"
