"""Errors: Slack's refusals of calls, and actions that a person couldn't take."""

from typing import Any


class ApiError(Exception):
    """An `ok: false` answer: the error's name and further fields."""

    def __init__(self, error: str, **beside: Any) -> None:
        super().__init__(error)
        self.error = error
        self.details = beside

    @classmethod
    def with_messages(cls, error: str, lines: list[str]) -> "ApiError":
        """Return an error with response_metadata.messages, as for blocks and views."""
        return cls(error, errors=lines, response_metadata={"messages": [f"[ERROR] {line}" for line in lines]})


class NoSuchControl(AssertionError):
    """Raised if the person sees no such button, menu, field or option; the message lists what is visible."""


class NotPossible(AssertionError):
    """Raised if Slack's own client wouldn't allow it."""
