"""Types of JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, Union

# Read-only, so that a `list[str]` or a `dict[str, int]` is one without a copy.
JsonValue: TypeAlias = Union["Mapping[str, JsonValue]", "Sequence[JsonValue]", str, int, float, bool, None]
JsonObject: TypeAlias = Mapping[str, JsonValue]
