"""Watches the results of operations: each must be what its operation declares."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from bot.operations.operation import Operation
from bot.operations.registry import Registry
from bot.operations.reply import Reply
from bot.operations.results import Result
from bot.runtime.json_types import JsonObject

Run = Callable[[Any, Any], Awaitable[Any]]


@dataclass
class ResultWatch:
    """The results of a world's operations, and what is wrong with them."""

    found: list[tuple[str, Result]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def watch(self, operations: Registry) -> Registry:
        """Return the same operations, whose results are noted."""
        return Registry(
            replace(op, run=self._watch_one(op, op.run), probe=self._watch_one(op, op.probe) if op.probe else None)
            for op in operations
        )

    def find(self, operation: str) -> list[Any]:
        """Return the results of an operation, oldest first."""
        return [result for name, result in self.found if name == operation]

    def _watch_one(self, op: Operation, run: Run) -> Run:
        async def run_and_note(args: Any, ctx: Any) -> Reply | None:
            reply: Reply | None = await run(args, ctx)
            if reply is not None:
                self._note(op, reply.data)
            return reply

        return run_and_note

    def _note(self, op: Operation, data: Result | None) -> None:
        if type(data) is not op.result:
            self.faults.append(f"{op.name} returned {type(data).__name__}, not {op.result.__name__}")
            return
        self.found.append((op.name, data))
        try:
            read = msgspec.json.decode(msgspec.json.encode(data.to_json()), type=op.result)
        except msgspec.ValidationError as error:
            self.faults.append(f"{op.name}: {error}")
        else:
            if _without_message(read) != _without_message(data):
                self.faults.append(f"{op.name}: {data} is {read} once it's read")


def _without_message(data: Result) -> JsonObject:
    """Return the facts alone: a message that begins with a name could be taken for one that begins with a verb."""
    return {name: value for name, value in data.to_json().items() if name != "message"}
