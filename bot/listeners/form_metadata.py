"""The facts that a form needs again when it's submitted, kept in the row of its choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import msgspec

from bot.operations.operation import FormField
from bot.runtime.json_types import JsonObject


@dataclass(frozen=True)
class FormMetadata:
    """`given` are the arguments that were known when the form opened, `fields` its inputs beyond the arguments.

    `placed`: the form also asks where the answer goes; `posted`: it was opened outside any conversation.
    """

    given: JsonObject
    fields: tuple[FormField, ...] = ()
    placed: bool = False
    posted: bool = False

    def to_args(self) -> JsonObject:
        """Return the metadata as a choice's arguments."""
        fields = [asdict(field) for field in self.fields]
        return {"given": dict(self.given), "fields": fields, "placed": self.placed, "posted": self.posted}


def parse_metadata(args: JsonObject) -> FormMetadata:
    """Return the metadata of a form from its choice's arguments."""
    given = args["given"]
    return FormMetadata(
        given=given if isinstance(given, Mapping) else {},
        fields=msgspec.convert(args["fields"], tuple[FormField, ...]),
        placed=bool(args.get("placed")),
        posted=bool(args.get("posted")),
    )
