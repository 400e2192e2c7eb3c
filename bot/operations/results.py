"""Results of operations: the data that programs read, and that answers in Slack are rendered from.

Models of results are beside the commands that return them, in `commands/<noun>/results.py`. They are Structs: that
many pydantic models would take more time and memory at each start than programs may cost before they come.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from inspect import cleandoc
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from bot.runtime.json_types import JsonObject, JsonValue
from bot.runtime.redaction import mask_tokens
from bot.slack.blockkit.mrkdwn import Mrkdwn, show_unseen
from bot.slack.blockkit.rich_text import extract_text, parse_elements

# Names begin with markup, or hold more than letters; they stay as they are.
_VERB = re.compile(r"[a-z]+ ")
# A time, ISO 8601 in UTC as JSON: `2026-11-02T09:00:00Z`.
UtcTime = Annotated[datetime, Meta(tz=True)]


class Data(Struct, frozen=True, forbid_unknown_fields=True):
    """Facts that a result consists of.

    Texts are plain, whatever they were made from, and hold no tokens; times are in UTC. `whole_links` names fields
    with links that work only as a whole, with the keys that may be in them.
    """

    whole_links: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if name not in self.whole_links:
                force_setattr(self, name, _make_plain(getattr(self, name)))

    def to_json(self) -> JsonObject:
        """Return it as JSON. Invisible characters, with which one name could look like another, become U+FFFD."""
        return {name: _show_unseen(value) for name, value in msgspec.to_builtins(self).items()}


class Result(Data, frozen=True):
    """The result of an operation; `message` says it in words, and is empty where the data says it all."""

    message: str

    def __post_init__(self) -> None:
        # What was done follows the person's name in Slack (`canceled web#41`); here it's a sentence of its own.
        starts_with_verb = _VERB.match(self.message) is not None
        super().__post_init__()
        if starts_with_verb:
            force_setattr(self, "message", self.message[:1].upper() + self.message[1:])


class ResultPage(Result, frozen=True):
    """A page of a list; `next_page` is the number of the page that follows, if one does."""

    next_page: int | None


def describe_models(
    models: Iterable[type[Data]], reference: str = "#/components/schemas/{name}"
) -> tuple[Mapping[type[Data], JsonObject], JsonObject]:
    """Return the reference to the JSON Schema of each model, and the schemas by the names of the models.

    https://json-schema.org/draft/2020-12
    """
    wanted = tuple(models)
    references, found = msgspec.json.schema_components(wanted, schema_hook=_describe_any, ref_template=reference)
    return dict(zip(wanted, references, strict=True)), {name: _tidy(schema) for name, schema in found.items()}


def describe_model(model: type[Data]) -> JsonObject:
    """Return the JSON Schema of a model on its own, with the schemas of its parts in `$defs`."""
    references, components = describe_models([model], "#/$defs/{name}")
    return {**references[model], "$defs": components}


def _tidy(schema: Mapping[str, JsonValue]) -> JsonObject:
    """Return the schema of a model, all of whose fields are always there."""
    properties = schema["properties"]
    fields = properties if isinstance(properties, Mapping) else {}
    always = {name: _drop_default(field) for name, field in fields.items()}
    return {
        **schema,
        "description": cleandoc(str(schema["description"])),
        "properties": always,
        "required": list(always),
    }


def _drop_default(field: JsonValue) -> JsonValue:
    return (
        {key: value for key, value in field.items() if key != "default"} if isinstance(field, Mapping) else field
    )


def _describe_any(kind: type) -> dict[str, object]:
    """Return the schema of values of any type, for which msgspec has none."""
    if kind is object:
        return {"description": "Any JSON value."}
    raise NotImplementedError  # msgspec asks so, and then names the type in an error of its own


def _make_plain(value: object) -> object:
    """Return a value with plain texts, and its times in UTC, at any depth."""
    if isinstance(value, Mrkdwn):
        return extract_text(parse_elements(value))
    if isinstance(value, str):
        return str(mask_tokens(value))
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, tuple | list):
        return tuple(map(_make_plain, value))
    return {name: _make_plain(child) for name, child in value.items()} if isinstance(value, Mapping) else value


def _show_unseen(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return show_unseen(value)
    if isinstance(value, list | tuple):
        return [_show_unseen(child) for child in value]
    if isinstance(value, Mapping):
        return {name: _show_unseen(child) for name, child in value.items()}
    return value
