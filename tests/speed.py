"""Saves what a process spends once, and tests, which build hundreds of bots in one process, would spend anew."""

from __future__ import annotations

import gc

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect

# New objects after which garbage is collected; thousands of tests make each collection expensive.
_GARBAGE_THRESHOLDS = (50_000, 20, 100)


class SharedStatements:
    """Compiles each statement once for all engines of a dialect, instead of once for each engine."""

    def __init__(self) -> None:
        self._compiled: dict[object, object] = {}
        self._dialects: dict[tuple[str, str, bool], Dialect] = {}

    def share(self, connection: sa.Connection) -> None:
        """Give a new connection the statements that others have compiled. The dialect is part of their keys."""
        made = connection.dialect
        kind = (made.name, made.driver, made.skip_autocommit_rollback)
        connection.dialect = self._dialects.setdefault(kind, made)
        connection.execution_options(compiled_cache=self._compiled)


def share_statements() -> None:
    """Let all engines that tests make share their compiled statements."""
    sa.event.listen(sa.Engine, "engine_connect", SharedStatements().share)


def spare_garbage_collection() -> None:
    """Collect garbage seldom, and never look at what was there before the first test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
