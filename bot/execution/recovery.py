"""Finds what a crash or a lost answer interrupted, looks whether it happened, and finishes or reports it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.errors import KitestringError
from bot.execution.outcomes import SECOND_LOOK, Outcomes
from bot.execution.runner import Runner
from bot.operations.invocation import Invocation
from bot.operations.operation import Effect, Operation
from bot.operations.queries import (
    abandon_invocations,
    adopt_invocation,
    find_next_invocation_due,
    find_undelivered,
    find_unfinished,
    postpone_invocation,
)
from bot.operations.reply import Reply
from bot.operations.validation import validate
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import run_guarded
from bot.runtime.token_bucket import backoff_seconds
from bot.slack.blockkit.mrkdwn import Mrkdwn, link, md
from bot.slack.people import People
from bot.store.transactions import Transactions
from bot.store.vault import Vault

# Older than this, nobody waits for it any more: it is reported, not carried out late.
_STILL_WANTED = timedelta(minutes=10)
_LOOKS = 8
_BREATH = timedelta(seconds=5)
log = structlog.stdlib.get_logger(__name__)


class Recovery:
    """An invocation that was accepted but not begun is carried out; one that was begun is never repeated.

    `mine` says whether this replica is the writer: only that one looks after what others left.
    """

    def __init__(
        self,
        store: Transactions,
        vault: Vault,
        clock: Clock,
        people: People,
        runner: Runner,
        outcomes: Outcomes,
        mine: Callable[[], bool],
    ) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._people = people
        self._runner = runner
        self._outcomes = outcomes
        self._mine = mine

    async def begin(self) -> None:
        """At the start: whatever was under way when the process before ended."""
        await self.tick()

    async def tick(self) -> int:
        """What is in doubt and due, or was cut off with its replica; says how many were looked at."""
        if not self._mine():
            return await self._leave()
        replica, now, abandoned = self._runner.shared.replica, self._clock.now(), self._runner.abandoned
        async with self._store.read() as tx:
            found = await find_unfinished(tx, self._vault, now, replica, abandoned)
            owing = await find_undelivered(tx, self._vault, now)
        for asked in owing:
            await run_guarded(self._outcomes.owed(asked), "answer", invocation=asked.id)
        return len(owing) + sum([await self._take_up(asked, replica) for asked in found])

    async def next_at(self) -> datetime | None:
        """When there is something to look for, or to tell."""
        if self._runner.abandoned:
            return self._clock.now() + _BREATH
        if not self._mine():
            return None
        async with self._store.read() as tx:
            return await find_next_invocation_due(tx)

    async def _leave(self) -> int:
        """Only the writer looks after what was cut off: it is told by an empty name of a replica."""
        left = frozenset(self._runner.abandoned)
        if left:
            async with self._store.write() as tx:
                await abandon_invocations(tx, left, self._runner.shared.replica)
            self._runner.abandoned -= left
        return len(left)

    async def _take_up(self, asked: Invocation, replica: str) -> bool:
        """One that cannot be looked after now keeps nobody else waiting."""
        self._runner.abandoned.discard(asked.id)
        try:
            async with self._store.write() as tx:
                if not await adopt_invocation(tx, asked.id, replica):
                    return False
            await run_guarded(self._resume(asked), "recovery", invocation=asked.id)
        except KitestringError as error:
            log.warning("not resumed yet", invocation=asked.id, error=str(error))
            self._runner.abandoned.add(asked.id)
            return False
        return True

    async def _resume(self, asked: Invocation) -> None:
        log.info("resuming", invocation=asked.id, operation=asked.operation, state=asked.state)
        op = self._runner.shared.registry.find(asked.operation)
        age = self._clock.now() - (asked.created_at or self._clock.now())
        if op is None:
            await self._outcomes.report(asked, "failed", _lost(asked), retry=False)
        elif asked.state == "accepted" and age < _STILL_WANTED:
            self._runner.spawn(self._runner.run(asked))
        elif asked.state == "accepted" or (op.effect is Effect.READ and op.probe is None):
            await self._outcomes.report(asked, "failed", _lost(asked), retry=True)
        else:
            await self._settle(asked, op)

    async def _settle(self, asked: Invocation, op: Operation) -> None:
        """Look whether it happened. Absence counts once the request can no longer be under way."""
        try:
            reply = await run_guarded(self._probe(asked, op), "probe", invocation=asked.id)
            if reply is not None:
                await run_guarded(self._happened(asked, reply), "recovery", invocation=asked.id)
                return
        except KitestringError:
            await self._again(asked)
            return
        if op.probe is None:
            await self._outcomes.report(asked, "failed", _undecided(asked), retry=False)
        elif self._clock.now() - (asked.started_at or self._clock.now()) < SECOND_LOOK or not asked.attempts:
            await self._again(asked)
        else:
            await self._outcomes.report(asked, "failed", _absent(asked), retry=True)

    async def _probe(self, asked: Invocation, op: Operation) -> Reply | None:
        if op.probe is None:
            return None
        actor = await self._people.actor(asked.user, asked.thread, asked.via)
        args = validate(op, asked.args.get("args", {}))
        return await op.probe(args, self._runner.context(asked, actor))

    async def _happened(self, asked: Invocation, reply: Reply) -> None:
        actor = await self._people.actor(asked.user, asked.thread, asked.via)
        await self._runner.finish(asked, reply, actor)
        await self._outcomes.mention_late(asked, _did(asked, reply))

    async def _again(self, asked: Invocation) -> None:
        if asked.attempts >= _LOOKS:
            await self._outcomes.report(asked, "failed", _undecided(asked), retry=False)
            return
        wait = max(SECOND_LOOK, timedelta(seconds=backoff_seconds(asked.attempts + 1, base=5)))
        async with self._store.write() as tx:
            await postpone_invocation(tx, asked.id, self._clock.now() + wait)


def _did(asked: Invocation, reply: Reply) -> Mrkdwn:
    name = asked.operation
    if reply.follow is None:
        return md("I was interrupted while I did `{name}` for you. It did happen.", name=name)
    build = link(reply.follow.web_url, str(reply.follow.ref))
    return md("I was interrupted while I did `{name}` for you. It did happen: {build}.", name=name, build=build)


def _absent(asked: Invocation) -> Mrkdwn:
    return md("I was interrupted while I did `{name}` for you. It did *not* happen.", name=asked.operation)


def _lost(asked: Invocation) -> Mrkdwn:
    return md("I was restarted before I could do `{name}` for you. Nothing was done.", name=asked.operation)


def _undecided(asked: Invocation) -> Mrkdwn:
    return md(
        "I was interrupted while I did `{name}` for you, and cannot tell whether it happened. Please look.",
        name=asked.operation,
    )
