"""Keeps the aliases of people, and puts what they stand for in their place."""

from __future__ import annotations

from collections.abc import Mapping

from bot.clock import Clock
from bot.core.aliases import MOST, first_word
from bot.core.operation import Registry
from bot.errors import Conflict
from bot.model import Actor
from bot.store import aliases
from bot.store.store import Store


class Aliases:
    """They are words of one person; nobody else's text is changed by them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of(self, actor: Actor) -> Mapping[str, str]:
        """What each of them stands for, by name."""
        async with self._store.read() as tx:
            return await aliases.of_person(tx, actor.team, actor.id)

    async def define(self, actor: Actor, name: str, words: str) -> bool:
        """Write one down; says whether it is new. Raises Conflict where there are too many."""
        async with self._store.write() as tx:
            mine = await aliases.of_person(tx, actor.team, actor.id)
            if name not in mine and len(mine) >= MOST:
                raise Conflict(f"You have {MOST} aliases already.", "Remove one that you do not need.")
            await aliases.put(tx, actor.team, actor.id, name, words, self._clock.now())
        return name not in mine

    async def drop(self, actor: Actor, name: str) -> bool:
        """Take one away; says whether it was there."""
        async with self._store.write() as tx:
            return await aliases.drop(tx, actor.team, actor.id, name)

    async def meant(self, team: str, user: str, text: str, registry: Registry, command: str) -> tuple[str, str]:
        """The text with its first word replaced, and that word where it was an alias, else nothing.

        What it stands for is not looked at again: an alias stands for a command, never for an alias.
        """
        found = first_word(text, registry, command)
        if found is None:
            return text, ""
        async with self._store.read() as tx:
            words = await aliases.one(tx, team, user, found[0])
        return (text, "") if words is None else (f"{words}{found[1]}", found[0])
