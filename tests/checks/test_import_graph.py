"""The figures of the import graph and their limits."""

from __future__ import annotations

import ast
import itertools
from dataclasses import replace

import pytest

from checks.imports import (
    Figures,
    count_levels,
    find_cycle,
    find_excesses,
    group_by_box,
    list_renamed_imports,
    render_table,
)
from checks.source import Module

SOUND = Figures(
    modules=300, boxes=24, arrows=140, levels=10, room_cycle=(), module_cycle=(), renamed_imports=("bot/a.py:1",)
)


def test_a_box_is_what_lies_directly_in_bot() -> None:
    """Imports within a box are no arrows, and commands and webhooks are a box each."""
    graph = group_by_box(
        {
            "bot.home.render": {"bot.home.model", "bot.errors"},
            "commands.build.create": {"commands.build.view", "bot.home.model"},
            "bot.errors": set(),
        }
    )
    assert graph == {"bot.home": {"bot.errors"}, "commands": {"bot.home"}, "bot.errors": set()}


def test_levels_are_counted_along_the_longest_path() -> None:
    """A short cut doesn't make a graph flatter."""
    assert count_levels({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == 3
    assert count_levels({}) == 0


def test_a_cycle_is_found() -> None:
    """The path starts and ends with the same name, in the direction of the imports."""
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": set()}) == ()
    path = find_cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    assert path[0] == path[-1]
    assert ("a", "b") in itertools.pairwise(path)


def test_usual_abbreviations_are_no_renamed_imports() -> None:
    """`import sqlalchemy as sa` is expected; other imports with `as` are counted."""
    code = "import sqlalchemy as sa\nfrom json import loads as read\nfrom json import dumps"
    assert list(list_renamed_imports([Module("bot/a.py", ast.parse(code))])) == ["bot/a.py:2"]


def test_figures_within_their_limits_pass() -> None:
    """The limits themselves are allowed."""
    assert not list(find_excesses(SOUND))


@pytest.mark.parametrize(
    ("worse", "problem"),
    [
        (replace(SOUND, boxes=25), "bot/ has too many files and folders: 25, at most 24."),
        (replace(SOUND, arrows=141), "141 pairs of rooms import each other's code, at most 140 may."),
        (replace(SOUND, levels=11), "The rooms are 11 levels deep, at most 10 may be."),
        (
            replace(SOUND, room_cycle=("bot.a", "bot.b", "bot.a")),
            "Imports run in a circle: bot.a → bot.b → bot.a.",
        ),
        (replace(SOUND, renamed_imports=("bot/a.py:1",) * 16), "16 imports need `as`, at most 15 may: bot/a.py:1"),
    ],
)
def test_each_excess_is_a_sentence_with_a_remedy(worse: Figures, problem: str) -> None:
    """A limit that is exceeded says what to do."""
    (sentence,) = find_excesses(worse)
    assert sentence.startswith(problem)


def test_the_table_shows_figures_beside_limits() -> None:
    """One line a figure."""
    assert "arrows between boxes                         140  (at most 140)" in render_table(SOUND).splitlines()
