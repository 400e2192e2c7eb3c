"""Finds uses of another library's private parts: they may change with any of its releases."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from checks.source import Module

OWN_PACKAGES = frozenset({"bot", "commands", "webhooks", "simulators", "bench", "tests", "checks"})
# Documented methods of every named tuple; the underscore only keeps them apart from its fields.
_NAMED_TUPLE = frozenset({"_asdict", "_fields", "_field_defaults", "_make", "_replace"})
_PRIVATE = re.compile(r"_[^_]\w*")
_OWNER = frozenset({"self", "cls"})


def find_private_uses(modules: Iterable[Module]) -> Iterator[str]:
    """Yield a sentence for each use of a private attribute or module that isn't known to be our own.

    Types aren't known, so an attribute counts as our own if the same module defines it, or if it is one of `self`
    in a class that inherits only from our own classes.
    """
    for module in modules:
        defined = _NAMED_TUPLE | set(_list_definitions(module.tree))
        trusted = _collect_trusted(module.tree)
        for node in ast.walk(module.tree):
            for line, name in _find_uses(node, defined, trusted):
                yield (
                    f"{module.path}:{line}: `{name}` is a private part of something else. "
                    "Use a public one, or put it behind a method of its own class."
                )


def _list_definitions(tree: ast.Module) -> Iterator[str]:
    """Yield the names of all attributes that the module assigns, and of what its classes define."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                yield name
            case ast.ClassDef(body=body):
                for part in body:
                    yield from _find_member(part)


def _find_member(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
            yield name


def _collect_trusted(tree: ast.Module) -> frozenset[ast.AST]:
    """Return the uses of `self` and `cls` in classes whose bases are all our own, or none."""
    foreign = set(_list_foreign_names(tree))
    trusted: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            roots = {ast.unparse(base).split("[")[0].split(".")[0] for base in node.bases}
            if roots.isdisjoint(foreign):
                trusted.update(part for part in ast.walk(node) if _is_owner(part))
    return frozenset(trusted)


def _list_foreign_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                foreign = (alias for alias in aliases if _is_foreign(alias.name))
                yield from (alias.asname or alias.name.split(".")[0] for alias in foreign)
            case ast.ImportFrom(module=str(source), names=aliases) if _is_foreign(source):
                yield from (alias.asname or alias.name for alias in aliases)


def _is_foreign(module: str) -> bool:
    return module.split(".")[0] not in OWN_PACKAGES


def _is_owner(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in _OWNER


def _find_uses(
    node: ast.AST, defined: set[str] | frozenset[str], trusted: frozenset[ast.AST]
) -> Iterator[tuple[int, str]]:
    match node:
        case ast.Attribute(value=value, attr=name) if _PRIVATE.fullmatch(name) and name not in defined:
            if value not in trusted:
                yield node.lineno, name
        case ast.ImportFrom(module=str(source), names=aliases) if _is_foreign(source):
            for name in (*source.split("."), *(alias.name for alias in aliases)):
                if _PRIVATE.fullmatch(name):
                    yield node.lineno, name
        case ast.Import(names=aliases):
            for name in (part for alias in aliases for part in alias.name.split(".")):
                if _PRIVATE.fullmatch(name):
                    yield node.lineno, name
