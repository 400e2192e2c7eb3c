"""The checks of names find what docs/style.md forbids, and only that."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from checks.names import find_banned_names, find_repeated_module_names, find_repeated_types
from checks.source import Module, parse_modules


def parse(path: str, code: str, docstring: str = '"""A module."""\n') -> Module:
    return Module(path, ast.parse(docstring + code))


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("def told(): ...", "bot/x.py:2: the function `told` has a banned name."),
        ("async def _look(): ...", "bot/x.py:2: the function `_look` has a banned name."),
        ("def find(one): ...", "bot/x.py:2: the parameter `one` has a banned name."),
        ("said = 1", "bot/x.py:2: the variable `said` has a banned name."),
        ("for one in (): ...", "bot/x.py:2: the variable `one` has a banned name."),
        ("class Whoever: ...", "bot/x.py:2: the class `Whoever` has a banned name."),
        ("import json as here", "bot/x.py:2: the import `here` has a banned name."),
        ("class A:\n    doubt: int", "bot/x.py:3: the variable `doubt` has a banned name."),
        ("def find(self):\n    self.meant = 1", "bot/x.py:3: the attribute `meant` has a banned name."),
        ("def kept(): ...", "bot/x.py:2: the function `kept` isn't named by a verb."),
        ('def find():\n    """What it is."""', "bot/x.py:2: the docstring opens with “What”."),
        ('class A:\n    """Whether it is."""', "bot/x.py:2: the docstring opens with “Whether”."),
    ],
)
def test_a_banned_name_or_opening_is_reported(code: str, problem: str) -> None:
    """Each problem is one sentence with file, line and remedy."""
    (sentence,) = find_banned_names([parse("bot/x.py", code)])
    assert sentence.startswith(problem)
    assert sentence.endswith("(docs/style.md).")


@pytest.mark.parametrize(
    "code",
    [
        "kept = found = 1",
        "import sqlalchemy as sa",
        "class A:\n    @property\n    def due(self): ...",
        "def find_found(ones): ...",
        'def find():\n    """Return what it is."""',
    ],
)
def test_plain_names_pass(code: str) -> None:
    """Participles may name variables and properties."""
    assert not list(find_banned_names([parse("bot/x.py", code)]))


def test_a_module_needs_a_docstring() -> None:
    """An empty file needs none."""
    (sentence,) = find_banned_names([parse("bot/x.py", "x = 1", docstring="")])
    assert sentence == "bot/x.py:1: the module has no docstring. Say in one sentence what it is for."
    assert not list(find_banned_names([parse("bot/x.py", "", docstring="")]))


def test_a_module_name_belongs_to_one_room() -> None:
    """`queries` and the like may be in every room, and a room may repeat its own names."""
    paths = ("bot/home/model.py", "bot/builds/model.py", "bot/builds/a/part.py", "bot/builds/b/part.py")
    modules = [parse(path, "") for path in paths]
    assert not list(find_repeated_module_names(modules))
    (sentence,) = find_repeated_module_names([*modules, parse("commands/part.py", "")])
    assert sentence == (
        "bot/builds/a/part.py:1: the module name part is also used by bot/builds/b/part.py, commands/part.py. "
        "Rename the less general one."
    )


def test_a_public_type_belongs_to_one_room() -> None:
    """Classes and type aliases count; private names, constants and type variables don't."""
    code = "from typing import TypeVar\nclass _Part: ...\nLIMIT = 3\nT = TypeVar('T')\n"
    modules = [parse("bot/home/a.py", code), parse("bot/builds/b.py", code)]
    assert not list(find_repeated_types(modules))
    modules += [parse("bot/home/c.py", "class Part: ..."), parse("webhooks/d.py", "Part = tuple[str, str]")]
    (sentence,) = find_repeated_types(modules)
    assert sentence == (
        "bot/home/c.py:2: the type `Part` is also defined in webhooks/d.py:2. Rename the less general one."
    )


def test_migrations_are_left_out(tmp_path: Path) -> None:
    """They have run in real databases, so nobody renames anything in them."""
    for path in ("bot/a.py", "bot/store/migrations/versions/0001_first.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    assert [module.path for module in parse_modules(tmp_path, ["bot"])] == ["bot/a.py"]
