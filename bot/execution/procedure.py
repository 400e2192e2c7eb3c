"""Carries out a request, stage by stage, from its arrival to its answer.

    received → parsed → recorded → acknowledged → authorised → confirmed → performed → recorded → answered

Each stage turns one value of `stages` into the next. A stage that ends the procedure early (a mistake, a refusal,
a question, a proposal) closes the invocation with its answer. Recovery re-enters after a crash at `carry_out`, if
nothing was begun, or at `conclude`, if a probe finds that the operation happened.
"""

from __future__ import annotations

from contextlib import suppress

from bot.errors import KitestringError
from bot.execution.answering import Answering
from bot.execution.authorisation import Authoriser
from bot.execution.background import BackgroundTasks
from bot.execution.default_pipeline import mention_default
from bot.execution.endings import Endings, mark_sent
from bot.execution.interrupted import InterruptedInvocations
from bot.execution.parsing import CommandParser
from bot.execution.proposing import Proposer
from bot.execution.records import InvocationRecords
from bot.execution.stages import Answer, Authorised, Confirmed, Performed, Recorded, Stopped, stopping
from bot.operations.invocation import Invocation, Request
from bot.operations.reply import Call
from bot.runtime.error_boundary import InternalError, run_guarded


class Procedure:
    """The only way to run an operation, whatever the surface: text, a button, a form, an event or a proposal."""

    def __init__(
        self,
        parser: CommandParser,
        records: InvocationRecords,
        authoriser: Authoriser,
        proposer: Proposer,
        answering: Answering,
        endings: Endings,
        background: BackgroundTasks,
        interrupted: InterruptedInvocations,
    ) -> None:
        self._parser = parser
        self._records = records
        self._authoriser = authoriser
        self._proposer = proposer
        self._answering = answering
        self._endings = endings
        self._background = background
        self._interrupted = interrupted

    async def parse(self, request: Request, text: str, *, overheard: bool = False) -> Call:
        """Return the call that a person typed. Raises UsageError, and Unavailable if aliases can't be read.

        `overheard`: it may be talk between people.
        """
        return await self._parser.parse(request, text, overheard=overheard)

    async def receive(self, request: Request, call: Call) -> None:
        """Record a call and start it. The caller may acknowledge it once this returns. Raises Unavailable."""
        self.start(await self.record(request, call))

    async def has_received(self, key: str) -> bool:
        """Return whether a request with that key was recorded before. Raises Unavailable."""
        return await self._records.has_accepted(key)

    async def record(self, request: Request, call: Call) -> Recorded:
        """Store a call durably, or find the earlier invocation that it repeats. Raises Unavailable."""
        return await self._records.accept(request, call)

    def start(self, recorded: Recorded) -> None:
        """Carry out a new invocation in the background; a repeat gets the first one's answer instead."""
        work = self.carry_out(recorded.first) if recorded.is_new else self._repeat(recorded)
        self._background.spawn(work, recorded.invocation.id)

    def resume(self, invocation: Invocation) -> None:
        """Carry out an invocation in the background that was recorded, but never begun."""
        self._background.spawn(self.carry_out(invocation))

    async def carry_out(self, invocation: Invocation) -> None:
        """Carry out a recorded invocation and answer it. Raises nothing."""
        try:
            await run_guarded(self._run_stages(invocation), invocation.operation, invocation=invocation.id)
        except Stopped as stopped:
            await self.fail(stopped.invocation, stopped.error)
        except KitestringError as error:
            await self.fail(invocation, error)

    async def _run_stages(self, invocation: Invocation) -> None:
        authorised = await self._authoriser.authorise(invocation)
        with stopping(authorised.invocation):
            confirmed = await self.confirm(authorised)
            performed = await self.perform(confirmed) if confirmed else None
            if performed:
                try:
                    await run_guarded(self.conclude(performed), invocation.operation, invocation=invocation.id)
                except KitestringError as error:
                    raise mark_sent(performed.op, error) from error

    async def confirm(self, authorised: Authorised) -> Confirmed | None:
        """Ask what must be asked before the operation begins; None where the person or approvers answer first."""
        invocation, op, args, ctx = authorised.invocation, authorised.op, authorised.args, authorised.ctx
        if op.confirm and not invocation.flags.confirmed and (question := await op.confirm(args, ctx)):
            await self._endings.ask_confirmation(invocation, question)
            return None
        if op.posts_card and not invocation.flags.direct and not await self._answering.can_post(invocation):
            await self._endings.ask_invitation(invocation)
            return None
        if authorised.requirement and not await self._authoriser.has_approvals(authorised):
            description = self._records.describe(invocation)
            await self._proposer.propose(authorised, authorised.requirement, description)
            return None
        return Confirmed(invocation, op, args, authorised.actor, ctx)

    async def perform(self, confirmed: Confirmed) -> Performed | None:
        """Begin the operation and run it, once; None where another replica has taken it over. Raises its error."""
        invocation, op = confirmed.invocation, confirmed.op
        if not await self._records.begin(invocation, op):
            return None
        try:
            reply = await run_guarded(op.run(confirmed.args, confirmed.ctx), op.name, invocation=invocation.id)
        except KitestringError as error:
            await self._records.plan_read(invocation.args)
            # A bug after the request was sent says nothing about whether Buildkite carried it out.
            raise mark_sent(op, error) if isinstance(error, InternalError) else error from error
        return Performed(invocation, op, mention_default(reply, invocation.assumed), confirmed.actor)

    async def conclude(self, performed: Performed) -> Answer:
        """Record that the operation succeeded, with all that follows from it, and answer; return the answer."""
        answer = await self._answering.render(performed)
        duplicate = await self._records.close(answer)
        await self._answering.send(answer, duplicate)
        return answer

    async def fail(self, invocation: Invocation, error: KitestringError) -> None:
        """Record and explain a failure; leave it to recovery if that can't be recorded. Raises nothing."""
        try:
            await run_guarded(self._endings.fail(invocation, error), "answer", invocation=invocation.id)
        except KitestringError:
            self._interrupted.abandon(invocation)

    async def _repeat(self, recorded: Recorded) -> None:
        """Answer a repeat like the first request, or with the state of its proposal. Raises nothing."""
        invocation = recorded.invocation.id
        with suppress(KitestringError):
            recorded = await run_guarded(self._await_other_people(recorded), "repeat", invocation=invocation)
            if recorded.is_new:
                await self.carry_out(recorded.first)
                return
            find = self._proposer.find(recorded.first.id)
            proposal = await run_guarded(find, "repeat", invocation=recorded.first.id)
            await self._answering.repeat(recorded, proposal)

    async def _await_other_people(self, recorded: Recorded) -> Recorded:
        """Wait while other people's presses of the same button are carried out: one that's refused frees it.

        Otherwise a guest's press could swallow the press of someone who may use the button. Raises Unavailable.
        """
        while recorded.first.is_open and recorded.first.user != recorded.invocation.user:
            if not await self._background.wait_for(recorded.first.id):
                break  # it runs in another process
            recorded = await self._records.accept_again(recorded.invocation)
        return recorded
