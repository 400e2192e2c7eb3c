"""Reads YAML within size limits and keeps the line of every part.

Buildkite reads YAML 1.1 (https://yaml.org/spec/1.1/), in which a bare `yes` is true, and so does this.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml

MAX_CHARACTERS = 100_000
MAX_DEPTH = 40
MAX_NODES = 20_000
_TAG = "tag:yaml.org,2002:"
_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
YamlPath = tuple[str | int, ...]


class InvalidYaml(ValueError):
    """A text that isn't acceptable YAML; `message` says why, `line` (from 1) where."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass
class YamlDocument:
    """A value made of mappings, lists, strings, numbers, booleans and None, with the line of each part by path.

    `duplicate_keys` are the (line, key) of keys that occur twice in one mapping, of which the later counts.
    """

    value: object = None
    lines: dict[YamlPath, int] = field(default_factory=dict)
    duplicate_keys: list[tuple[int, str]] = field(default_factory=list)

    def find_line(self, path: YamlPath) -> int:
        """Return the line of that part, or of the nearest part around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse_yaml(text: str) -> YamlDocument:
    """Read one document. Raise InvalidYaml if it is malformed, too long, too deep, or inflated by aliases."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MAX_CHARACTERS:
        raise InvalidYaml(f"it's {len(text):,} characters long; the limit is {MAX_CHARACTERS:,}.")
    last = text.rstrip("\n").count("\n") + 1
    try:
        text.encode("utf-8")
        _check_size(text)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise InvalidYaml(
            f"this isn't valid YAML: {_describe_error(error)}.", _find_error_line(error, last)
        ) from None
    except (yaml.YAMLError, UnicodeError):
        line = _find_invalid_character(text, last)
        raise InvalidYaml("it has a character that YAML doesn't allow.", line) from None
    return _NodeReader(last).read(node)


def _check_size(text: str) -> None:
    """Check depth and number of parts on the parser's events, before anything is built from them.

    A short text can hold enough nesting to exhaust the stack of a recursive reader.
    """
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        opens = isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent)
        closes = isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent)
        depth += opens - closes
        if depth > MAX_DEPTH:
            raise InvalidYaml(f"it's nested deeper than {MAX_DEPTH} levels.", _find_line(event))
        if count > MAX_NODES:
            raise InvalidYaml(f"it has more than {MAX_NODES:,} parts.", _find_line(event))


def _find_line(part: yaml.Event | yaml.Node) -> int:
    return part.start_mark.line + 1 if part.start_mark else 1


class _NodeReader:
    """Turns nodes into values; each alias becomes a copy of its anchor's value.

    The copies count towards MAX_NODES: https://en.wikipedia.org/wiki/Billion_laughs_attack
    """

    def __init__(self, last: int) -> None:
        self._last = last
        self._count = 0
        self._open_nodes: set[int] = set()
        self._document = YamlDocument()
        self._constructor = yaml.SafeLoader("")

    def read(self, node: yaml.Node | None) -> YamlDocument:
        self._document.value = None if node is None else self._read_value(node, ())
        return self._document

    def _read_value(self, node: yaml.Node, path: YamlPath) -> object:
        line = min(_find_line(node), self._last)
        self._document.lines.setdefault(path, line)
        self._count += 1
        if self._count > MAX_NODES or len(path) > MAX_DEPTH:
            raise InvalidYaml("its aliases expand to too many parts.", line)
        if isinstance(node, yaml.ScalarNode):
            return self._read_scalar(node)
        if id(node) in self._open_nodes:
            raise InvalidYaml("an alias refers to itself.", line)
        self._open_nodes.add(id(node))
        value = (
            self._read_mapping(node, path) if isinstance(node, yaml.MappingNode) else self._read_list(node, path)
        )
        self._open_nodes.discard(id(node))
        return value

    def _read_list(self, node: yaml.Node, path: YamlPath) -> list[object]:
        return [self._read_value(entry, (*path, index)) for index, entry in enumerate(node.value)]

    def _read_mapping(self, node: yaml.Node, path: YamlPath) -> dict[str, object]:
        own: dict[str, object] = {}
        merged: dict[str, object] = {}
        for key, value in node.value:
            if key.tag == f"{_TAG}merge":
                merged = {**self._read_merge(value, path), **merged}
                continue
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            line = min(_find_line(key), self._last)
            if name in own:
                self._document.duplicate_keys.append((line, name))
            self._document.lines[(*path, name)] = line
            own[name] = self._read_value(value, (*path, name))
        return {**merged, **own}

    def _read_merge(self, node: yaml.Node, path: YamlPath) -> dict[str, object]:
        """Return the keys that `<<` merges in; earlier mappings win (https://yaml.org/type/merge.html)."""
        value = self._read_value(node, (*path, "<<"))
        sources = value if isinstance(value, list) else [value]
        merged: dict[str, object] = {}
        for mapping in reversed([source for source in sources if isinstance(source, dict)]):
            merged |= mapping
        return merged

    def _read_scalar(self, node: yaml.ScalarNode) -> object:
        """Convert a scalar; dates and binary stay strings, since Buildkite has no such types."""
        try:
            match node.tag.removeprefix(_TAG):
                case "null":
                    return None
                case "bool":
                    return self._constructor.construct_yaml_bool(node)
                case "int":
                    return self._constructor.construct_yaml_int(node)
                case "float":
                    return self._constructor.construct_yaml_float(node)
        except (ValueError, KeyError, IndexError):
            return node.value
        return node.value


def _describe_error(error: yaml.MarkedYAMLError) -> str:
    return " ".join(part for part in (error.context, error.problem) if part)


def _find_error_line(error: yaml.MarkedYAMLError, last: int) -> int:
    mark = error.problem_mark or error.context_mark
    return min(mark.line + 1, last) if mark else last


def _find_invalid_character(text: str, last: int) -> int:
    """Return the line of the first character that YAML doesn't allow."""
    for number, line in enumerate(text.split("\n"), 1):
        if any(not (character.isprintable() or character in "\t\x85\u2028\u2029") for character in line):
            return min(number, last)
    return last
