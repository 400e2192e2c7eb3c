"""Compares values with the shapes of blocks and views that Slack publishes or documents."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Problem = tuple[str, str]
_PRIMITIVES: dict[str, tuple[type, ...]] = {"string": (str,), "number": (int, float), "boolean": (bool,)}
_NO_SCHEMA = "failed to match all allowed schemas"
_FOLDER = Path(__file__).parent


@cache
def load_types() -> Json:
    """Return all types by name: those published, with what Slack's pages document beside them."""
    types = dict(json.loads((_FOLDER / "shapes.json").read_text(encoding="utf-8"))["types"])
    for addition in json.loads((_FOLDER / "additions.json").read_text(encoding="utf-8"))["additions"]:
        for name, added in addition["types"].items():
            types[name] = _extend(types[name], added) if name in types else added
    return types


def _extend(published: Json, added: Json) -> Json:
    """Return a published type with more options or optional fields."""
    if "either" in added:
        return {"either": [*published["either"], *added["either"]]}
    return published | {"optional": {**published["optional"], **added["optional"]}}


@cache
def find_block_types() -> dict[str, str]:
    """Return the names of the types of blocks, by the value of their `type`."""
    return {kind: name for name in load_types()["KnownBlock"]["either"] for kind in _list_kinds(name)}


def _list_kinds(name: str) -> set[str]:
    return {kind for shape in _list_options(name) for kind in _find_kinds(shape)}


def _find_kinds(shape: Json) -> list[str]:
    """Return the values of `type` by which a shape is told from others; none if it has no such field."""
    return list(shape["required"].get("type", {}).get("values", ()))


def find_shape_problems(shape: Any, value: Any, at: str) -> list[Problem]:
    """Return how a value differs from a shape, each as Slack's message and a JSON pointer."""
    options = _list_options(shape)
    if any(isinstance(option, dict) and "required" in option for option in options):
        return _check_objects(options, value, at)
    return _check_simple(options[0], value, at)


def _list_options(shape: Any) -> Sequence[Any]:
    """Return the shapes that a shape stands for: an object, a list, values or a primitive."""
    if isinstance(shape, str):
        return _list_named_options(shape)
    if "either" in shape:
        return [option for either in shape["either"] for option in _list_options(either)]
    return (shape,)


@cache
def _list_named_options(name: str) -> Sequence[Any]:
    return _list_options(load_types()[name]) if name in load_types() else (name,)


def _check_simple(shape: Any, value: Any, at: str) -> list[Problem]:
    if isinstance(shape, str):
        return _check_primitive(shape, value, at)
    if "list" in shape:
        return _check_list(shape["list"], value, at)
    known = any(value == allowed and type(value) is type(allowed) for allowed in shape["values"])
    return [] if known else [("must be a valid enum value", at)]


def _check_primitive(name: str, value: Any, at: str) -> list[Problem]:
    if name == "anything":
        return []
    fits = isinstance(value, _PRIMITIVES[name]) and isinstance(value, bool) == (name == "boolean")
    return [] if fits else [(f"must be a {name}", at)]


def _check_list(item: Any, value: Any, at: str) -> list[Problem]:
    if not isinstance(value, list):
        return [("must be an array", at)]
    return [
        problem
        for index, entry in enumerate(value)
        for problem in find_shape_problems(item, entry, f"{at}/{index}")
    ]


def _check_object(shape: Json, value: Json, at: str) -> list[Problem]:
    required, members = shape["required"], {**shape["required"], **shape["optional"]}
    problems = [(f"missing required field: {name}", at) for name in required if value.get(name) is None]
    problems += [(f"invalid additional property: {name}", at) for name in value if name not in members]
    for name, member in members.items():
        if name in value and (value[name] is not None or name not in required):
            problems += find_shape_problems(member, value[name], f"{at}/{name}")
    return problems


def _check_objects(options: Sequence[Any], value: Any, at: str) -> list[Problem]:
    """Compare with the object that `type` names, or else with the most similar one."""
    if "anything" in options:
        return []
    if not isinstance(value, dict):
        return [("must be an object", at)]
    kind = value.get("type")
    named = [option for option in options if not _find_kinds(option) or kind in _find_kinds(option)]
    if not named:
        return [(_NO_SCHEMA, at), _describe_type(value, at)]
    fewest = min((_check_object(option, value, at) for option in named), key=len)
    return [(_NO_SCHEMA, at), *fewest] if fewest and len(options) > 1 else fewest


def _describe_type(value: Json, at: str) -> Problem:
    if "type" not in value:
        return "missing required field: type", at
    return f"unsupported type: {value['type']}", f"{at}/type"
