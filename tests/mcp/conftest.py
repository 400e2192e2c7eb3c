"""A world in which agents act for people, under a policy that protects deployments."""

from tests.api_tokens.conftest import world

__all__ = ["world"]
