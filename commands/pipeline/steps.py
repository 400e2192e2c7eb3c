"""A pipeline's steps, checked against Buildkite's own schema before anything is created.

https://github.com/buildkite/pipeline-schema
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec
from typing import Any

from bot.runtime.wording import quote_word, suggest
from bot.runtime.yaml_lines import Lined, Path, WrongYaml, lined
from commands.pipeline.schema_errors import Wrong, worded
from commands.pipeline.step_kinds import KINDS, LONE, STEP_WORDS, kind_of

SHOWN = 5
_SCHEMA = "builtin_schemas/vendor/buildkite.json"
Find = Callable[[str, Any], Iterator[Wrong]]


@dataclass(frozen=True, order=True)
class Problem:
    """What is wrong in words, and the line, from 1, that it is in."""

    line: int
    said: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.said}"


def problems(text: str) -> tuple[Problem, ...]:
    """What is wrong with a pipeline's steps, by line; nothing where Buildkite takes them. Never raises."""
    try:
        read = lined(text)
    except WrongYaml as error:
        return (Problem(error.line, error.said),)
    twice = [Problem(line, f"`{quote_word(key)}` is there twice.") for line, key in read.twice]
    found = [Problem(read.line(path), said) for path, said in _found(read)]
    return tuple(sorted({*twice, *found}))


def told(found: tuple[Problem, ...]) -> str:
    """The first few, one a line, and how many more there are."""
    more = [f"… and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return "\n".join([*map(str, found[:SHOWN]), *more])


def _found(read: Lined) -> Iterator[Wrong]:
    value, root = read.value, ()
    steps, base = _steps(value)
    if value is None:
        yield root, "there are no steps here."
    elif steps is None:
        yield root, _unfit(value)
    elif not isinstance(steps, list):
        yield base, "`steps` should be a list: one `- ` for each step."
    else:
        find = _schema()
        if isinstance(value, dict):
            yield from find("", {**value, "steps": []})
        yield from _listed(steps, base, find, within=False)


def _steps(value: Any) -> tuple[Any, Path]:
    """Buildkite takes a mapping with `steps`, or the list itself."""
    if isinstance(value, list):
        return value, ()
    return (value.get("steps"), ("steps",)) if isinstance(value, dict) and "steps" in value else (None, ())


def _unfit(value: Any) -> str:
    if not isinstance(value, dict):
        return "a pipeline is a mapping with `steps`."
    guess = next((key for key in value if suggest(key, ["steps"])), None)
    return f"a pipeline needs `steps`{f': is `{quote_word(guess)}` meant?' if guess else '.'}"


def _listed(steps: list[Any], base: Path, find: Find, *, within: bool) -> Iterator[Wrong]:
    if not steps:
        yield base, "there are no steps here."
    for index, step in enumerate(steps):
        yield from _step(step, (*base, index), find, within=within)


def _step(step: Any, path: Path, find: Find, *, within: bool) -> Iterator[Wrong]:
    if isinstance(step, str):
        if step not in LONE:
            guess = suggest(step, LONE) or "A command is written `command: …`."
            yield path, f"`{quote_word(step)}` is no step. {guess}"
        return
    if not isinstance(step, dict):
        yield path, "a step is a mapping, or the word `wait`."
        return
    kind, inner = kind_of(step)
    if kind == "group" and within:
        yield path, "a group cannot stand within a group."
    elif kind is None:
        yield from _nothing(step, path, find)
    elif inner:
        yield from _prefixed((*path, inner), find(KINDS[kind], step[inner]))
    else:
        yield from _whole(kind, step, path, find)


def _whole(kind: str, step: Mapping[str, Any], path: Path, find: Find) -> Iterator[Wrong]:
    """A step by the rules of its kind; a group's own steps one by one."""
    steps = step.get("steps") if kind == "group" else None
    alone = {**step, "steps": ["wait"]} if isinstance(steps, list) else step
    yield from _prefixed(path, find(KINDS[kind], alone))
    if isinstance(steps, list):
        yield from _listed(steps, (*path, "steps"), find, within=True)


def _nothing(step: Mapping[str, Any], path: Path, find: Find) -> Iterator[Wrong]:
    """What does nothing may be misspelled: then that is said, and nothing else."""
    slips = [key for key in step if suggest(key, STEP_WORDS)]
    if slips:
        yield from _prefixed(path, find(KINDS["command"], dict(step)))
    else:
        yield path, "this step does nothing: it needs `command`, `trigger`, `wait`, `block`, `input` or `group`."


def _prefixed(path: Path, found: Iterator[Wrong]) -> Iterator[Wrong]:
    return (((*path, *inner), said) for inner, said in found)


def _schema() -> Find:
    """Finds what is wrong with a value by a definition of the schema, or with the whole (`""`)."""
    # Rarely needed, and 0.2 s to import.
    from jsonschema import Draft7Validator

    schema = json.loads(_text())

    def find(definition: str, value: Any) -> Iterator[Wrong]:
        at = (
            {"$ref": f"#/definitions/{definition}", "definitions": schema["definitions"]} if definition else schema
        )
        word = next((word for word, name in KINDS.items() if name == definition), "")
        yield from worded(Draft7Validator(at).iter_errors(value), word, partial(_keys, schema, definition))

    return find


def _text() -> bytes:
    """The schema, read without importing the package that brings it: that takes half a second, and a form waits.

    Raises ImportError where it is not installed. https://peps.python.org/pep-0302/#optional-extensions-to-the-importer-protocol
    """
    found = find_spec("check_jsonschema")
    if found is None or found.origin is None or not isinstance(found.loader, SourceFileLoader):
        raise ImportError("check-jsonschema is not installed")
    return found.loader.get_data(found.origin.removesuffix("__init__.py") + _SCHEMA)


def _keys(schema: Mapping[str, Any], definition: str) -> tuple[str, ...]:
    return tuple(schema["definitions"].get(definition, schema)["properties"])
