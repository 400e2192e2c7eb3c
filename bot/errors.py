"""Every error that Kitestring tells a person about.

    KitestringError(message, hint)       shown to the person, never with a traceback
     ├ UsageError                        the text or the form was wrong
     │  └ Ambiguous(field, options)      several things fit: the options become buttons
     ├ NotFound                          Buildkite's 404, in its words where it has any
     ├ Conflict                          Buildkite's 422 or 400: the state does not allow it
     ├ Refused(rule)                     the policy said no, or Buildkite's 401 or 403 did
     ├ Unavailable(retry_after, sent)    429, 5xx or a time-out, after retries
     └ BadSignature                      only ever an HTTP 401

Anything else that is raised is a bug: the person gets a reference, the log gets the traceback.
"""

from __future__ import annotations


class KitestringError(Exception):
    """Something that a person should read: one sentence of what happened, one of what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(KitestringError):
    """The text or the form was wrong; `field` names the argument when one is to blame."""

    def __init__(self, message: str, hint: str = "", field: str | None = None) -> None:
        super().__init__(message, hint)
        self.field = field


class Ambiguous(UsageError):
    """Several things fit what was said: `options` are (label, value) pairs for the argument `field`.

    A value is a string, or a mapping of several arguments that replace what was given.
    """

    def __init__(
        self, message: str, field: str, options: tuple[tuple[str, str | dict[str, str]], ...], hint: str = ""
    ) -> None:
        super().__init__(message, hint, field)
        self.options = options


class NotFound(KitestringError):
    """There is no such thing, or the token may not see it."""


class Conflict(KitestringError):
    """The thing is there, but its state does not allow what was asked for."""


class Refused(KitestringError):
    """Not allowed; `rule` names what said so."""

    def __init__(self, message: str, hint: str = "", rule: str = "") -> None:
        super().__init__(message, hint)
        self.rule = rule


class Unavailable(KitestringError):
    """The other side did not answer, or asked to be left alone for `retry_after` seconds.

    `sent` is true when the request may have been carried out although no answer came back.
    """

    def __init__(self, message: str, hint: str = "", retry_after: float | None = None, sent: bool = False) -> None:
        super().__init__(message, hint)
        self.retry_after = retry_after
        self.sent = sent


class BadSignature(KitestringError):
    """The request does not prove where it comes from."""
