"""Finds interrupted invocations, finds out whether they happened, and finishes or reports them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.errors import KitestringError
from bot.execution.answering import Answering
from bot.execution.authorisation import Authoriser
from bot.execution.endings import Endings
from bot.execution.interrupted import InterruptedInvocations
from bot.execution.procedure import Procedure
from bot.execution.records import SECOND_PROBE_DELAY
from bot.execution.stages import Performed
from bot.operations.interruption import RecoveryStep, may_run_again, plan_recovery
from bot.operations.invocation import Invocation
from bot.operations.operation import Effect, Operation
from bot.operations.registry import Registry
from bot.operations.validation import validate
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import run_guarded
from bot.runtime.token_bucket import backoff_seconds
from bot.slack.blockkit.mrkdwn import Mrkdwn, link, md

# With the growing wait between them, eight probes take over ten minutes; after that a person has to check.
_PROBES_LIMIT = 8
# The database just failed, so give it a moment before the next try.
_RETRY_DELAY = timedelta(seconds=5)
log = structlog.stdlib.get_logger(__name__)


class Recovery:
    """Re-enters the procedure after a crash or an outage, without repeating what may have happened.

    An invocation that was accepted but not begun is carried out. One that was begun is probed: if it happened, it
    is concluded, otherwise its requester gets a report. `is_leader`: only the leader adopts invocations of other
    replicas.
    """

    def __init__(
        self,
        interrupted: InterruptedInvocations,
        registry: Registry,
        clock: Clock,
        authoriser: Authoriser,
        procedure: Procedure,
        answering: Answering,
        endings: Endings,
        is_leader: Callable[[], bool],
    ) -> None:
        self._interrupted = interrupted
        self._registry = registry
        self._clock = clock
        self._authoriser = authoriser
        self._procedure = procedure
        self._answering = answering
        self._endings = endings
        self._is_leader = is_leader

    async def begin(self) -> None:
        """Recover at startup what the previous process left unfinished."""
        await self.tick()

    async def tick(self) -> int:
        """Recover unknown and cut-off invocations, and deliver overdue answers; returns how many."""
        if not self._is_leader():
            return await self._interrupted.release_abandoned()
        unfinished, undelivered = await self._interrupted.find_interrupted()
        for invocation in undelivered:
            await run_guarded(self._answering.deliver_late(invocation), "answer", invocation=invocation.id)
        return len(undelivered) + sum([await self._adopt(invocation) for invocation in unfinished])

    async def next_at(self) -> datetime | None:
        """Return when the next probe or delivery is due."""
        if self._interrupted.has_abandoned:
            return self._clock.now() + _RETRY_DELAY
        return await self._interrupted.find_next_due() if self._is_leader() else None

    async def _adopt(self, invocation: Invocation) -> bool:
        """Adopt and resume one invocation; on failure leave it for later, so that it doesn't hold up others."""
        try:
            if not await self._interrupted.adopt(invocation):
                return False
            await run_guarded(self._resume(invocation), "recovery", invocation=invocation.id)
        except KitestringError as error:
            log.warning("not resumed yet", invocation=invocation.id, error=str(error))
            self._interrupted.abandon(invocation)
            return False
        return True

    async def _resume(self, invocation: Invocation) -> None:
        log.info("resuming", invocation=invocation.id, operation=invocation.operation, state=invocation.state)
        op = self._registry.find(invocation.operation)
        match plan_recovery(op, invocation, self._clock.now()):
            case RecoveryStep.RUN:
                self._procedure.resume(invocation)
            case RecoveryStep.REPORT_UNCHANGED:
                unchanged = _render_unchanged(invocation)
                await self._endings.report(invocation, "failed", unchanged, retry=op is not None)
            case RecoveryStep.PROBE if op:
                await self._find_out(invocation, op)
            case _:
                await self._report_unknown(invocation, op)

    async def _report_unknown(self, invocation: Invocation, op: Operation | None) -> None:
        retry = op is not None and op.repeatable
        unknown = _render_unknown(invocation, op)
        await self._endings.report(invocation, "failed", unknown, retry=retry, is_certain=retry)

    async def _find_out(self, invocation: Invocation, op: Operation) -> None:
        """Probe whether the operation took effect.

        In Buildkite, finding nothing counts only on a second probe: until then the request may be in progress.
        """
        try:
            performed = await run_guarded(self._probe(invocation, op), "probe", invocation=invocation.id)
            if performed is not None:
                await run_guarded(self._conclude_late(performed), "recovery", invocation=invocation.id)
                return
        except KitestringError:
            await self._postpone(invocation, op)
            return
        if may_run_again(op, invocation, self._clock.now()):
            self._procedure.resume(invocation)
        elif (
            self._clock.now() - (invocation.started_at or self._clock.now()) < SECOND_PROBE_DELAY
            or not invocation.attempts
        ):
            await self._postpone(invocation, op)
        else:
            await self._endings.report(invocation, "failed", _render_absent(invocation), retry=True)

    async def _probe(self, invocation: Invocation, op: Operation) -> Performed | None:
        if op.probe is None:
            return None
        actor, ctx = await self._authoriser.prepare_probe(invocation, op)
        reply = await op.probe(validate(op, invocation.args), ctx)
        return Performed(invocation, op, reply, actor) if reply else None

    async def _conclude_late(self, performed: Performed) -> None:
        answer = await self._procedure.conclude(performed)
        if answer.public or answer.reply.card_build:  # a private answer itself says what happened
            await self._answering.note(performed.invocation, _render_finished(performed))

    async def _postpone(self, invocation: Invocation, op: Operation) -> None:
        if invocation.attempts >= _PROBES_LIMIT:
            await self._report_unknown(invocation, op)
            return
        wait = max(SECOND_PROBE_DELAY, timedelta(seconds=backoff_seconds(invocation.attempts + 1, base=5)))
        await self._interrupted.postpone(invocation, self._clock.now() + wait)


def _render_finished(performed: Performed) -> Mrkdwn:
    name, reply = performed.invocation.operation, performed.reply
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
