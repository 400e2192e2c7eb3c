"""The world of conversations, for what concerns single people."""

from tests.conversations.conftest import contract, world

__all__ = ["contract", "world"]
