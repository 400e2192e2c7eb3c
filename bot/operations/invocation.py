"""Invocations (requests that the bot carries out) and the choices behind buttons and forms."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.slack.types import Recipient, Thread, Via


@dataclass(frozen=True)
class Invocation:
    """One request, from acceptance to its outcome.

    `state`: accepted (stored, not begun), running, proposed (waits for an answer), done, refused, failed,
    unknown (it may have happened; recovery finds out).
    """

    id: str
    key: str
    operation: str
    args: dict[str, Any]
    user: str
    thread: Thread
    via: Via
    state: str = "accepted"
    response_url: str | None = field(default=None, repr=False)
    outcome: dict[str, Any] | None = None
    attempts: int = 0
    created_at: datetime | None = None
    started_at: datetime | None = None
    closed_at: datetime | None = None

    @property
    def recipient(self) -> Recipient:
        """The person to answer privately, and where they invocation."""
        nowhere, in_thread = bool(self.args.get("posted")), bool(self.args.get("in_thread"))
        return Recipient(self.id, self.user, self.thread, self.response_url, nowhere, in_thread)


@dataclass(frozen=True)
class Choice:
    """The operation behind a button or a form, and who may use it.

    `confirmed`: the question has been answered; `form`: it opens the form; `direct`: updates go by direct message.
    An empty `operation` means: do nothing.
    """

    id: str
    operation: str
    args: dict[str, Any]
    thread: Thread
    user: str | None = None
    confirmed: bool = False
    form: bool = False
    direct: bool = False


def compute_request_digest(invocation: Invocation) -> str:
    """Return the request digest: equal for the same person, operation, arguments and channel."""
    identity = [
        invocation.operation,
        invocation.user,
        invocation.thread.team,
        invocation.thread.channel,
        invocation.args.get("args", {}),
    ]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
