"""Writes the JSON Schemas of arguments and results as short as a model's context wants them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.operations.arguments import read_arguments
from bot.operations.operation import Args
from bot.operations.results import Result, describe_model
from bot.runtime.json_types import JsonObject, JsonValue

# What pydantic adds and no client needs: titles repeat names, and lengths are checked and explained here.
_NOISE = frozenset({"title", "maxLength", "minLength"})
_EMPTY: tuple[JsonValue, ...] = (None, "", [], {}, False)
# A number up to this is any number: Buildkite's build numbers and our own limits stay below.
_LARGEST_BOUND = 1_000_000


def make_input_schema(model: type[Args]) -> JsonObject:
    """Return the schema of an operation's arguments, without those that the manual leaves out."""
    hidden = {argument.name for argument in read_arguments(model) if not argument.opt.in_manual}
    schema = shorten_schema(model.model_json_schema(), without_null=True)
    properties = schema.get("properties")
    listed = properties if isinstance(properties, Mapping) else {}
    shown: JsonObject = {name: _drop_echo(name, value) for name, value in listed.items() if name not in hidden}
    # A model that knows that unknown arguments are refused doesn't try them.
    required: JsonObject = {"required": schema["required"]} if "required" in schema else {}
    return {"type": "object", "properties": shown, **required, "additionalProperties": False}


def make_output_schema(model: type[Result], more: JsonObject, *, whole: bool) -> JsonObject:
    """Return the schema of what a tool returns: an operation's result with `more` properties beside it.

    Unless it's the `whole` schema, it ends with the types of the result's members. Nothing is required at the top:
    a call that waits for approval returns only that.
    """
    schema = shorten_schema(describe_model(model), without_null=False)
    properties = schema.get("properties")
    members = properties if isinstance(properties, Mapping) else {}
    shown = members if whole else {name: _outline(member) for name, member in members.items()}
    return {"type": "object", "properties": {**shown, **more}}


def _outline(schema: JsonValue) -> JsonObject:
    """Return only which types a value may have."""
    if not isinstance(schema, Mapping):
        return {}
    branches = schema.get("anyOf", [schema])
    listed = branches if isinstance(branches, list) else []
    types = [branch.get("type") for branch in listed if isinstance(branch, Mapping)]
    return {"type": types[0] if len(types) == 1 else types} if types and all(types) else {}


def shorten_schema(schema: JsonObject, *, without_null: bool) -> JsonObject:
    """Return a schema with its references resolved, without noise; `without_null` drops `null` beside a type."""
    definitions = schema.get("$defs")
    known = definitions if isinstance(definitions, Mapping) else {}
    body: JsonObject = {key: value for key, value in schema.items() if key not in ("$defs", "description")}
    short = _Shortening(known, without_null).shorten(body, ())
    return short if isinstance(short, Mapping) else {}


@dataclass(frozen=True)
class _Shortening:
    """A pass over one schema; `inside` are the definitions on the way to a part."""

    known: Mapping[str, JsonValue]
    without_null: bool

    def shorten(self, part: JsonValue, inside: tuple[str, ...]) -> JsonValue:
        """Return a part of the schema, shortened."""
        if isinstance(part, Mapping):
            return self._shorten_object(part, inside)
        if isinstance(part, list):
            return [self.shorten(entry, inside) for entry in part]
        return part

    def _shorten_object(self, part: JsonObject, inside: tuple[str, ...]) -> JsonValue:
        if isinstance(reference := part.get("$ref"), str):
            return self._resolve(part, reference.rpartition("/")[2], inside)
        kept = {key: self._shorten_keyword(key, part[key], inside) for key in part if not _is_noise(key, part)}
        return _drop_null(kept) if self.without_null else kept

    def _shorten_keyword(self, key: str, value: JsonValue, inside: tuple[str, ...]) -> JsonValue:
        if key == "properties" and isinstance(value, Mapping):
            return {name: self.shorten(inner, inside) for name, inner in value.items()}  # one may be a `title`
        return self.shorten(value, inside)

    def _resolve(self, part: JsonObject, name: str, inside: tuple[str, ...]) -> JsonValue:
        """Return the definition in place of its reference; one that contains itself stays open: any object."""
        beside: JsonObject = {key: value for key, value in part.items() if key != "$ref"}
        target = self.known.get(name)
        if name in inside or not isinstance(target, Mapping):
            return {"type": "object", **beside}
        return self.shorten({**target, **beside}, (*inside, name))


def _is_noise(key: str, part: JsonObject) -> bool:
    value = part[key]
    if key == "additionalProperties":
        return not isinstance(value, Mapping)
    if key == "default":
        return value in _EMPTY
    return key in _NOISE or (key == "maximum" and isinstance(value, int) and value > _LARGEST_BOUND)


def _drop_null(schema: JsonObject) -> JsonObject:
    """Replace “this or null” by this: an argument without a value is left out."""
    branches = schema.get("anyOf")
    if not isinstance(branches, list):
        return schema
    real = [branch for branch in branches if branch != {"type": "null"}]
    rest: JsonObject = {key: value for key, value in schema.items() if key != "anyOf"}
    only = real[0] if len(real) == 1 else None
    return {**only, **rest} if isinstance(only, Mapping) else {**rest, "anyOf": real}


def _drop_echo(name: str, schema: JsonValue) -> JsonValue:
    """Drop a description that only repeats the argument's name."""
    if not isinstance(schema, Mapping):
        return schema
    description = str(schema.get("description", "")).casefold().replace("-", "")
    if description != name.casefold().replace("_", " "):
        return schema
    return {key: value for key, value in schema.items() if key != "description"}
