"""The same world as in other conversations."""

from __future__ import annotations

from tests.conversations.conftest import contract, world

__all__ = ["contract", "world"]
