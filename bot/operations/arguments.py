"""The arguments of an operation, read from its model for the grammar, the form and the manual."""

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
from typing import Literal

import annotated_types
from pydantic.fields import FieldInfo

from bot.errors import UsageError
from bot.operations.operation import Args, Operation, Opt
from bot.runtime.json_types import JsonObject

ArgumentKind = Literal["text", "number", "bool", "choice", "list", "dict"]


@dataclass(frozen=True)
class Argument:
    """One argument: `kind` is how it is written, `choices` are its values, `low` and `high` bound a number."""

    name: str
    opt: Opt
    kind: ArgumentKind
    required: bool
    default: object
    description: str
    choices: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None

    @property
    def flag(self) -> str:
        """The long spelling: `--timeout-in-minutes`."""
        return "--" + self._spelling

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every flag of this argument, the long one first."""
        short = (f"-{self.opt.short}",) if self.opt.short else ()
        return (self.flag, *short, *self.opt.aliases)

    @property
    def accepted_flags(self) -> tuple[str, ...]:
        """Every flag that is understood, those of earlier releases last."""
        return (*self.spellings, *self.opt.former)

    @property
    def short_flag(self) -> str:
        """Its shortest flag: `-e`."""
        return f"-{self.opt.short}" if self.opt.short else self.flag

    @property
    def placeholder(self) -> str:
        """The placeholder of its value in usage lines."""
        if self.kind == "dict":
            return "KEY=value"
        return self.opt.value or self._spelling

    @property
    def _spelling(self) -> str:
        """The name as it is typed; names that are Python keywords end in an underscore (`for_`)."""
        return self.name.rstrip("_").replace("_", "-")

    @property
    def repeatable(self) -> bool:
        """May be given more than once."""
        return self.kind in {"list", "dict"}


@cache
def read_arguments(model: type[Args]) -> tuple[Argument, ...]:
    """Return the arguments of a model, in order of declaration."""
    return tuple(_read_argument(name, field) for name, field in model.model_fields.items())


def lacks_input(op: Operation, given: JsonObject) -> bool:
    """Return whether a form should ask for what a person left out: everything, or a required argument.

    A pipeline that the channel's default may fill in doesn't count as left out.
    """
    missing = [
        argument for argument in read_arguments(op.args) if argument.required and not given.get(argument.name)
    ]
    return not given or any(argument.opt.in_form and not argument.opt.channel_default for argument in missing)


def _read_argument(name: str, field: FieldInfo) -> Argument:
    kind, choices = _find_kind(field.annotation)
    opts = [part for part in field.metadata if isinstance(part, Opt)]
    return Argument(
        name=name,
        opt=opts[0] if opts else Opt(),
        kind=kind,
        required=field.is_required(),
        default=None if field.is_required() else field.get_default(call_default_factory=True),
        description=field.description or name.replace("_", " ").capitalize(),
        choices=choices,
        low=_find_bound(field, annotated_types.Ge, "ge", annotated_types.Gt, "gt", 1),
        high=_find_bound(field, annotated_types.Le, "le", annotated_types.Lt, "lt", -1),
    )


def _find_bound(field: FieldInfo, closed: type, near: str, opened: type, far: str, step: int) -> int | None:
    for constraint in field.metadata:
        if isinstance(constraint, closed):
            return int(getattr(constraint, near))
        if isinstance(constraint, opened):
            return int(getattr(constraint, far)) + step
    return None


def _find_kind(annotation: object) -> tuple[ArgumentKind, tuple[str, ...]]:
    bare = _unwrap(annotation)
    origin = typing.get_origin(bare) or bare
    if origin in {list, tuple, set, frozenset}:
        inner = [part for part in typing.get_args(bare) if part is not Ellipsis]
        return "list", _find_choices(inner[0]) if inner else ()
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "dict", ()
    if choices := _find_choices(bare):
        return "choice", choices
    plain: dict[object, ArgumentKind] = {bool: "bool", int: "number"}
    return plain.get(bare, "text"), ()


def _unwrap(annotation: object) -> object:
    """Return the type without `| None` and without `Annotated`."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _unwrap(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in {typing.Union, types.UnionType}:
        parts = [part for part in typing.get_args(annotation) if part is not type(None)]
        return _unwrap(parts[0])
    return annotation


def _find_choices(annotation: object) -> tuple[str, ...]:
    bare = _unwrap(annotation)
    if typing.get_origin(bare) is Literal:
        return tuple(str(value) for value in typing.get_args(bare))
    if isinstance(bare, type) and issubclass(bare, Enum):
        return tuple(str(member.value) for member in bare)
    return ()


PAIR_START = re.compile(r"[\w./-]+=")


def parse_values(argument: Argument, values: Iterable[str]) -> list[str] | dict[str, str]:
    """Parse several values of one argument: KEY=value pairs, or comma-separated words (CSV quotes keep a comma).

    Raises UsageError for a pair without its `=`; it doesn't quote the text, which may be a mistyped secret.
    """
    if argument.kind == "dict":
        return dict(pair for value in values for pair in _parse_pairs(argument, value))
    return [part for value in values for part in _split_list(value)]


def _parse_pairs(argument: Argument, text: str) -> list[tuple[str, str]]:
    """Parse one pair, or a JSON object of pairs as the `bk` CLI takes them (`--data '{"ring": "canary"}'`)."""
    try:
        read = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):
        read = None
    if isinstance(read, dict):
        return [(key, value if isinstance(value, str) else json.dumps(value)) for key, value in read.items()]
    return [_parse_pair(argument, text)]


def _parse_pair(argument: Argument, text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        problem = f"`{argument.short_flag}` takes `KEY=value`: there's no `=`, or nothing before it."
        raise UsageError(problem, "", argument.name)
    return key.strip(), value


def _split_list(text: str) -> list[str]:
    try:
        row = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error:
        row = text.split(",")
    return [part.strip() for part in row if part.strip()]


def format_values(value: object) -> list[str]:
    """Format a value as the texts that `parse_values` reads back; none for None."""
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [f"{key}={text}" for key, text in value.items()]
    if isinstance(value, list | tuple | set | frozenset):
        return [quote_list_item(str(entry)) for entry in value]
    return [str(value)]


def quote_list_item(text: str) -> str:
    """Quote one word of a comma-separated list as CSV does, where it needs quotes."""
    return '"' + text.replace('"', '""') + '"' if re.search(r'[,"\s]', text) else text
