"""Checks a pipeline's steps against Buildkite's own schema before anything is created.

https://github.com/buildkite/pipeline-schema
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec
from typing import TypedDict

from bot.runtime.wording import quote_word, suggest
from bot.runtime.yaml_lines import InvalidYaml, YamlDocument, YamlPath, parse_yaml
from commands.pipeline.schema_errors import SchemaError, describe_errors
from commands.pipeline.step_kinds import KINDS, LONE, STEP_WORDS, find_kind

SHOWN_LIMIT = 5
_SCHEMA = "builtin_schemas/vendor/buildkite.json"
Check = Callable[[str, object], Iterator[SchemaError]]


class SchemaPart(TypedDict):
    """The part of a definition that is read here: the keys of a step."""

    properties: Mapping[str, object]


class Schema(SchemaPart):
    """The parts of the schema that are read here: a pipeline's keys, and the definitions."""

    definitions: Mapping[str, SchemaPart]


@dataclass(frozen=True, order=True)
class Problem:
    """A problem in a sentence, and its line, counted from 1."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


def find_problems(text: str) -> tuple[Problem, ...]:
    """Return the problems of a pipeline's steps by line, or nothing if Buildkite accepts them. Never raises."""
    try:
        read = parse_yaml(text)
    except InvalidYaml as error:
        return (Problem(error.line, error.message),)
    twice = [Problem(line, f"`{quote_word(key)}` occurs twice.") for line, key in read.duplicate_keys]
    found = [Problem(read.find_line(path), message) for path, message in _check_document(read)]
    return tuple(sorted({*twice, *found}))


def format_problems(found: tuple[Problem, ...]) -> str:
    """Return the first few problems, one per line, and the number of further ones."""
    more = [f"… and {len(found) - SHOWN_LIMIT} more"] if len(found) > SHOWN_LIMIT else []
    return "\n".join([*map(str, found[:SHOWN_LIMIT]), *more])


def _check_document(read: YamlDocument) -> Iterator[SchemaError]:
    value, root = read.value, ()
    steps, base = _locate_steps(value)
    if value is None:
        yield root, "there are no steps here."
    elif steps is None:
        yield root, _describe_missing_steps(value)
    elif not isinstance(steps, list):
        yield base, "`steps` should be a list: one `- ` for each step."
    else:
        find = _load_checker()
        if isinstance(value, dict):
            yield from find("", {**value, "steps": []})
        yield from _check_steps(steps, base, find, within=False)


def _locate_steps(value: object) -> tuple[object, YamlPath]:
    """Return the steps and their path. Buildkite accepts a mapping with `steps`, or just the list."""
    if isinstance(value, list):
        return value, ()
    return (value.get("steps"), ("steps",)) if isinstance(value, dict) and "steps" in value else (None, ())


def _describe_missing_steps(value: object) -> str:
    if not isinstance(value, dict):
        return "a pipeline is a mapping with `steps`."
    guess = next((key for key in value if suggest(key, ["steps"])), None)
    return f"a pipeline needs `steps`{f': did you mean `{quote_word(guess)}`?' if guess else '.'}"


def _check_steps(steps: list[object], base: YamlPath, find: Check, *, within: bool) -> Iterator[SchemaError]:
    if not steps:
        yield base, "there are no steps here."
    for index, step in enumerate(steps):
        yield from _check_step(step, (*base, index), find, within=within)


def _check_step(step: object, path: YamlPath, find: Check, *, within: bool) -> Iterator[SchemaError]:
    if isinstance(step, str):
        if step not in LONE:
            guess = suggest(step, LONE) or "A command is written `command: …`."
            yield path, f"`{quote_word(step)}` isn't a step. {guess}"
        return
    if not isinstance(step, dict):
        yield path, "a step is a mapping, or the word `wait`."
        return
    kind, inner = find_kind(step)
    if kind == "group" and within:
        yield path, "a group can't contain another group."
    elif kind is None:
        yield from _check_without_kind(step, path, find)
    elif inner:
        yield from _prefix_paths((*path, inner), find(KINDS[kind], step[inner]))
    else:
        yield from _check_kind(kind, step, path, find)


def _check_kind(kind: str, step: Mapping[str, object], path: YamlPath, find: Check) -> Iterator[SchemaError]:
    """Check a step by the rules of its kind; a group's own steps are checked one by one."""
    steps = step.get("steps") if kind == "group" else None
    alone = {**step, "steps": ["wait"]} if isinstance(steps, list) else step
    yield from _prefix_paths(path, find(KINDS[kind], alone))
    if isinstance(steps, list):
        yield from _check_steps(steps, (*path, "steps"), find, within=True)


def _check_without_kind(step: Mapping[str, object], path: YamlPath, find: Check) -> Iterator[SchemaError]:
    """Report a step without a known kind: as a misspelled key if one is close, else as doing nothing."""
    slips = [key for key in step if suggest(key, STEP_WORDS)]
    if slips:
        yield from _prefix_paths(path, find(KINDS["command"], dict(step)))
    else:
        yield path, "this step does nothing: it needs `command`, `trigger`, `wait`, `block`, `input` or `group`."


def _prefix_paths(path: YamlPath, found: Iterator[SchemaError]) -> Iterator[SchemaError]:
    return (((*path, *inner), message) for inner, message in found)


def _load_checker() -> Check:
    """Return a function that checks a value against a definition of the schema, or against all of it (`""`)."""
    # Imported late: it takes 0.2 s and is rarely needed.
    from jsonschema import Draft7Validator

    schema: Schema = json.loads(_read_schema())

    def find(definition: str, value: object) -> Iterator[SchemaError]:
        rule = {"$ref": f"#/definitions/{definition}", "definitions": schema["definitions"]}
        word = next((word for word, name in KINDS.items() if name == definition), "")
        yield from describe_errors(
            Draft7Validator(rule if definition else schema).iter_errors(value),
            word,
            partial(_list_keys, schema, definition),
        )

    return find


def _read_schema() -> bytes:
    """Return the schema, without importing its package: that takes 0.5 s, and an open form is waiting.

    Raise ImportError if the package isn't installed.
    https://peps.python.org/pep-0302/#optional-extensions-to-the-importer-protocol
    """
    found = find_spec("check_jsonschema")
    if found is None or found.origin is None or not isinstance(found.loader, SourceFileLoader):
        raise ImportError("check-jsonschema is not installed")
    return found.loader.get_data(found.origin.removesuffix("__init__.py") + _SCHEMA)


def _list_keys(schema: Schema, definition: str) -> tuple[str, ...]:
    return tuple((schema["definitions"][definition] if definition else schema)["properties"])
