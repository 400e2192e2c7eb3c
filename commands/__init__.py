"""Commands: a package for each noun, a function for each operation."""

from __future__ import annotations

import importlib
import pkgutil

from bot.operations.operation import Operation
from bot.operations.registry import Registry


def registry() -> Registry:
    """Return every operation declared in this package's modules."""
    names = [module.name for module in pkgutil.walk_packages(__path__, f"{__name__}.")]
    modules = [importlib.import_module(name) for name in names]
    declared = [value for module in modules for value in vars(module).values() if isinstance(value, Operation)]
    return Registry(declared)
