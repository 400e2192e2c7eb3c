"""The registry of operations, which refuses those whose declaration leaves something open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from bot.operations.declarations import require_declared
from bot.operations.operation import Effect, Operation
from bot.operations.token_scopes import TOKEN_SCOPES, TokenScope


def require_recoverable(op: Operation) -> None:
    """Raise TypeError if recovery couldn't find out whether it happened, or might repeat it in Buildkite."""
    if op.effect is Effect.CHANGES_BUILDKITE and op.repeatable:
        raise TypeError(f"{op.name}: only the bot's own state can be changed again; declare a probe instead")
    if op.effect is Effect.CHANGES_STATE and not op.repeatable and op.probe is None:
        raise TypeError(f"{op.name}: declare that it's repeatable, or a probe that finds out whether it happened")


class Registry:
    """All operations, by name. Raises TypeError for an operation whose declaration leaves something open."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._operations = {op.name: op for op in sorted(operations, key=lambda op: op.name)}
        for op in self:
            require_recoverable(op)
            require_declared(op.name, op.args.model_fields)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._operations.values())

    def __contains__(self, name: object) -> bool:
        return name in self._operations

    def find(self, name: str) -> Operation | None:
        """Return the operation with that full name (`agent pause`), or None."""
        return self._operations.get(name)

    def __getitem__(self, name: str) -> Operation:
        return self._operations[name]

    @cached_property
    def nouns(self) -> tuple[str, ...]:
        """All first words, each once."""
        return tuple(dict.fromkeys(op.noun for op in self))

    @cached_property
    def commands_by_scope(self) -> Mapping[TokenScope, tuple[str, ...]]:
        """The commands that need each scope of a Buildkite token, in Buildkite's order of scopes."""
        return {scope: tuple(op.name for op in self if scope in op.scopes) for scope in TOKEN_SCOPES}

    @cached_property
    def verbs(self) -> frozenset[str]:
        """All second words."""
        return frozenset(op.verb for op in self if op.verb)

    def find_by_noun(self, noun: str) -> tuple[Operation, ...]:
        """Return the operations of one noun."""
        return tuple(op for op in self if op.noun == noun)
