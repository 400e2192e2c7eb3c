"""The world of conversations, and builds that are played at their own times."""

from __future__ import annotations

from tests.conversations.conftest import contract, world

__all__ = ["contract", "world"]
