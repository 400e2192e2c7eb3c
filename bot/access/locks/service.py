"""Takes and releases locks, and notifies people whose lock someone else took or released."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from bot.access.locks.queries import delete_lock, find_active_locks, save_lock
from bot.access.locks.rules import Lock, describe_lock
from bot.errors import Conflict, Unavailable
from bot.runtime.clock import Clock
from bot.slack.blockkit.blocks import message, section
from bot.slack.blockkit.mrkdwn import Mrkdwn, md, mention
from bot.slack.queries import enqueue_message
from bot.slack.types import Thread
from bot.store.transactions import Store, Tx

OpenHolderMessage = Callable[[str], Awaitable[Thread]]


class LockService:
    """Takes and releases locks.

    `direct` opens the direct message with a person, or raises Unavailable; `wake` starts sending queued messages.
    """

    def __init__(self, store: Store, clock: Clock, direct: OpenHolderMessage, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._direct = direct
        self._wake = wake

    async def find_active(self, pipeline: str | None = None) -> tuple[Lock, ...]:
        """Return the active locks on a pipeline, or on all pipelines, oldest first."""
        async with self._store.read() as tx:
            return await find_active_locks(tx, self._clock.now(), pipeline)

    async def take(self, lock: Lock, invocation_id: str, *, force: bool) -> Lock | None:
        """Save a lock, and return the lock of someone else that it replaced.

        Raise Conflict if someone else holds it and `force` isn't set. The invocation's id makes sure that the
        former holder is notified once, even if the invocation is repeated after a crash.
        """
        held = [other for other in await self._find_others(lock) if other.branch == lock.branch]
        if held and not force:
            raise Conflict(describe_lock(held[0]), "Add `--take` to take it over. They'll be notified.")
        # Opened before the transaction: a call to Slack must not hold a database lock.
        threads = await self._open_direct_messages(held)
        async with self._store.write() as tx:
            saved = await save_lock(tx, lock, self._clock.now(), force=force)
            if saved.holder != lock.holder:
                raise Conflict(describe_lock(saved), "Add `--take` to take it over. They'll be notified.")
            await self._notify_holders(tx, held, threads, lock.holder, invocation_id)
        self._wake()
        return held[0] if held else None

    async def release(self, lock: Lock, invocation_id: str, *, force: bool) -> tuple[Lock, ...]:
        """Release the locks on the pipeline of `lock`, or only the one on its branch; return them.

        Without `force`, other people's locks stay. Raise Conflict if there are only those.
        """
        active = await self.find_active(lock.pipeline)
        matching = [other for other in active if lock.branch in (None, other.branch)]
        others = [other for other in matching if other.holder != lock.holder]
        released = matching if force else [own for own in matching if own.holder == lock.holder]
        if others and not released:
            raise Conflict(describe_lock(others[0]), "Add `--take` to unlock it anyway. They'll be notified.")
        taken = [other for other in released if other.holder != lock.holder]
        threads = await self._open_direct_messages(taken)
        async with self._store.write() as tx:
            for released_lock in released:
                await delete_lock(tx, released_lock)
            await self._notify_holders(tx, taken, threads, lock.holder, invocation_id)
        self._wake()
        return tuple(released)

    async def _find_others(self, lock: Lock) -> list[Lock]:
        return [other for other in await self.find_active(lock.pipeline) if other.holder != lock.holder]

    async def _open_direct_messages(self, held: list[Lock]) -> dict[str, Thread]:
        """Open the direct messages with the holders, by user id; without those who have left the workspace."""
        threads: dict[str, Thread] = {}
        for holder in {lock.holder for lock in held}:
            with suppress(Unavailable):
                threads[holder] = await self._direct(holder)
        return threads

    async def _notify_holders(
        self, tx: Tx, held: list[Lock], threads: dict[str, Thread], by: str, invocation_id: str
    ) -> None:
        for lock in held:
            if thread := threads.get(lock.holder):
                text = _describe_loss(lock, by)
                notice = message(text, [section(text, block_id="lock")])
                key = f"lock:{invocation_id}:{lock.holder}:{lock.branch or ''}"
                await enqueue_message(tx, key, thread, notice, self._clock.now())


def _describe_loss(lock: Lock, by: str) -> Mrkdwn:
    return md(
        "{who} ended your lock on {place}. Its reason was: {reason}",
        who=mention(by),
        place=lock.scope,
        reason=lock.reason,
    )
