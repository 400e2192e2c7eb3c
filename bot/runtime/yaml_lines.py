"""YAML read within bounds, with the line that each part of it stands in.

https://yaml.org/spec/1.1/: what Buildkite reads, in which a bare `yes` is true
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

LONGEST = 100_000
DEEPEST = 40
MOST = 20_000
_TAG = "tag:yaml.org,2002:"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Path = tuple[str | int, ...]


class WrongYaml(ValueError):
    """What is wrong in words, and the `line`, from 1, that it is in."""

    def __init__(self, said: str, line: int = 1) -> None:
        super().__init__(said)
        self.said = said
        self.line = line


@dataclass
class Lined:
    """A value of mappings, lists, texts, numbers, truths and None, and the line of each part by its path.

    `twice` are the (line, key) of keys that stand twice in one mapping: the later one counts.
    """

    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    twice: list[tuple[int, str]] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of that part, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def lined(text: str) -> Lined:
    """Read one document. Raises WrongYaml for what is none, too long, too deep, or blown up by aliases."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > LONGEST:
        raise WrongYaml(f"it is {len(text):,} characters long; at most {LONGEST:,} are read.")
    last = text.rstrip("\n").count("\n") + 1
    try:
        text.encode("utf-8")
        _measured(text)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise WrongYaml(f"this is no YAML: {_words(error)}.", _mark(error, last)) from None
    except (yaml.YAMLError, UnicodeError):
        raise WrongYaml("it has a character that YAML does not allow.", _odd(text, last)) from None
    return _Reader(last).read(node)


def _measured(text: str) -> None:
    """Event by event, before anything is built: nesting and number. https://en.wikipedia.org/wiki/Billion_laughs_attack"""
    depth = 0
    events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
    for count, event in enumerate(events):
        opens = isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent)
        closes = isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent)
        depth += opens - closes
        if depth > DEEPEST:
            raise WrongYaml(f"it is nested deeper than {DEEPEST} levels.", event.start_mark.line + 1)
        if count > MOST:
            raise WrongYaml(f"it has more than {MOST:,} parts.", event.start_mark.line + 1)


class _Reader:
    """Turns nodes into values; an alias is what it stands for, each time anew."""

    def __init__(self, last: int) -> None:
        self._last = last
        self._count = 0
        self._open: set[int] = set()
        self._found = Lined()
        self._words = yaml.SafeLoader("")

    def read(self, node: Any) -> Lined:
        self._found.value = None if node is None else self._value(node, ())
        return self._found

    def _value(self, node: Any, path: Path) -> Any:
        line = min(node.start_mark.line + 1, self._last)
        self._found.lines.setdefault(path, line)
        self._count += 1
        if self._count > MOST or len(path) > DEEPEST:
            raise WrongYaml("its aliases make it too big.", line)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self._open:
            raise WrongYaml("an alias stands within what it stands for.", line)
        self._open.add(id(node))
        value = self._mapping(node, path) if isinstance(node, yaml.MappingNode) else self._list(node, path)
        self._open.discard(id(node))
        return value

    def _list(self, node: Any, path: Path) -> list[Any]:
        return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: Any, path: Path) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, item in node.value:
            if key.tag == f"{_TAG}merge":
                merged = {**self._merged(item, path), **merged}
                continue
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            line = min(key.start_mark.line + 1, self._last)
            if name in own:
                self._found.twice.append((line, name))
            self._found.lines[(*path, name)] = line
            own[name] = self._value(item, (*path, name))
        return {**merged, **own}

    def _merged(self, node: Any, path: Path) -> dict[str, Any]:
        """What `<<` brings. https://yaml.org/type/merge.html"""
        value = self._value(node, (*path, "<<"))
        given = value if isinstance(value, list) else [value]
        found: dict[str, Any] = {}
        for item in reversed([item for item in given if isinstance(item, dict)]):
            found |= item
        return found

    def _scalar(self, node: Any) -> Any:
        """Buildkite knows no dates and no binary: those stay the text that they are."""
        try:
            match node.tag.removeprefix(_TAG):
                case "null":
                    return None
                case "bool":
                    return self._words.construct_yaml_bool(node)
                case "int":
                    return self._words.construct_yaml_int(node)
                case "float":
                    return self._words.construct_yaml_float(node)
        except (ValueError, KeyError, IndexError):
            return node.value
        return node.value


def _words(error: yaml.MarkedYAMLError) -> str:
    return " ".join(part for part in (error.context, error.problem) if part)


def _mark(error: yaml.MarkedYAMLError, last: int) -> int:
    mark = error.problem_mark or error.context_mark
    return min(mark.line + 1, last) if mark else last


def _odd(text: str, last: int) -> int:
    """The line of the first character that YAML does not allow."""
    for line, words in _numbered(text):
        if any(not (word.isprintable() or word in "\t\x85\u2028\u2029") for word in words):
            return min(line, last)
    return last


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    return enumerate(text.split("\n"), 1)
