"""Parses TypeScript type declarations, as far as Slack's published types use the language."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_COMMENTS = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_TOKEN = re.compile(r"'[^']*'|\d+|\.\.\.|\w+|[{}()\[\]<>|&;:,?=.]")
_WORD = re.compile(r"[A-Za-z]\w*")


@dataclass(frozen=True)
class Literal:
    """A type with one value."""

    value: str | int


@dataclass(frozen=True)
class Reference:
    """A type by its name, with arguments if it's generic: `string`, `Option`, `Record<string, unknown>`."""

    name: str
    arguments: "tuple[Type, ...]" = ()


@dataclass(frozen=True)
class Array:
    """An array, or a tuple whose items all fit `item`."""

    item: "Type"


@dataclass(frozen=True)
class Either:
    """A union: `A | B`."""

    options: "tuple[Type, ...]"


@dataclass(frozen=True)
class Both:
    """An intersection: `A & B`."""

    parts: "tuple[Type, ...]"


@dataclass(frozen=True)
class Members:
    """An object's members."""

    required: "dict[str, Type]" = field(default_factory=dict)
    optional: "dict[str, Type]" = field(default_factory=dict)


Type = Literal | Reference | Array | Either | Both | Members


def parse_declarations(text: str) -> dict[str, Type]:
    """Return the interfaces and types that a file declares, by name; raise ValueError for an unknown construct."""
    return dict(_Parser(_TOKEN.findall(_COMMENTS.sub("", text))).read_file())


class _Parser:
    """Reads tokens from left to right."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def read_file(self) -> Iterator[tuple[str, Type]]:
        """Yield the declarations in their order."""
        while self._at < len(self._tokens):
            if self._accept("import"):
                self._skip_import()
            elif self._accept("export") and self._accept("{"):
                self._expect("}", ";")
            elif self._accept("interface"):
                yield self._read_interface()
            elif self._accept("type"):
                yield self._read_alias()
            else:
                raise ValueError(f"unexpected {self._tokens[self._at]}")

    def _skip_import(self) -> None:
        while not self._accept(";"):
            self._at += 1

    def _read_interface(self) -> tuple[str, Type]:
        name = self._take()
        bases: list[Type] = []
        while self._accept("extends") or (bases and self._accept(",")):
            bases.append(Reference(self._take()))
        self._expect("{")
        members = self._read_members()
        return name, Both((*bases, members)) if bases else members

    def _read_alias(self) -> tuple[str, Type]:
        name = self._take()
        self._expect("=")
        declared = self._read_type()
        self._expect(";")
        return name, declared

    def _read_type(self) -> Type:
        self._accept("|")
        options = [self._read_both()]
        while self._accept("|"):
            options.append(self._read_both())
        return options[0] if len(options) == 1 else Either(tuple(options))

    def _read_both(self) -> Type:
        parts = [self._read_array()]
        while self._accept("&"):
            parts.append(self._read_array())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _read_array(self) -> Type:
        kind = self._read_single()
        while self._accept("["):
            self._expect("]")
            kind = Array(kind)
        return kind

    def _read_single(self) -> Type:
        if self._accept("("):
            inner = self._read_type()
            self._expect(")")
            return inner
        if self._accept("{"):
            return self._read_members()
        return self._read_tuple() if self._accept("[") else self._read_name()

    def _read_name(self) -> Type:
        token = self._take()
        if token.startswith("'"):
            return Literal(token[1:-1])
        if token.isdigit():
            return Literal(int(token))
        if _WORD.fullmatch(token) is None:
            raise ValueError(f"unexpected {token}")
        return Reference(token, tuple(self._read_arguments()) if self._accept("<") else ())

    def _read_arguments(self) -> Iterator[Type]:
        yield self._read_type()
        while self._accept(","):
            yield self._read_type()
        self._expect(">")

    def _read_tuple(self) -> Type:
        items = []
        while not self._accept("]"):
            rest = self._accept("...")
            kind = self._read_type()
            items.append(kind.item if rest and isinstance(kind, Array) else kind)
            self._accept(",")
        different = tuple(dict.fromkeys(items))
        return Array(different[0] if len(different) == 1 else Either(different))

    def _read_members(self) -> Members:
        members = Members()
        while not self._accept("}"):
            name = self._take()
            group = members.optional if self._accept("?") else members.required
            self._expect(":")
            group[name] = self._read_type()
            self._expect(";")
        return members

    def _accept(self, token: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at] == token
        self._at += found
        return found

    def _expect(self, *tokens: str) -> None:
        for token in tokens:
            if not self._accept(token):
                raise ValueError(
                    f"expected {token} after {' '.join(self._tokens[max(self._at - 5, 0) : self._at])}"
                )

    def _take(self) -> str:
        if self._at >= len(self._tokens):
            raise ValueError("unexpected end")
        self._at += 1
        return self._tokens[self._at - 1]
