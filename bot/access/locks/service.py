"""Takes and releases locks, and tells those from whom one was taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict

from bot.access.locks.queries import delete_lock, find_active_locks, save_lock
from bot.access.locks.rules import Lock, said
from bot.errors import Conflict, Unavailable
from bot.runtime.clock import Clock
from bot.slack.blockkit.blocks import message, section
from bot.slack.blockkit.mrkdwn import Mrkdwn, md, mention
from bot.slack.queries import enqueue_message
from bot.slack.types import Thread
from bot.store.transactions import Store, Tx

Direct = Callable[[str], Awaitable[Thread]]


class LockService:
    """`direct` gives the DM with a person, or raises Unavailable; `wake` pokes the writer."""

    def __init__(self, store: Store, clock: Clock, direct: Direct, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._direct = direct
        self._wake = wake

    async def live(self, pipeline: str | None = None) -> tuple[Lock, ...]:
        """The locks of a pipeline, or of all, oldest first."""
        async with self._store.read() as tx:
            return await find_active_locks(tx, self._clock.now(), pipeline)

    async def take(self, lock: Lock, mark: str, *, over: bool) -> Lock | None:
        """Lock; gives somebody else's lock that was taken over. Raises Conflict where `over` is needed.

        `mark` is the invocation: the one from whom it is taken is told once.
        """
        held = [other for other in await self._others(lock) if other.branch == lock.branch]
        if held and not over:
            raise Conflict(said(held[0]), "Add `--take` to take it over; they are told.")
        doors = await self._doors(held)
        async with self._store.write() as tx:
            now = await save_lock(tx, lock, self._clock.now(), over=over)
            if now.holder != lock.holder:
                raise Conflict(said(now), "Add `--take` to take it over; they are told.")
            await self._tell(tx, held, doors, lock.holder, mark)
        self._wake()
        return held[0] if held else None

    async def release(self, lock: Lock, mark: str, *, over: bool) -> tuple[Lock, ...]:
        """Unlock what `lock` is about, on every branch where it names none; gives what was unlocked.

        Raises Conflict where somebody else holds it and `over` is not given.
        """
        there = [item for item in await self.live(lock.pipeline) if lock.branch in (None, item.branch)]
        others = [item for item in there if item.holder != lock.holder]
        gone = there if over else [item for item in there if item.holder == lock.holder]
        if others and not gone:
            raise Conflict(said(others[0]), "Add `--take` to unlock it all the same; they are told.")
        told = [item for item in gone if item.holder != lock.holder]
        doors = await self._doors(told)
        async with self._store.write() as tx:
            for item in gone:
                await delete_lock(tx, item)
            await self._tell(tx, told, doors, lock.holder, mark)
        self._wake()
        return tuple(gone)

    async def _others(self, lock: Lock) -> list[Lock]:
        return [item for item in await self.live(lock.pipeline) if item.holder != lock.holder]

    async def _doors(self, held: list[Lock]) -> dict[str, Thread]:
        """The DMs with those who are to be told; somebody who has left cannot be."""
        doors: dict[str, Thread] = {}
        for holder in {lock.holder for lock in held}:
            with suppress(Unavailable):
                doors[holder] = await self._direct(holder)
        return doors

    async def _tell(self, tx: Tx, held: list[Lock], doors: dict[str, Thread], by: str, mark: str) -> None:
        for lock in held:
            if door := doors.get(lock.holder):
                text = _taken(lock, by)
                body = asdict(message(text, [section(text, block_id="lock")]))
                key = f"lock:{mark}:{lock.holder}:{lock.branch or ''}"
                await enqueue_message(tx, key, "answer", door, self._clock.now(), body=body)


def _taken(lock: Lock, by: str) -> Mrkdwn:
    return md(
        "{who} took your lock of {place} from you. It was there for: {reason}",
        who=mention(by),
        place=lock.place,
        reason=lock.reason,
    )
