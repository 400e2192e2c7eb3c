"""Reads a call's arguments from the query, a form or a JSON body."""

import json
from typing import Any
from urllib.parse import parse_qsl

from simulators.slack.errors import ApiError

Json = dict[str, Any]


class Arguments:
    """A call's arguments; JSON texts are decoded on demand."""

    def __init__(self, values: Json) -> None:
        self.values = values

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str, default: str = "") -> str:
        """Return a string."""
        value = self.values.get(name)
        return default if value is None else str(value)

    def require(self, name: str) -> str:
        """Return a required string. Raise ApiError invalid_arguments."""
        if not self.text(name):
            raise ApiError.with_messages("invalid_arguments", [f"missing required field: {name}"])
        return self.text(name)

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a boolean, in any of its spellings."""
        value = self.values.get(name)
        return default if value is None else str(value).lower() in ("1", "true")

    def number(self, name: str, default: int) -> int:
        """Return a whole number. Raise ApiError invalid_arguments."""
        try:
            return int(self.text(name, str(default)))
        except ValueError:
            raise ApiError.with_messages(
                "invalid_arguments", [f"must be an integer [json-pointer:/{name}]"]
            ) from None

    def json(self, name: str, error: str = "invalid_arguments") -> Any:
        """Return a structure, given as JSON or JSON text; None if missing. Raise ApiError `error`."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise ApiError(error) from None


def read_arguments(query: str, content_type: str, body: bytes) -> Arguments:
    """Merge all three places; the body wins. Raise ApiError invalid_json, json_not_object."""
    values: Json = dict(parse_qsl(query, keep_blank_values=True))
    if content_type.startswith("application/json") and body.strip():
        values |= _parse_json_object(body)
    elif content_type.startswith("application/x-www-form-urlencoded"):
        values |= dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return Arguments(values)


def _parse_json_object(body: bytes) -> Json:
    try:
        value = json.loads(body)
    except ValueError:
        raise ApiError("invalid_json") from None
    if not isinstance(value, dict):
        raise ApiError("json_not_object")
    return value
