"""The arguments that the policy judges and those that are masked, as their options declare them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple, Protocol, TypeGuard

from pydantic.fields import FieldInfo

TargetPart = Literal["pipeline", "source", "branch", "commit", "env", "build"]
"""A part of what the policy judges. `source`: a second pipeline, which is only read; `build`: a build's number."""
# Arguments of these names, or with menus of these, usually reach Buildkite as a part of the target.
_TARGET_WORDS = frozenset({"pipeline", "pipelines", "source", "branch", "commit", "env", "number"})
_TARGET_MENUS = frozenset({"pipeline", "branch"})
_SECRET_TYPES = re.compile(r"SecretStr|\bdict\[|Mapping\[")


class Unjudged(NamedTuple):
    """Declares that the policy doesn't judge an argument, although its name looks so; the reason says why."""

    reason: str


class Declaration(Protocol):
    """The part of an argument's options that policy, audit and cards go by."""

    @property
    def target(self) -> TargetPart | Unjudged | None: ...
    @property
    def secret(self) -> bool | None: ...
    @property
    def multiline(self) -> bool: ...
    @property
    def suggest(self) -> str | None: ...


def find_target_fields(fields: Mapping[str, FieldInfo]) -> dict[TargetPart, str]:
    """Return the names of the fields that declare a part of the target, by that part."""
    declared = {name: _find_declaration(field) for name, field in fields.items()}
    targets = {name: found.target for name, found in declared.items() if found}
    return {target: name for name, target in targets.items() if isinstance(target, str)}


def require_declared(operation: str, fields: Mapping[str, FieldInfo]) -> None:
    """Raise TypeError for a field that may be a target or a secret and doesn't declare whether it is, or for two
    fields that declare the same part of the target."""
    for name, field in fields.items():
        found = _find_declaration(field)
        if _may_be_target(name, field, found) and (found is None or found.target is None):
            raise TypeError(f"{operation}: `{name}` must declare its target, or that it's Unjudged and why")
        if _may_be_secret(field, found) and (found is None or found.secret is None):
            raise TypeError(f"{operation}: `{name}` must declare whether it's secret")
    parts = [found.target for field in fields.values() if (found := _find_declaration(field))]
    named = [part for part in parts if isinstance(part, str)]
    if len(named) != len(set(named)):
        raise TypeError(f"{operation}: two arguments declare the same part of the target")


def _find_declaration(field: FieldInfo) -> Declaration | None:
    return next((part for part in field.metadata if _is_declaration(part)), None)


def _is_declaration(part: object) -> TypeGuard[Declaration]:
    """Return whether part of a field's metadata are its options; `isinstance` takes 40 times as long here."""
    return hasattr(part, "target") and hasattr(part, "secret")


def _may_be_target(name: str, field: FieldInfo, found: Declaration | None) -> bool:
    if field.annotation is bool:
        return False
    menu = found.suggest if found else None
    return bool(_TARGET_WORDS & set(name.split("_"))) or menu in _TARGET_MENUS


def _may_be_secret(field: FieldInfo, found: Declaration | None) -> bool:
    """Return whether a field holds values by name, text of several lines, or a secret by its type."""
    return bool(_SECRET_TYPES.search(str(field.annotation))) or bool(found and found.multiline)
