"""Invocations (requests that the bot carries out) and the choices behind buttons and forms."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime

from bot.runtime.json_types import JsonObject
from bot.slack.blockkit.blocks import Message
from bot.slack.types import PROGRAM_WAYS, Recipient, Thread, Via

OPEN_STATES = ("accepted", "running", "unknown")


@dataclass(frozen=True)
class Flags:
    """Options of a request besides the operation's own arguments.

    `confirmed`: the person has answered the question that the operation asks first; `direct`: the answer and later
    updates go by direct message; `page`: turn a list to this page, counted from 1, in place of the one before;
    `public_page`: everyone in the channel sees that list; `replaces`: the answer may replace the message whose
    button was pressed; `in_thread`: the request comes from a reply in a thread, so the answer goes there;
    `direct_only`: it comes from outside any conversation, so answers are direct messages; `proposal`: the id of
    the approved proposal that it carries out; `invited`: the person says that they have invited the bot; `token`:
    the id of the API token that it came with, which limits it after a restart and after an approval, too.
    """

    confirmed: bool = False
    direct: bool = False
    page: int = 0
    public_page: bool = False
    replaces: bool = False
    in_thread: bool = False
    direct_only: bool = False
    proposal: str = ""
    invited: bool = False
    token: str = ""


@dataclass(frozen=True)
class Request:
    """A request as a surface receives it: who, where, how, and the key that identifies a repeat.

    `key` is the request's trigger, message or view; for a click, the button as it was rendered. `response_url` is
    Slack's address for answering it; `trigger_id` opens a form, within three seconds. `label` is the label of the
    pressed button, where that names what it does: the form that it opens has it as its title.
    """

    user: str
    thread: Thread
    via: Via
    key: str
    response_url: str | None = field(default=None, repr=False)
    trigger_id: str | None = None
    flags: Flags = Flags()
    label: str = ""

    def make_invocation(self, invocation_id: str, operation: str, args: JsonObject) -> Invocation:
        """Return the invocation of this request, not stored yet."""
        return Invocation(
            id=invocation_id,
            key=self.key,
            operation=operation,
            args=args,
            user=self.user,
            thread=self.thread,
            via=self.via,
            flags=self.flags,
            response_url=self.response_url,
        )

    @property
    def recipient(self) -> Recipient:
        """The person to answer privately, and the place of their request."""
        return make_recipient(self, self.key)


@dataclass(frozen=True)
class Outcome:
    """The end of an invocation as a program reads it: the result, or else the problem."""

    result: JsonObject | None = None
    problem: JsonObject | None = None


@dataclass(frozen=True)
class StoredAnswer:
    """The answer to a closed invocation; `replaces`: it replaces the message whose button was pressed.

    `outcome` is kept for programs only.
    """

    message: Message
    replaces: bool = False
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Invocation:
    """One request, from acceptance to its outcome.

    `args` are the operation's own arguments. `state`: accepted (stored, not begun), running, proposed (waits for
    an answer), done, refused, failed, unknown (it may have happened; recovery finds out). `rule` names the policy
    rule that applied; `assumed` is the channel's default pipeline where it was filled in; `agent` is the program
    that acts with an API token, as people read it (`Alice's agent (release-bot)`). `given_digest` is the request
    digest of the arguments as a program gave them: with the same key it must give the same ones.
    """

    id: str
    key: str
    operation: str
    args: JsonObject
    user: str
    thread: Thread
    via: Via
    flags: Flags = Flags()
    rule: str | None = None
    assumed: str = ""
    agent: str = ""
    state: str = "accepted"
    response_url: str | None = field(default=None, repr=False)
    answer: StoredAnswer | None = None
    given_digest: str | None = None
    attempts: int = 0
    created_at: datetime | None = None
    started_at: datetime | None = None
    closed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Return whether its outcome is still to come."""
        return self.state in OPEN_STATES

    @property
    def recipient(self) -> Recipient:
        """The person to answer privately, and the place of their request."""
        return make_recipient(self, self.id)

    @property
    def by_program(self) -> bool:
        """Return whether a program made it, which reads its outcome itself."""
        return self.via in PROGRAM_WAYS

    @property
    def digest(self) -> str:
        """The request digest: equal for the same person or token, operation, arguments and channel."""
        token = [self.flags.token] if self.flags.token else []
        identity = [self.operation, self.user, self.thread.team, self.thread.channel, self.args, *token]
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def make_recipient(request: Request | Invocation, mark: str) -> Recipient:
    """Return the recipient of private answers to a request; `mark` identifies the request."""
    flags, is_program = request.flags, request.via in PROGRAM_WAYS
    return Recipient(
        mark,
        request.user,
        request.thread,
        request.response_url,
        flags.direct_only,
        flags.in_thread,
        is_program,
    )


@dataclass(frozen=True)
class Choice:
    """The operation behind a button or a form, and who may use it.

    `confirmed`: the question has been answered; `form`: it opens the form; `direct`: updates go by direct message.
    An empty `operation` means: do nothing.
    """

    id: str
    operation: str
    args: JsonObject
    thread: Thread
    user: str | None = None
    confirmed: bool = False
    form: bool = False
    direct: bool = False
