"""The check of private parts finds what belongs to other libraries, and only that."""

from __future__ import annotations

import ast

import pytest

from checks.private_parts import find_private_uses
from checks.source import Module


def list_problems(code: str) -> list[str]:
    """Return the sentences for a module with this code."""
    return list(find_private_uses([Module("bot/x.py", ast.parse(code))]))


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("connection._execute(1)", "_execute"),
        ("a.b[0]._conn = 2", "_conn"),
        ("from uvicorn import _types", "_types"),
        ("from uvicorn._types import Scope", "_types"),
        ("import uvicorn._types", "_types"),
        ("from lib import Base\nclass A(Base):\n    def f(self):\n        self._private()", "_private"),
        ("import lib\nclass A(lib.Base[int]):\n    def f(self):\n        self._private()", "_private"),
        ("class A:\n    def f(self, other):\n        other._private()", "_private"),
    ],
)
def test_a_private_part_is_reported(code: str, name: str) -> None:
    """The sentence has the place, the name and the remedy."""
    (sentence,) = list_problems(code)
    line = len(code.splitlines())
    assert sentence.startswith(f"bot/x.py:{line}: `{name}` is a private part of something else. Use a public one")


@pytest.mark.parametrize(
    "code",
    [
        "class A:\n    def f(self):\n        self._x = 1\n    def g(self, other):\n        return other._x",
        "class A:\n    def _f(self): ...\nA()._f()",
        "from lib import Base\nclass A(Base):\n    def f(self):\n        self._x = 1\n        return self._x",
        "from bot.y import Base\nclass A(Base):\n    def f(self):\n        return self._x",
        "row._asdict(), row._replace(a=1), Row._fields",
        "class A:\n    def f(self):\n        return self.__dict__, type(self).__name__",
        "from bot.y import _x",
    ],
)
def test_our_own_parts_pass(code: str) -> None:
    """Names that the module or its own base classes define pass, and so do those that named tuples document."""
    assert not list_problems(code)
