"""Decides who may read what, outside of an invocation: on cards, previews and App Homes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.access.policy.decide import decide, find_blanket_refusal
from bot.access.policy.rules import Allow, Refuse, Rules, Target
from bot.operations.operation import Operation
from bot.runtime.clock import Clock
from bot.slack.types import Actor


@dataclass(frozen=True)
class ReadPermission:
    """The permission to run an operation that reads, by the current policy."""

    rules: Callable[[], Rules]
    operation: Operation
    clock: Clock

    def allows(self, actor: Actor, target: Target) -> bool:
        """Return whether a person may read this."""
        return isinstance(decide(self.rules(), actor, self.operation, target, self.clock.now()), Allow)

    def allows_some_branch(self, actor: Actor, pipeline: str) -> bool:
        """Return whether a person may read a build on some branch, as far as is known without the branch."""
        return self.rules().depends_on_branch(pipeline) or self.allows(actor, Target(pipeline))

    def find_blanket_refusal(self, actor: Actor) -> Refuse | None:
        """Return why a person may read nothing at all, if that is so."""
        return find_blanket_refusal(self.rules(), actor, self.operation)
