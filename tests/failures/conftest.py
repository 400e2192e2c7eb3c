"""The world of conversations, for builds that fail."""

from tests.conversations.conftest import contract, world

__all__ = ["contract", "world"]
