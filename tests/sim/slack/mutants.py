"""Makes blocks and views wrong, in one place at a time."""

from collections.abc import Iterator
from typing import Any, NamedTuple

Json = dict[str, Any]
Place = tuple[str | int, ...]
_MISSING = object()


class Mutant(NamedTuple):
    """A value that is wrong at `place`, where `change` was made; `holder` is the type of the object around it."""

    change: str
    holder: str
    place: Place
    value: Any


def make_mutants(value: Any) -> Iterator[Mutant]:
    """Yield the value with an unknown key, a key less, or a value of another kind, anywhere in it."""
    for place, part, holder in _walk(value, (), "view"):
        if isinstance(part, dict):
            yield Mutant("unknown key", holder, (*place, "zzz"), _change(value, (*place, "zzz"), 1))
            for key in part:
                yield Mutant("missing key", holder, (*place, key), _change(value, (*place, key), _MISSING))
        for wrong in _list_wrong_kinds(part) if place else ():
            yield Mutant("wrong kind", holder, place, _change(value, place, wrong))


def _walk(value: Any, place: Place, holder: str) -> Iterator[tuple[Place, Any, str]]:
    named = str(value.get("type", holder)) if isinstance(value, dict) else holder
    yield place, value, named
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from _walk(child, (*place, key), named)


def _list_wrong_kinds(part: Any) -> list[Any]:
    """Return a value of each kind that this one isn't."""
    kinds: list[tuple[type | tuple[type, ...], Any]] = [
        (str, "zzz"),
        (bool, True),
        ((int, float), 7),
        (dict, {}),
        (list, []),
        (type(None), None),
    ]
    own = next(kind for kind, _ in kinds if isinstance(part, kind))
    return [wrong for kind, wrong in kinds if kind is not own]


def _change(value: Any, place: Place, new: Any) -> Any:
    """Return a copy with another value at a place; what lies beside the way there is shared."""
    if not place:
        return new
    key, *rest = place
    changed = _change(value[key], tuple(rest), new) if rest else new
    if isinstance(value, list):
        return [changed if index == key else item for index, item in enumerate(value)]
    return {name: item for name, item in (value | {key: changed}).items() if item is not _MISSING}
