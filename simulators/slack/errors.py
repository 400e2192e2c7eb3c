"""What the stand-in raises: Slack's refusals of calls, and acts that a person could not do."""

from typing import Any


class ApiError(Exception):
    """An `ok: false` answer: the error's name and what stands beside it."""

    def __init__(self, error: str, **beside: Any) -> None:
        super().__init__(error)
        self.error = error
        self.details = beside

    @classmethod
    def with_messages(cls, error: str, lines: list[str]) -> "ApiError":
        """With details in response_metadata.messages, as for blocks and views."""
        return cls(error, errors=lines, response_metadata={"messages": [f"[ERROR] {line}" for line in lines]})


class NoSuchControl(AssertionError):
    """The person sees no such button, menu, field or option; the message lists what is visible."""


class NotPossible(AssertionError):
    """Slack's own client would not let the person do this."""
