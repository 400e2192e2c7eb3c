"""The conversation world with builds that take simulated time."""

from __future__ import annotations

from tests.conversations.conftest import contract, world

__all__ = ["contract", "world"]
