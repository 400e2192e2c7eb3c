"""Measures the import graph of the product and compares it with its limits."""

from __future__ import annotations

import ast
import graphlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from checks.source import Module

MOST_BOXES = 24
MOST_ARROWS = 140
MOST_LEVELS = 10
MOST_RENAMED_IMPORTS = 15
# Abbreviations that readers of Python expect.
_USUAL = frozenset({("sqlalchemy", "sa")})
Graph = Mapping[str, set[str]]


@dataclass(frozen=True)
class Figures:
    """The shape of the import graph. A box is a folder or file directly in bot/, or commands, or webhooks."""

    modules: int
    boxes: int
    arrows: int
    levels: int
    room_cycle: tuple[str, ...]
    module_cycle: tuple[str, ...]
    renamed_imports: tuple[str, ...]


def measure(packages: Iterable[str], modules: Iterable[Module]) -> Figures:
    """Return the figures of the packages, which must be importable."""
    import grimp  # comes with import-linter, which the tests don't need

    graph = grimp.build_graph(*packages, cache_dir=None)
    between_modules = {name: set(graph.find_modules_directly_imported_by(name)) for name in graph.modules}
    between_boxes = group_by_box(between_modules)
    room_cycle = find_cycle(between_boxes)
    rooms = {name for name in between_boxes if any(module.startswith(f"{name}.") for module in between_modules)}
    return Figures(
        modules=len(between_modules),
        boxes=len(between_boxes),
        arrows=sum(map(len, between_boxes.values())),
        levels=0 if room_cycle else count_levels(_restrict(between_boxes, rooms - {"bot"})),
        room_cycle=room_cycle,
        module_cycle=find_cycle(between_modules),
        renamed_imports=tuple(list_renamed_imports(modules)),
    )


def group_by_box(graph: Graph) -> Graph:
    """Return the graph between boxes, without arrows from a box to itself."""
    boxes: dict[str, set[str]] = defaultdict(set)
    for module, imported in graph.items():
        box = _box_of(module)
        boxes[box] |= {_box_of(name) for name in imported} - {box}
    return boxes


def _box_of(module: str) -> str:
    top, *rest = module.split(".")
    return f"{top}.{rest[0]}" if top == "bot" and rest else top


def _restrict(graph: Graph, names: set[str]) -> Graph:
    return {name: imported & names for name, imported in graph.items() if name in names}


def find_cycle(graph: Graph) -> tuple[str, ...]:
    """Return one cycle, its first name repeated at the end; empty if there is none."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return tuple(reversed(error.args[1]))
    return ()


def count_levels(graph: Graph) -> int:
    """Return the number of names on the longest path of a graph without cycles."""
    levels: dict[str, int] = {}
    for name in graphlib.TopologicalSorter(graph).static_order():
        levels[name] = 1 + max((levels[imported] for imported in graph.get(name, ())), default=0)
    return max(levels.values(), default=0)


def list_renamed_imports(modules: Iterable[Module]) -> Iterator[str]:
    """Yield `path:line` of each `import … as …` other than a usual abbreviation."""
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                renamed = [alias for alias in node.names if alias.asname and alias.asname != alias.name]
                if any((alias.name, alias.asname) not in _USUAL for alias in renamed):
                    yield f"{module.path}:{node.lineno}"


def find_excesses(figures: Figures) -> Iterator[str]:
    """Yield a sentence for each limit that is exceeded."""
    if figures.boxes > MOST_BOXES:
        yield f"bot/ has too many files and folders: {figures.boxes}, at most {MOST_BOXES}. Move code into a room."
    if figures.arrows > MOST_ARROWS:
        yield (
            f"{figures.arrows} pairs of rooms import each other's code, at most {MOST_ARROWS} may. "
            "Move code to the room that uses it, or pass it in."
        )
    if figures.levels > MOST_LEVELS:
        yield f"The rooms are {figures.levels} levels deep, at most {MOST_LEVELS} may be. See .importlinter."
    for cycle in (figures.room_cycle, figures.module_cycle):
        if cycle:
            yield f"Imports run in a circle: {' → '.join(cycle)}. Move what both need to a module below them."
    if len(figures.renamed_imports) > MOST_RENAMED_IMPORTS:
        places = ", ".join(figures.renamed_imports)
        yield (
            f"{len(figures.renamed_imports)} imports need `as`, at most {MOST_RENAMED_IMPORTS} may: {places}. "
            "Rename the functions so that their names don't clash."
        )


def render_table(figures: Figures) -> str:
    """Return the figures beside their limits."""
    rows = (
        ("modules and packages", figures.modules, None),
        ("boxes in bot/, with commands and webhooks", figures.boxes, MOST_BOXES),
        ("arrows between boxes", figures.arrows, MOST_ARROWS),
        ("levels of rooms", figures.levels, MOST_LEVELS),
        ("cycles between rooms", int(bool(figures.room_cycle)), 0),
        ("cycles between modules", int(bool(figures.module_cycle)), 0),
        ("imports that need `as`", len(figures.renamed_imports), MOST_RENAMED_IMPORTS),
    )
    return "\n".join(
        f"{label:<42} {value:>5}" + ("" if most is None else f"  (at most {most})") for label, value, most in rows
    )
