"""Stops what programs do for people: all of them, or those of one person."""

from __future__ import annotations

from bot.errors import Refused
from bot.store.sql import get_meta, set_meta
from bot.store.transactions import Store

RULE = "agents off"
"""The rule behind refusals while agents are stopped."""
_ALL = "agents off"
_OWN = "agents off for "


class AgentSwitch:
    """Knows whose agents are stopped. The database is read on every call, so a stop holds in every replica."""

    def __init__(self, store: Store, command: str) -> None:
        self._store = store
        self._command = command

    async def find_stop(self) -> str | None:
        """Return who stopped everyone's agents, or None."""
        async with self._store.read() as tx:
            return await get_meta(tx, _ALL) or None

    async def is_stopped(self, owner: str) -> bool:
        """Return whether that person has stopped their own agents."""
        async with self._store.read() as tx:
            return bool(await get_meta(tx, f"{_OWN}{owner}"))

    async def set_all(self, by: str | None) -> None:
        """Stop everyone's agents in a person's name, or let them act again (None)."""
        await self._set(_ALL, by or "")

    async def set_own(self, owner: str, *, stopped: bool) -> None:
        """Stop a person's own agents, or let them act again."""
        await self._set(f"{_OWN}{owner}", "stopped" if stopped else "")

    async def require_on(self, owner: str) -> None:
        """Raise Refused while that person's agents may do nothing."""
        if by := await self.find_stop():
            raise Refused(
                f"{by} has stopped all agents.", f"An admin can end that with `{self._command} agents-on`.", RULE
            )
        if await self.is_stopped(owner):
            raise Refused(
                "The person that this agent acts for has stopped their agents.",
                f"They can end that with `{self._command} agents-on`.",
                RULE,
            )

    async def _set(self, key: str, value: str) -> None:
        async with self._store.write() as tx:
            await set_meta(tx, key, value)
