"""Records invocations: their arrival, their start, and their end with everything that follows from it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from bot.access.approvals.closing import end_proposal
from bot.access.approvals.model import ProposalEnd, ProposalState
from bot.access.queries import record_audit_entry
from bot.builds.fold.build_fold import BuildFold
from bot.builds.model import NewCard
from bot.builds.queries import mark_build_cards_due, plan_earlier_read
from bot.errors import Unavailable, UsageError
from bot.execution.act_records import find_subject_of_buttons, record_answered_act
from bot.execution.duplicates import DUPLICATE_WINDOW, render_duplicate
from bot.execution.outcomes import UNCERTAIN, make_outcome
from bot.execution.queries import find_same_request
from bot.execution.stages import Answer, Recorded
from bot.history.queries import are_webhooks_arriving
from bot.notifications.reminders.reminders import schedule_reminders
from bot.operations.build_wording import link_build
from bot.operations.choices import make_choice_id
from bot.operations.command_masking import mask_arguments
from bot.operations.invocation import (
    Invocation,
    Outcome,
    Request,
    StoredAnswer,
)
from bot.operations.operation import Effect, Operation
from bot.operations.queries import (
    begin_invocation,
    close_answered,
    close_invocation,
    insert_invocation,
    is_repeat,
    postpone_invocation,
)
from bot.operations.registry import Registry
from bot.operations.reply import Call, Reply
from bot.runtime.clock import Clock
from bot.runtime.json_types import JsonObject, JsonValue
from bot.slack.blockkit.blocks import Message
from bot.slack.blockkit.mrkdwn import Mrkdwn, cut, md
from bot.slack.queries import enqueue_message
from bot.store.transactions import Store, Tx
from bot.store.vault import Vault

# Buildkite's client times out after ten seconds. Until ten more have passed, the request may still take effect,
# so an absent build proves nothing.
SECOND_PROBE_DELAY = timedelta(seconds=20)
# Delivering an answer takes a second or two. After this long the process must have died before it could.
_DELIVERY_DEADLINE = timedelta(seconds=30)
# Characters of an outcome that fit on a proposal's card.
_OUTCOME_LIMIT = 300


class InvocationRecords:
    """Writes invocations to the database; sends nothing.

    `replica` names this process. `wake` wakes the leader's loops when there is work for them; `wake_soon` a little
    later, when there may be.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        clock: Clock,
        registry: Registry,
        replica: str,
        wake: Callable[[], None],
        wake_soon: Callable[[], None],
    ) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._registry = registry
        self._replica = replica
        self._wake = wake
        self._wake_soon = wake_soon

    async def accept(self, request: Request, call: Call) -> Recorded:
        """Store a call, or find the invocation that has its key already; durable once this returns.

        Raises Unavailable.
        """
        invocation = request.make_invocation(make_choice_id(), call.operation, call.args)
        invocation = replace(invocation, flags=replace(request.flags, confirmed=call.confirmed))
        if request.via == "button" and self._registry[call.operation].may_run_twice:
            # Pressing again is a new request. Only what mustn't run twice is recognized by its button.
            invocation = replace(invocation, key=f"read:{invocation.id}")
        return await self.accept_again(invocation)

    async def accept_again(self, invocation: Invocation) -> Recorded:
        """Store an invocation whose key may be free by now, or find the one that has it. Raises Unavailable."""
        first = await insert_invocation(self._store, self._vault, invocation, self._clock.now(), self._replica)
        return Recorded(invocation, first)

    async def has_accepted(self, key: str) -> bool:
        """Return whether a request with that key was accepted before. Raises Unavailable."""
        async with self._store.read() as tx:
            return await is_repeat(tx, key)

    async def begin(self, invocation: Invocation, op: Operation) -> bool:
        """Mark the invocation as running; False where another replica has taken it over.

        From here on recovery knows that it may have happened. Reads change nothing, so a single replica doesn't
        record their start.
        """
        if op.effect is Effect.READS and self._store.sqlite:
            return True
        async with self._store.write() as tx:
            return await begin_invocation(tx, self._vault, invocation, self._clock.now(), self._replica)

    async def close(self, answer: Answer) -> Reply | None:
        """Close an operation that succeeded; returns a reply about an earlier equal request, if any.

        Closing the invocation, tracking the build and queueing the public answer are one transaction, so that a
        crash can't keep one and lose another.
        """
        if not (answer.public or _has_effects(answer)):
            await self._close_answered(answer)
            self._wake_soon()
            return None
        duplicate = await self._close_with_effects(answer)
        self._wake()
        return duplicate

    async def _close_answered(self, answer: Answer) -> None:
        """Close an invocation that has no effect but its private answer."""
        invocation, now = answer.invocation, self._clock.now()
        deadline, detail = now + _DELIVERY_DEADLINE, self.describe(invocation)
        kept = _keep(invocation, answer.message, make_outcome(invocation, answer.reply))
        await close_answered(self._store, invocation, kept, now, deadline, detail)

    async def _close_with_effects(self, answer: Answer) -> Reply | None:
        invocation, reply, where, now = answer.invocation, answer.reply, answer.where, self._clock.now()
        async with self._store.write() as tx:
            await record_answered_act(tx, answer, now)
            if answer.public and not invocation.flags.proposal:
                # Queued before the build's own messages, so that people first read who did it.
                key, about = f"answer:{invocation.id}", find_subject_of_buttons(answer)
                await enqueue_message(tx, key, where, answer.message, now, invocation.user, about)
            await self._fold_builds(tx, answer)
            await schedule_reminders(tx, reply, where, invocation.user, now)
            undelivered = not answer.public and reply.card_build is None
            kept = _keep(invocation, answer.repeated, make_outcome(invocation, reply))
            detail = self.describe(invocation)
            await self._close(tx, invocation, "done", kept, detail, undelivered=undelivered)
            await self._end_proposal(tx, invocation, _describe_success(reply))
            return await self._find_duplicate(tx, invocation, reply)

    async def _fold_builds(self, tx: Tx, answer: Answer) -> None:
        invocation, reply = answer.invocation, answer.reply
        if not (reply.builds or reply.card_build or reply.extra_card_build):
            return
        fold = BuildFold(self._clock.now(), await are_webhooks_arriving(tx, self._clock.now()))
        await fold.fold_webhooks(tx, [(build, build.jobs) for build in reply.builds])
        if build := reply.card_build or reply.extra_card_build:
            # Someone who only follows a build hasn't started it, and its card says so.
            watching = answer.op.effect is not Effect.CHANGES_BUILDKITE
            card = NewCard(
                make_choice_id(),
                answer.where,
                invocation.user,
                invocation.id,
                watching,
                agent=invocation.agent or None,
            )
            await fold.track(tx, build, card)

    async def _find_duplicate(self, tx: Tx, invocation: Invocation, reply: Reply) -> Reply | None:
        """Return a reply that offers to undo an equal command that the person typed a moment before.

        Typing a command twice is allowed to start two builds, because people do mean that sometimes.
        """
        if reply.card_build is None or invocation.via not in ("slash", "mention"):
            return None
        now = self._clock.now()
        before = await find_same_request(tx, invocation, now - DUPLICATE_WINDOW)
        return render_duplicate(before[0].build, before[1], now, reply.card_build) if before else None

    async def close_without_effect(
        self, invocation: Invocation, state: str, message: Message, problem: JsonObject
    ) -> None:
        """Close an invocation that had no effect: refused, failed, or replaced by a question."""
        async with self._store.write() as tx:
            rule = problem.get("rule")
            detail = self.describe(invocation) | ({"rule": rule} if rule else {})
            kept = _keep(invocation, message, make_outcome(invocation, None, problem))
            # The message about the end of a proposal says what failed.
            await self._close(tx, invocation, state, kept, detail, undelivered=not invocation.flags.proposal)
            end = ProposalState.DONE if state == "done" else ProposalState.FAILED
            outcome = cut(Mrkdwn(message.text), _OUTCOME_LIMIT)
            await self._end_proposal(tx, invocation, ProposalEnd(end, outcome=outcome, answer=message))
        if invocation.flags.proposal:
            self._wake()

    async def mark_unconfirmed(self, invocation: Invocation) -> None:
        """Mark an invocation as unknown, so that recovery finds out whether it happened."""
        now = self._clock.now()
        async with self._store.write() as tx:
            await postpone_invocation(tx, invocation.id, now + SECOND_PROBE_DELAY)
            await record_audit_entry(tx, invocation, "unknown", now, self.describe(invocation))
        self._wake()

    async def plan_read(self, args: JsonObject) -> None:
        """Read the tracked build that an operation failed on: its card is probably out of date."""
        pipeline, number = args.get("pipeline"), args.get("number")
        if isinstance(pipeline, str) and isinstance(number, int | str) and number:
            with suppress(Unavailable):
                async with self._store.write() as tx:
                    await plan_earlier_read(tx, pipeline, int(number), self._clock.now())
                self._wake()

    async def _close(
        self,
        tx: Tx,
        invocation: Invocation,
        state: str,
        kept: StoredAnswer,
        detail: dict[str, JsonValue],
        *,
        undelivered: bool,
    ) -> None:
        """Close an invocation; `undelivered`: the answer is still to be sent."""
        now = self._clock.now()
        deadline = now + _DELIVERY_DEADLINE if undelivered else None
        op = self._registry.find(invocation.operation)
        frees_button = op is not None and op.frees_button
        problem = (kept.outcome.problem if kept.outcome else None) or {}
        await close_invocation(
            tx,
            invocation,
            state,
            kept,
            now,
            deadline,
            frees_button=frees_button,
            is_certain=problem.get("kind") != UNCERTAIN,
        )
        await record_audit_entry(tx, invocation, state, now, detail)

    async def _end_proposal(self, tx: Tx, invocation: Invocation, end: ProposalEnd) -> None:
        """End the proposal that an invocation carried out, if it did, and let its build's cards show that."""
        if not invocation.flags.proposal:
            return
        now = self._clock.now()
        proposal = await end_proposal(tx, self._vault, invocation.flags.proposal, end, now)
        if proposal and proposal.build:
            await mark_build_cards_due(tx, proposal.build, now)

    def describe(self, invocation: Invocation) -> dict[str, JsonValue]:
        """Return what the audit keeps of an invocation, whatever its outcome; its arguments masked."""
        op = self._registry.find(invocation.operation)
        args = mask_arguments(op, _normalise(op, invocation.args), self._registry) if op else {}
        known: dict[str, JsonValue] = {"rule": invocation.rule} if invocation.rule is not None else {}
        if invocation.flags.token:
            known |= {"token": invocation.flags.token, "agent": invocation.agent}
        return {**known, "args": args} if args else known


def _normalise(op: Operation, given: JsonObject) -> JsonObject:
    """Return typed arguments as they would be used (`web#41` is a pipeline and a number), or else as typed."""
    try:
        return op.args.model_validate(dict(given)).model_dump(mode="json", exclude_none=True, exclude_unset=True)
    except (UsageError, ValueError):
        return given


def _describe_success(reply: Reply) -> ProposalEnd:
    """Return the end of a proposal that was carried out."""
    build = reply.card_build
    text = md("{build} has started", build=link_build(build)) if build else md("{text}", text=reply.text)
    outcome = cut(text, _OUTCOME_LIMIT)
    return ProposalEnd(ProposalState.DONE, outcome=outcome, result=str(build.ref) if build else None)


def _has_effects(answer: Answer) -> bool:
    reply = answer.reply
    builds = reply.builds or reply.card_build or reply.extra_card_build
    if builds or reply.reminders or reply.clears_reminder or answer.invocation.flags.proposal:
        return True
    return answer.op.effect is not Effect.READS


def _keep(invocation: Invocation, answer: Message, outcome: Outcome | None) -> StoredAnswer:
    return StoredAnswer(answer, invocation.flags.replaces, outcome)
