"""Finds interrupted invocations, finds out whether they happened, and finishes or reports them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.errors import KitestringError
from bot.execution.outcome_records import SECOND_PROBE_DELAY
from bot.execution.outcomes import Outcomes
from bot.execution.runner import Runner
from bot.operations.interruption import RecoveryStep, may_run_again, plan_recovery
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
from bot.slack.people import PeopleDirectory
from bot.store.transactions import Transactions
from bot.store.vault import Vault

# With the growing wait between them, eight probes take over ten minutes; after that a person has to check.
_PROBES_LIMIT = 8
# The database just failed, so give it a moment before the next try.
_RETRY_DELAY = timedelta(seconds=5)
log = structlog.stdlib.get_logger(__name__)


class Recovery:
    """Runs invocations that were accepted but not begun, and probes those that were begun, without repeating them.

    `is_leader`: only the leader adopts invocations of other replicas.
    """

    def __init__(
        self,
        store: Transactions,
        vault: Vault,
        clock: Clock,
        people: PeopleDirectory,
        runner: Runner,
        outcomes: Outcomes,
        is_leader: Callable[[], bool],
    ) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._people = people
        self._runner = runner
        self._outcomes = outcomes
        self._is_leader = is_leader

    async def begin(self) -> None:
        """Recover at startup what the previous process left unfinished."""
        await self.tick()

    async def tick(self) -> int:
        """Recover unknown and cut-off invocations, and deliver overdue answers; returns how many."""
        if not self._is_leader():
            return await self._release_abandoned()
        replica, now, abandoned = self._runner.services.replica, self._clock.now(), self._runner.abandoned
        async with self._store.read() as tx:
            found = await find_unfinished(tx, self._vault, now, replica, abandoned)
            undelivered = await find_undelivered(tx, self._vault, now)
        for invocation in undelivered:
            await run_guarded(self._outcomes.deliver_late(invocation), "answer", invocation=invocation.id)
        return len(undelivered) + sum([await self._adopt(invocation, replica) for invocation in found])

    async def next_at(self) -> datetime | None:
        """Return when the next probe or delivery is due."""
        if self._runner.abandoned:
            return self._clock.now() + _RETRY_DELAY
        if not self._is_leader():
            return None
        async with self._store.read() as tx:
            return await find_next_invocation_due(tx)

    async def _release_abandoned(self) -> int:
        """Hand abandoned invocations to the leader by clearing their replica, because only the leader recovers."""
        abandoned = frozenset(self._runner.abandoned)
        if abandoned:
            async with self._store.write() as tx:
                await abandon_invocations(tx, abandoned, self._runner.services.replica)
            self._runner.abandoned -= abandoned
        return len(abandoned)

    async def _adopt(self, invocation: Invocation, replica: str) -> bool:
        """Adopt and resume one invocation; on failure leave it for later, so that it doesn't hold up others."""
        self._runner.abandoned.discard(invocation.id)
        try:
            async with self._store.write() as tx:
                if not await adopt_invocation(tx, invocation.id, replica):
                    return False
            await run_guarded(self._resume(invocation), "recovery", invocation=invocation.id)
        except KitestringError as error:
            log.warning("not resumed yet", invocation=invocation.id, error=str(error))
            self._runner.abandoned.add(invocation.id)
            return False
        return True

    async def _resume(self, invocation: Invocation) -> None:
        log.info("resuming", invocation=invocation.id, operation=invocation.operation, state=invocation.state)
        op = self._runner.services.registry.find(invocation.operation)
        match plan_recovery(op, invocation, self._clock.now()):
            case RecoveryStep.RUN:
                self._runner.spawn(self._runner.run(invocation))
            case RecoveryStep.REPORT_UNCHANGED:
                unchanged = _render_unchanged(invocation)
                await self._outcomes.report(invocation, "failed", unchanged, retry=op is not None)
            case RecoveryStep.PROBE if op:
                await self._find_out(invocation, op)
            case _:
                await self._report_unknown(invocation, op)

    async def _report_unknown(self, invocation: Invocation, op: Operation | None) -> None:
        retry = op is not None and op.repeatable
        await self._outcomes.report(invocation, "failed", _render_unknown(invocation, op), retry=retry)

    async def _find_out(self, invocation: Invocation, op: Operation) -> None:
        """Probe whether the operation took effect.

        In Buildkite, finding nothing counts only on a second probe: until then the request may be in progress.
        """
        try:
            reply = await run_guarded(self._probe(invocation, op), "probe", invocation=invocation.id)
            if reply is not None:
                await run_guarded(self._finish_late(invocation, reply), "recovery", invocation=invocation.id)
                return
        except KitestringError:
            await self._postpone(invocation, op)
            return
        if may_run_again(op, invocation, self._clock.now()):
            self._runner.spawn(self._runner.run(invocation))
        elif (
            self._clock.now() - (invocation.started_at or self._clock.now()) < SECOND_PROBE_DELAY
            or not invocation.attempts
        ):
            await self._postpone(invocation, op)
        else:
            await self._outcomes.report(invocation, "failed", _render_absent(invocation), retry=True)

    async def _probe(self, invocation: Invocation, op: Operation) -> Reply | None:
        if op.probe is None:
            return None
        actor = await self._people.find_actor(invocation.user, invocation.thread, invocation.via)
        args = validate(op, invocation.args)
        access = self._runner.get_own_access()
        return await op.probe(args, self._runner.build_context(op, invocation, actor, access))

    async def _finish_late(self, invocation: Invocation, reply: Reply) -> None:
        actor = await self._people.find_actor(invocation.user, invocation.thread, invocation.via)
        await self._runner.finish(invocation, reply, actor)
        await self._outcomes.report_late_success(invocation, _render_finished(invocation, reply))

    async def _postpone(self, invocation: Invocation, op: Operation) -> None:
        if invocation.attempts >= _PROBES_LIMIT:
            await self._report_unknown(invocation, op)
            return
        wait = max(SECOND_PROBE_DELAY, timedelta(seconds=backoff_seconds(invocation.attempts + 1, base=5)))
        async with self._store.write() as tx:
            await postpone_invocation(tx, invocation.id, self._clock.now() + wait)


def _render_finished(invocation: Invocation, reply: Reply) -> Mrkdwn:
    name = invocation.operation
    if reply.card_build is None:
        return md("I was interrupted while running `{name}`. It went through.", name=name)
    build = link(reply.card_build.web_url, str(reply.card_build.ref))
    return md("I was interrupted while running `{name}`. It went through: {build}.", name=name, build=build)


def _render_absent(invocation: Invocation) -> Mrkdwn:
    return md("I was interrupted while running `{name}`. It did *not* go through.", name=invocation.operation)


def _render_unchanged(invocation: Invocation) -> Mrkdwn:
    return md("I was restarted before I could run `{name}`. Nothing has changed.", name=invocation.operation)


def _render_unknown(invocation: Invocation, op: Operation | None) -> Mrkdwn:
    return md(
        "I was interrupted while running `{name}` and can't tell whether it went through. {advice}",
        name=invocation.operation,
        advice=_advise(op),
    )


def _advise(op: Operation | None) -> str:
    """Return how the person can find out, or that they needn't."""
    if op is not None and op.repeatable:
        return "Running it again does no harm."
    in_buildkite = op is not None and op.effect is Effect.CHANGES_BUILDKITE
    return "Check in Buildkite." if in_buildkite else "Check before you run it again."
