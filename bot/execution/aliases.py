"""Keeps the aliases of people, and puts what they stand for in their place."""

from __future__ import annotations

from collections.abc import Mapping

from bot.errors import Conflict
from bot.execution.alias_rules import MOST, first_word
from bot.execution.queries import delete_alias, find_alias, find_aliases, save_alias
from bot.operations.operation import Registry
from bot.runtime.clock import Clock
from bot.slack.types import Actor
from bot.store.transactions import Store


class Aliases:
    """They are words of one person; nobody else's text is changed by them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of(self, actor: Actor) -> Mapping[str, str]:
        """What each of them stands for, by name."""
        async with self._store.read() as tx:
            return await find_aliases(tx, actor.team, actor.id)

    async def define(self, actor: Actor, name: str, words: str) -> bool:
        """Write one down; says whether it is new. Raises Conflict where there are too many."""
        async with self._store.write() as tx:
            mine = await find_aliases(tx, actor.team, actor.id)
            if name not in mine and len(mine) >= MOST:
                raise Conflict(f"You have {MOST} aliases already.", "Remove one that you do not need.")
            await save_alias(tx, actor.team, actor.id, name, words, self._clock.now())
        return name not in mine

    async def drop(self, actor: Actor, name: str) -> bool:
        """Take one away; says whether it was there."""
        async with self._store.write() as tx:
            return await delete_alias(tx, actor.team, actor.id, name)

    async def meant(self, team: str, user: str, text: str, registry: Registry, command: str) -> tuple[str, str]:
        """The text with its first word replaced, and that word where it was an alias, else nothing.

        What it stands for is not looked at again: an alias stands for a command, never for an alias.
        """
        found = first_word(text, registry, command)
        if found is None:
            return text, ""
        async with self._store.read() as tx:
            words = await find_alias(tx, team, user, found[0])
        return (text, "") if words is None else (f"{words}{found[1]}", found[0])
