"""Reads the modules that are checked."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# Migrations have run in real databases and stay as they are. Alembic chooses the name of their env.py.
_LEFT_OUT = ("bot/store/migrations/", "bench/peers/")


@dataclass(frozen=True)
class Module:
    """A parsed file; `path` is relative to the root, with forward slashes."""

    path: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """Return `bot/builds`, `commands` and so on; a file directly in `bot` belongs to the room `bot`."""
        parts = self.path.split("/")
        return "/".join(parts[:2]) if parts[0] == "bot" and len(parts) > 2 else parts[0]

    @property
    def base_name(self) -> str:
        """Return the file's name without its ending."""
        return self.path.rpartition("/")[2].removesuffix(".py")


def parse_modules(root: Path, folders: Iterable[str]) -> tuple[Module, ...]:
    """Return the Python files below these folders, in order."""
    return tuple(module for folder in folders for module in _parse_folder(root, folder))


def _parse_folder(root: Path, folder: str) -> Iterator[Module]:
    for file in sorted((root / folder).rglob("*.py")):
        path = file.relative_to(root).as_posix()
        if not path.startswith(_LEFT_OUT) and "node_modules" not in file.parts:
            yield Module(path, ast.parse(file.read_text("utf-8"), path))
