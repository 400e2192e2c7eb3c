"""What people may ask for: one module a noun, each operation one function."""

from __future__ import annotations

import importlib
import pkgutil

from bot.operations.operation import Operation, Registry


def registry() -> Registry:
    """Every operation declared in this package's modules."""
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.walk_packages(__path__)]
    declared = [value for module in modules for value in vars(module).values() if isinstance(value, Operation)]
    return Registry(declared)
