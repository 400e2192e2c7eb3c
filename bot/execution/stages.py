"""The values that an invocation becomes on its way from a request to an answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.access.accounts.service import BuildkiteAccess
from bot.access.policy.rules import ApprovalRequirement
from bot.errors import KitestringError
from bot.operations.invocation import Invocation
from bot.operations.operation import Args, Operation
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import Message
from bot.slack.types import Actor, Thread


@dataclass(frozen=True)
class Recorded:
    """A stored request; `first` is the stored invocation with its key: an earlier one if this is a repeat."""

    invocation: Invocation
    first: Invocation

    @property
    def is_new(self) -> bool:
        return self.first.id == self.invocation.id


class Stopped(KitestringError):
    """An error on the way, with the invocation as exact as it had become: the audit names its target by it."""

    def __init__(self, invocation: Invocation, error: KitestringError) -> None:
        super().__init__(error.message, error.hint)
        self.invocation = invocation
        self.error = error


@contextmanager
def stopping(invocation: Invocation) -> Iterator[None]:
    """Raise Stopped with this invocation for an error in the block, unless it knows a more exact one."""
    try:
        yield
    except Stopped:
        raise
    except KitestringError as error:
        raise Stopped(invocation, error) from error


@dataclass(frozen=True)
class Authorised:
    """An invocation that the policy allows, if `requirement` is met; its arguments are pinned to exact values.

    `ctx` is the context that the operation declares, with the person's `access` to Buildkite.
    """

    invocation: Invocation
    op: Operation
    args: Args
    actor: Actor
    access: BuildkiteAccess
    ctx: object
    requirement: ApprovalRequirement | None


@dataclass(frozen=True)
class Confirmed:
    """An invocation with nothing left to ask or approve."""

    invocation: Invocation
    op: Operation
    args: Args
    actor: Actor
    ctx: object


@dataclass(frozen=True)
class Performed:
    """An operation that succeeded."""

    invocation: Invocation
    op: Operation
    reply: Reply
    actor: Actor


@dataclass(frozen=True)
class Answer:
    """The answer to an operation that succeeded, rendered but not sent.

    `repeated` is what the same click or form gets when it is sent again. `public`: the answer goes to the outbox,
    for everyone in `where`.
    """

    invocation: Invocation
    op: Operation
    reply: Reply
    where: Thread
    message: Message
    repeated: Message
    public: bool
