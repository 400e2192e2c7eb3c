"""Defines the errors that Kitestring shows to people.

    KitestringError(message, hint)       shown to the person, never with a traceback
     ├ UsageError                        the command or the form was wrong
     │  └ Ambiguous(field, options)      several things match: the options become buttons
     ├ NotFound                          Buildkite's 404, with its message if it sent one
     ├ Conflict                          Buildkite's 422 or 400: the current state doesn't allow it
     ├ NothingToDo(offers)               it's done already, or there is nothing to do; the offers become buttons
     ├ Refused(rule)                     refused by the policy, or by Buildkite with 401 or 403
     ├ Unavailable(retry_after, sent)    429, 5xx or a timeout, after retries
     └ BadSignature                      only ever answered with HTTP 401

Any other exception is a bug: the person gets a reference, the log gets the traceback.
"""

from __future__ import annotations


class KitestringError(Exception):
    """An error for people: `message` says what happened, `hint` what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(KitestringError):
    """The command or the form was wrong; `field` names the argument at fault, if there is one."""

    def __init__(self, message: str, hint: str = "", field: str | None = None) -> None:
        super().__init__(message, hint)
        self.field = field


class Ambiguous(UsageError):
    """Several things match the argument `field`: `options` are the (label, value) pairs to choose from.

    A value is a string, or a mapping of several arguments that replace the ones given.
    """

    def __init__(
        self, message: str, field: str, options: tuple[tuple[str, str | dict[str, str]], ...], hint: str = ""
    ) -> None:
        super().__init__(message, hint, field)
        self.options = options


class NotFound(KitestringError):
    """The thing doesn't exist, or the token can't see it."""


class Conflict(KitestringError):
    """The thing exists, but its state doesn't allow the operation."""


class NothingToDo(KitestringError):
    """It has been done already, or there is nothing to do.

    `offers` are what can be done instead: (label of the button, operation, arguments).
    """

    def __init__(self, message: str, *offers: tuple[str, str, dict[str, str]]) -> None:
        super().__init__(message)
        self.offers = offers


class Refused(KitestringError):
    """The operation isn't allowed; `rule` names the policy rule that refused it."""

    def __init__(self, message: str, hint: str = "", rule: str = "") -> None:
        super().__init__(message, hint)
        self.rule = rule


class Unavailable(KitestringError):
    """The service didn't answer, or asked the bot to wait `retry_after` seconds.

    `sent` is true if the request may have been carried out even though no answer came back.
    """

    def __init__(self, message: str, hint: str = "", retry_after: float | None = None, sent: bool = False) -> None:
        super().__init__(message, hint)
        self.retry_after = retry_after
        self.sent = sent


class BudgetUsedUp(Unavailable):
    """The client didn't send the request, because the limit of requests doesn't allow it yet."""


class Unauthorized(KitestringError):
    """The API token is unknown, malformed, expired or revoked, or its owner has left."""


class BadSignature(KitestringError):
    """The request's signature doesn't prove its origin."""
