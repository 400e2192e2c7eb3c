from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.slack.types import Recipient, Thread, Via


@dataclass(frozen=True)
class Invocation:
    """Something that was asked for.

    `state`: accepted (written, not begun), running, proposed (waits for an answer), done, refused, failed,
    unknown (it may have happened; to be looked for).
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
        """Return who is answered privately, and where they asked."""
        nowhere, in_thread = bool(self.args.get("posted")), bool(self.args.get("in_thread"))
        return Recipient(self.id, self.user, self.thread, self.response_url, nowhere, in_thread)


@dataclass(frozen=True)
class Choice:
    """What a button of a private message or a form stands for: it pins who may use it, and where it leads.

    `confirmed`: the question has been answered; `form`: it opens the form; `direct`: the updates go by DM.
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


def request_digest(asked: Invocation) -> str:
    """Names a wish: the same person wants the same operation with the same arguments in the same channel."""
    wish = [asked.operation, asked.user, asked.thread.team, asked.thread.channel, asked.args.get("args", {})]
    return hashlib.sha256(json.dumps(wish, sort_keys=True).encode()).hexdigest()
