"""Reads the shapes of blocks and views from Slack's published types, the npm package @slack/types (MIT).

`python -m simulators.slack.validation.read_types FOLDER` prints shapes.json for the package unpacked in FOLDER;
`make shapes` runs it on the newest release. https://docs.slack.dev/tools/node-slack-sdk/reference/types
"""

import itertools
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from simulators.slack.validation.declarations import (
    Array,
    Both,
    Either,
    Literal,
    Members,
    Reference,
    Type,
    parse_declarations,
)

Json = Any
ROOTS = ("KnownBlock", "HomeView", "ModalView")
_PRIMITIVES = {"string": "string", "number": "number", "boolean": "boolean", "unknown": "anything"}
_ABOUT = "Facts from the type declarations of @slack/types (MIT), written by read_types.py; don't edit."


def main(folder: Path) -> None:
    """Print shapes.json."""
    sys.stdout.write(render_shapes(read_package(folder), _read_version(folder)) + "\n")


def _read_version(folder: Path) -> str:
    return str(json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"])


def read_package(folder: Path) -> dict[str, Type]:
    """Return all types about blocks and views that the package in a folder declares."""
    files = [*sorted((folder / "dist" / "block-kit").glob("*.d.ts")), folder / "dist" / "views.d.ts"]
    parsed = [parse_declarations(file.read_text(encoding="utf-8")) for file in files]
    return {name: kind for declared in parsed for name, kind in declared.items()}


def render_shapes(declared: dict[str, Type], version: str) -> str:
    """Return the file: every type that blocks and views can contain, with inheritance resolved.

    A type is the name of a type, {"values"}, {"list"}, {"either"} or an object of {"required", "optional"}.
    """
    shapes = _Shapes(declared)
    types = {name: shapes.convert(declared[name]) for name in shapes.find_used(ROOTS)}
    return json.dumps({"_about": _ABOUT, "version": version, "types": types}, indent=1)


class _Shapes:
    """Converts declarations to JSON."""

    def __init__(self, declared: dict[str, Type]) -> None:
        self._declared = declared

    def find_used(self, roots: Iterable[str]) -> list[str]:
        """Return the names of these types and of all that they refer to, sorted."""
        used: set[str] = set()
        waiting = list(roots)
        while waiting:
            name = waiting.pop()
            if name not in used:
                used.add(name)
                waiting += _find_names(self.convert(self._declared[name]))
        return sorted(used)

    def convert(self, kind: Type) -> Json:
        """Return a type as JSON; types that it refers to stay names."""
        match kind:
            case Literal():
                return {"values": [kind.value]}
            case Array():
                return {"list": self.convert(kind.item)}
            case Reference() if not kind.arguments:
                return _PRIMITIVES.get(kind.name, kind.name)
            case Reference("Record"):
                return "anything"
            case Either():
                return _join([self.convert(option) for option in kind.options])
            case _:
                return _join([self._convert_members(members) for members in self._expand(kind)])

    def _convert_members(self, members: Members) -> Json:
        groups = {"required": members.required, "optional": members.optional}
        return {
            group: {name: self.convert(kind) for name, kind in sorted(found.items())}
            for group, found in groups.items()
        }

    def _expand(self, kind: Type) -> Iterator[Members]:
        """Yield the objects that a type stands for: more than one for a union."""
        match kind:
            case Members():
                yield kind
            case Either():
                for option in kind.options:
                    yield from self._expand(option)
            case Both():
                for parts in itertools.product(*(list(self._expand(part)) for part in kind.parts)):
                    yield _merge(parts)
            case Reference() if not kind.arguments:
                yield from self._expand(self._declared[kind.name])
            case _:
                raise ValueError(f"not an object: {kind}")


def _merge(parts: Iterable[Members]) -> Members:
    """Return an object with the members of all parts; the later part's type counts, as with `extends`."""
    merged = Members()
    for part in parts:
        for name, kind in part.required.items():
            merged.optional.pop(name, None)
            if not (name in merged.required and kind == Reference("string")):
                merged.required[name] = kind
        for name, kind in part.optional.items():
            if name not in merged.required:
                merged.optional[name] = kind
    return merged


def _join(options: list[Json]) -> Json:
    """Return a union as JSON: one list of values if all options are values."""
    if len(options) == 1:
        return options[0]
    if all(isinstance(option, dict) and "values" in option for option in options):
        return {"values": [value for option in options for value in option["values"]]}
    return {"either": options}


def _find_names(shape: Json) -> Iterator[str]:
    """Yield the names of types in a shape."""
    if isinstance(shape, str):
        if shape not in _PRIMITIVES.values():
            yield shape
    elif isinstance(shape, dict) and "values" not in shape:
        groups = [shape["list"]] if "list" in shape else shape.get("either") or _list_members(shape)
        for inner in groups:
            yield from _find_names(inner)


def _list_members(shape: Json) -> list[Json]:
    return [*shape["required"].values(), *shape["optional"].values()]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
