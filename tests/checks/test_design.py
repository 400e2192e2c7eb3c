"""docs/design.md describes the code as it is."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "design.md").read_text("utf-8")
DIAGRAMS = re.findall(r"^```mermaid\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PLACE = re.compile(r"\b((?:bot|commands|webhooks)(?:/\w+)+\.py):([A-Za-z_][\w.]*\w)")
PLACES = sorted(set(PLACE.findall(PAGE)))
# More modules than that, and nobody follows the two walks in an hour.
MOST_MODULES = 60
MOST_MINUTES = 60
WORDS_PER_MINUTE = 100


@cache
def find_names(file: str) -> frozenset[str]:
    """Return the functions and classes of a file, and `Class.method` for each method."""
    names: set[str] = set()
    for node in ast.parse((ROOT / file).read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{name}" for name in find_methods(node)}
    return frozenset(names)


def find_methods(node: ast.ClassDef) -> list[str]:
    return [part.name for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize(("file", "name"), PLACES, ids=[f"{file}:{name}" for file, name in PLACES])
def test_each_named_place_exists(file: str, name: str) -> None:
    """A function that was renamed or moved is renamed or moved in the diagrams and the glossary too."""
    assert (ROOT / file).exists(), f"docs/design.md names {file}, which doesn't exist."
    assert name in find_names(file), f"docs/design.md names {file}:{name}, but the file has no {name}."


def test_each_call_of_the_walks_names_a_place() -> None:
    """The two walks are sequence diagrams; every arrow but an answer says which function is called."""
    walks = DIAGRAMS[:2]
    assert [diagram.split()[0] for diagram in walks] == ["sequenceDiagram"] * 2
    calls = [line for diagram in walks for line in diagram.splitlines() if re.search(r"(?<!-)->>", line)]
    assert len(calls) > 20
    assert not [line for line in calls if not PLACE.search(line)]


def test_each_step_of_a_life_names_a_place() -> None:
    """The lives of a build and of a card are numbered steps; a table below each says where they are taken."""
    parts = [part for part in PAGE.split("\n## ") if part.startswith("The life of ")]
    assert len(parts) == len(DIAGRAMS[2:]) == 2
    for part in parts:
        steps = re.findall(r'-->\|"(\d+) ', part)
        rows = dict(re.findall(r"^\| (\d+) \| .* \| `(.*)` \|$", part, re.MULTILINE))
        assert steps == list(rows)
        assert all(PLACE.fullmatch(place) for place in rows.values())


def test_both_walks_pass_through_few_modules() -> None:
    """A newcomer can read every module on the main paths."""
    modules = {file for diagram in DIAGRAMS[:2] for file, _ in PLACE.findall(diagram)}
    assert len(modules) <= MOST_MODULES


def test_the_page_is_read_within_an_hour() -> None:
    """Slowly, with the code beside it."""
    assert len(PAGE.split()) / WORDS_PER_MINUTE <= MOST_MINUTES


def test_every_room_has_its_line() -> None:
    """The tree names each folder of bot/, and no other."""
    (tree,) = re.findall(r"^```\nbot/\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    listed = re.findall(r"^  (\w+)/", tree, re.MULTILINE)
    rooms = [folder.name for folder in (ROOT / "bot").iterdir() if (folder / "__init__.py").exists()]
    assert sorted(listed) == sorted(rooms)


def test_the_import_rules_are_those_of_the_linter() -> None:
    """The list of layers is the one that `.importlinter` enforces."""
    (layers,) = re.findall(r"^```\n(bot\.__main__\n.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    shown = [set(line.split(" · ")) for line in layers.splitlines()]
    text = (ROOT / ".importlinter").read_text("utf-8")
    (enforced,) = re.findall(r"^type = layers\nlayers =\n((?:    .*\n)+)", text, re.MULTILINE)
    names = [line.replace(" ", "").split("|") for line in enforced.splitlines()]
    assert shown == [
        {name if name == "bot.__main__" else name.removeprefix("bot.") for name in line} for line in names
    ]
