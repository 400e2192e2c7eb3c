"""A world in which programs act for people."""

from tests.api_tokens.conftest import world

__all__ = ["world"]
