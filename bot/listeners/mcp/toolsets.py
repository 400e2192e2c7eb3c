"""Chooses the tools of an address: `/mcp`, `/mcp/readonly`, `/mcp/x/agents,pipelines`, `/mcp/x/all/readonly`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.errors import NotFound
from bot.listeners.rest.openapi import is_exposed
from bot.operations.operation import Effect, Operation
from bot.operations.registry import Registry
from bot.runtime.wording import join_and, suggest

ROOT = "/mcp"
_READ_ONLY = "readonly"
_CHOSEN = "x"
_EVERYTHING = "all"
# Everyday work is with builds and their jobs, for which pipelines and agents have to be found. More tools wouldn't
# fit into the 3,000 tokens that their descriptions and schemas may take of each conversation.
_LOOKUPS = ("list", "view")
_EVERYDAY_VERBS = {
    "build": (*_LOOKUPS, "create", "cancel", "rebuild", "retry"),
    "job": (*_LOOKUPS, "log", "retry", "unblock", "cancel"),
    "agent": _LOOKUPS,
    "pipeline": _LOOKUPS,
}


@dataclass(frozen=True)
class Toolset:
    """The tools of an address. `read_only`: none of them changes anything.

    `names` are the toolsets that the address chooses. Without them it offers the everyday tools, and a search that
    finds and runs all others; an address that chooses is a limit, so it has no search.
    """

    names: tuple[str, ...] = ()
    read_only: bool = False

    @property
    def has_search(self) -> bool:
        """Return whether operations beyond the listed ones can be found and run."""
        return not self.names

    def choose_listed(self, operations: Iterable[Operation]) -> tuple[Operation, ...]:
        """Return the operations that are tools of their own."""
        return tuple(op for op in operations if self._lists(op) and self.allows(op))

    def allows(self, op: Operation) -> bool:
        """Return whether the address lets an operation be called at all."""
        if not is_exposed(op):
            return False
        within = self.has_search or self._lists(op)
        return within and (op.effect is Effect.READS or not self.read_only)

    def _lists(self, op: Operation) -> bool:
        if self.names:
            return _EVERYTHING in self.names or op.noun in self.names or name_toolset(op.noun) in self.names
        return op.verb in _EVERYDAY_VERBS.get(op.noun, ())


def name_toolset(noun: str) -> str:
    """Return the name of the toolset with a noun's operations: `agents`."""
    return noun if noun.endswith("s") else f"{noun}s"


def parse_toolset(path: str, registry: Registry) -> Toolset:
    """Read the address of an MCP endpoint. Raise NotFound for one that chooses an unknown toolset."""
    parts = [part for part in path.removeprefix(ROOT).split("/") if part]
    read_only = parts[-1:] == [_READ_ONLY]
    rest = parts[:-1] if read_only else parts
    match rest:
        case []:
            return Toolset(read_only=read_only)
        case [marker, names] if marker == _CHOSEN:
            return Toolset(_require_known(names.split(","), registry), read_only)
    raise NotFound(
        f"There's no MCP endpoint at {path[:100]}.", f"Use {ROOT}, or choose toolsets: {ROOT}/x/agents."
    )


def _require_known(names: list[str], registry: Registry) -> tuple[str, ...]:
    known = {_EVERYTHING, *registry.nouns, *map(name_toolset, registry.nouns)}
    for name in names:
        if name not in known:
            hint = suggest(name, known) or f"There are {join_and(sorted(map(name_toolset, registry.nouns)))}."
            raise NotFound(f"There's no toolset {name[:40]!r}.", hint)
    return tuple(dict.fromkeys(names))
