"""Kinds of names, and the filter that says which of them a person may be shown."""

from __future__ import annotations

from typing import Literal, Protocol

# A label and a value.
Option = tuple[str, str]
NameKind = Literal["pipeline", "branch", "agent", "queue", "cluster", "team", "template"]


class MayName(Protocol):
    """Returns whether a person may be shown the name of an object; a branch belongs to a pipeline, or to any."""

    def __call__(self, kind: NameKind, name: str, pipeline: str | None = None) -> bool: ...


def name_nothing(kind: NameKind, name: str, pipeline: str | None = None) -> bool:  # noqa: ARG001  (a filter)
    """Return False: without a person, nothing may be shown."""
    return False
