"""Describes how invocations end for programs, which read data where people read messages."""

from __future__ import annotations

from collections.abc import Mapping

from bot.errors import (
    Ambiguous,
    BudgetUsedUp,
    Conflict,
    KitestringError,
    NotFound,
    NothingToDo,
    Refused,
    Unauthorized,
    Unavailable,
    UsageError,
)
from bot.operations.invocation import Invocation, Outcome
from bot.operations.reply import Reply
from bot.runtime.error_boundary import InternalError
from bot.runtime.json_types import JsonObject, JsonValue
from bot.slack.blockkit.mrkdwn import Mrkdwn, escape, strip_markup

# The first class that an error is an instance of names its kind.
_KINDS: tuple[tuple[type[KitestringError], str], ...] = (
    (InternalError, "internal-error"),
    (Unauthorized, "unauthorized"),
    (Refused, "refused"),
    (NotFound, "not-found"),
    (NothingToDo, "nothing-to-do"),
    (Conflict, "conflict"),
    (Ambiguous, "ambiguous"),
    (UsageError, "invalid-arguments"),
    (BudgetUsedUp, "buildkite-busy"),
    (Unavailable, "unavailable"),
)
QUESTION = "confirmation-required"
NO_PLACE = "channel-unavailable"
UNCERTAIN = "outcome-unknown"


def describe_error(error: KitestringError) -> JsonObject:
    """Return what a program reads of an error: its kind, both sentences as plain text, and what it names."""
    kind = next((name for known, name in _KINDS if isinstance(error, known)), "failed")
    known: Mapping[str, JsonValue] = {
        "rule": getattr(error, "rule", "") or None,
        "field": getattr(error, "field", None),
        "retry_after": getattr(error, "retry_after", None),
        "options": [label for label, _value in error.options] if isinstance(error, Ambiguous) else None,
    }
    return make_problem(kind, error.message, error.hint) | {
        name: value for name, value in known.items() if value is not None
    }


def make_problem(kind: str, message: str, hint: str = "") -> dict[str, JsonValue]:
    """Return a problem of a kind, with its sentences as plain text."""
    problem: dict[str, JsonValue] = {"kind": kind, "message": to_plain(message)}
    return {**problem, "hint": to_plain(hint)} if hint else problem


def make_outcome(invocation: Invocation, reply: Reply | None, problem: JsonObject | None = None) -> Outcome | None:
    """Return what is kept of an end for the program that asked: the reply's data, as the operation declares it.

    Return None for a person, who has the message.
    """
    if not invocation.by_program:
        return None
    return Outcome(reply.data.to_json() if reply and reply.data else None, problem)


def to_plain(text: str) -> str:
    """Return a text without Slack's markup."""
    return strip_markup(Mrkdwn(text) if isinstance(text, Mrkdwn) else escape(text)).strip()
