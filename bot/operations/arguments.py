"""The arguments of an operation, read from its model: what the grammar, the form and the manual have in common."""

from __future__ import annotations

import csv
import json
import re
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal

import annotated_types
from pydantic.fields import FieldInfo

from bot.errors import UsageError
from bot.operations.operation import Args, Opt

Kind = Literal["text", "number", "bool", "choice", "list", "dict"]


@dataclass(frozen=True)
class Argument:
    """One argument: `kind` says how it is written, `choices` what it takes, `low` and `high` bound a number."""

    name: str
    opt: Opt
    kind: Kind
    required: bool
    default: Any
    description: str
    choices: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None

    @property
    def flag(self) -> str:
        """The long spelling: `--timeout-in-minutes`."""
        return "--" + self._spelled

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every flag that means this argument, the long one first."""
        short = (f"-{self.opt.short}",) if self.opt.short else ()
        return (self.flag, *short, *self.opt.also)

    @property
    def brief(self) -> str:
        """Its shortest flag: `-e`."""
        return f"-{self.opt.short}" if self.opt.short else self.flag

    @property
    def word(self) -> str:
        """How usage lines call its value."""
        return "KEY=value" if self.kind == "dict" else self._spelled

    @property
    def _spelled(self) -> str:
        """A word that Python keeps for itself has an underscore at its end: `for_`."""
        return self.name.rstrip("_").replace("_", "-")

    @property
    def several(self) -> bool:
        """May be given more than once."""
        return self.kind in {"list", "dict"}


@cache
def arguments(model: type[Args]) -> tuple[Argument, ...]:
    """The arguments of a model, in order of declaration."""
    return tuple(_argument(name, field) for name, field in model.model_fields.items())


def _argument(name: str, field: FieldInfo) -> Argument:
    kind, choices = _kind(field.annotation)
    opts = [item for item in field.metadata if isinstance(item, Opt)]
    return Argument(
        name=name,
        opt=opts[0] if opts else Opt(),
        kind=kind,
        required=field.is_required(),
        default=None if field.is_required() else field.get_default(call_default_factory=True),
        description=field.description or name.replace("_", " ").capitalize(),
        choices=choices,
        low=_bound(field, annotated_types.Ge, "ge", annotated_types.Gt, "gt", 1),
        high=_bound(field, annotated_types.Le, "le", annotated_types.Lt, "lt", -1),
    )


def _bound(field: FieldInfo, closed: type, near: str, opened: type, far: str, step: int) -> int | None:
    for item in field.metadata:
        if isinstance(item, closed):
            return int(getattr(item, near))
        if isinstance(item, opened):
            return int(getattr(item, far)) + step
    return None


def _kind(annotation: Any) -> tuple[Kind, tuple[str, ...]]:
    bare = _present(annotation)
    origin = typing.get_origin(bare) or bare
    if origin in {list, tuple, set, frozenset}:
        inner = [part for part in typing.get_args(bare) if part is not Ellipsis]
        return "list", _choices(inner[0]) if inner else ()
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "dict", ()
    if choices := _choices(bare):
        return "choice", choices
    plain: dict[Any, Kind] = {bool: "bool", int: "number"}
    return plain.get(bare, "text"), ()


def _present(annotation: Any) -> Any:
    """The type without `| None` and without what `Annotated` adds."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _present(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in {typing.Union, types.UnionType}:
        parts = [part for part in typing.get_args(annotation) if part is not type(None)]
        return _present(parts[0])
    return annotation


def _choices(annotation: Any) -> tuple[str, ...]:
    bare = _present(annotation)
    if typing.get_origin(bare) is Literal:
        return tuple(str(value) for value in typing.get_args(bare))
    if isinstance(bare, type) and issubclass(bare, Enum):
        return tuple(str(member.value) for member in bare)
    return ()


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
        return [item(str(entry)) for entry in value]
    return [str(value)]


def item(text: str) -> str:
    """One word of a comma-separated list, in CSV's quotes where it needs them."""
    return '"' + text.replace('"', '""') + '"' if re.search(r'[,"\s]', text) else text
