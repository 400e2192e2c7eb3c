"""Stores people's aliases and expands them."""

from __future__ import annotations

from collections.abc import Mapping

from bot.errors import Conflict
from bot.execution.alias_rules import ALIASES_LIMIT, split_alias
from bot.execution.queries import delete_alias, find_alias, find_aliases, save_alias
from bot.operations.registry import Registry
from bot.runtime.clock import Clock
from bot.slack.types import Actor
from bot.store.transactions import Store


class Aliases:
    """Personal aliases; they never affect what other people type."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def find_all(self, actor: Actor) -> Mapping[str, str]:
        """Return the person's expansions by alias."""
        async with self._store.read() as tx:
            return await find_aliases(tx, actor.team, actor.id)

    async def define(self, actor: Actor, name: str, expansion: str) -> bool:
        """Save an alias; returns whether it is new. Raises Conflict where there are too many."""
        async with self._store.write() as tx:
            existing = await find_aliases(tx, actor.team, actor.id)
            if name not in existing and len(existing) >= ALIASES_LIMIT:
                raise Conflict(f"You have {ALIASES_LIMIT} aliases already.", "Remove one that you don't need.")
            await save_alias(tx, actor.team, actor.id, name, expansion, self._clock.now())
        return name not in existing

    async def remove(self, actor: Actor, name: str) -> bool:
        """Remove an alias; returns whether it existed."""
        async with self._store.write() as tx:
            return await delete_alias(tx, actor.team, actor.id, name)

    async def expand(self, team: str, user: str, text: str, registry: Registry, command: str) -> tuple[str, str]:
        """Expand the first word of a text; returns the text and the alias, '' if it wasn't one.

        Expansions aren't expanded again, so aliases can't form loops.
        """
        found = split_alias(text, registry, command)
        if found is None:
            return text, ""
        async with self._store.read() as tx:
            words = await find_alias(tx, team, user, found[0])
        return (text, "") if words is None else (f"{words}{found[1]}", found[0])
