"""Several values of one argument, read and written: KEY=value pairs and comma-separated words."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from bot.core.arguments import Argument
from bot.errors import UsageError

PAIR = re.compile(r"[\w./-]+=")


def gathered(argument: Argument, values: Iterable[str]) -> list[str] | dict[str, str]:
    """Several values of one argument: KEY=value pairs, or comma-separated words (CSV quotes keep a comma).

    Raises UsageError for a pair without its `=`: it is not quoted, for it may be a secret that was mistyped.
    """
    if argument.kind == "dict":
        return dict(pair for value in values for pair in _pairs(argument, value))
    return [item for value in values for item in _items(value)]


def _pairs(argument: Argument, text: str) -> list[tuple[str, str]]:
    """One pair, or those of a JSON object, as the `bk` CLI takes them (`--data '{"ring": "canary"}'`)."""
    try:
        read = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):
        read = None
    if isinstance(read, dict):
        return [(key, value if isinstance(value, str) else json.dumps(value)) for key, value in read.items()]
    return [_pair(argument, text)]


def _pair(argument: Argument, text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        said = f"`{argument.brief}` wants `KEY=value`: what was given has no `=`, or nothing before it."
        raise UsageError(said, "", argument.name)
    return key.strip(), value


def _items(text: str) -> list[str]:
    try:
        row = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error:
        row = text.split(",")
    return [item.strip() for item in row if item.strip()]


def written(value: Any) -> list[str]:
    """What `gathered` would read as this value: one text each; none for None."""
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [f"{key}={text}" for key, text in value.items()]
    if isinstance(value, list | tuple | set | frozenset):
        return [item(str(one)) for one in value]
    return [str(value)]


def item(text: str) -> str:
    """One word of a comma-separated list, in CSV's quotes where it needs them."""
    return '"' + text.replace('"', '""') + '"' if re.search(r'[,"\s]', text) else text
