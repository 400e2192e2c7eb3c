"""Records the outcomes of invocations, with everything that follows from them, in one transaction."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from bot.access.approvals.model import ProposalState
from bot.access.approvals.queries import close_proposal
from bot.access.queries import record_audit_entry
from bot.builds.fold.build_fold import BuildFold
from bot.errors import KitestringError
from bot.execution.duplicates import DUPLICATE_WINDOW, render_duplicate
from bot.execution.queries import find_same_request
from bot.history.queries import are_webhooks_arriving
from bot.notifications.reminders.reminders import schedule_reminders
from bot.operations.build_wording import link_build
from bot.operations.choices import make_choice_id
from bot.operations.invocation import Invocation, StoredAnswer
from bot.operations.operation import Effect, Registry
from bot.operations.queries import close_answered, close_invocation, postpone_invocation
from bot.operations.reply import Reply
from bot.runtime.clock import Clock
from bot.runtime.redaction import mask_tokens
from bot.slack.blockkit.blocks import Message
from bot.slack.blockkit.mrkdwn import Mrkdwn, cut, md
from bot.slack.queries import enqueue_message
from bot.slack.types import Thread
from bot.store.transactions import Store, Tx

# Buildkite's client times out after ten seconds. Until ten more have passed, the request may still take effect,
# so an absent build proves nothing.
SECOND_PROBE_DELAY = timedelta(seconds=20)
# Delivering an answer takes a second or two. After this long the process must have died before it could.
_DELIVERY_DEADLINE = timedelta(seconds=30)
# Characters of an outcome that fit on a proposal's card.
_OUTCOME_LIMIT = 300


class OutcomeRecords:
    """Writes the end of invocations to the database; sends nothing."""

    def __init__(self, store: Store, clock: Clock, registry: Registry) -> None:
        self._store = store
        self._clock = clock
        self._registry = registry

    async def record_answer(self, invocation: Invocation, answer: Message) -> None:
        """Close an invocation that has no effect but its private answer."""
        now = self._clock.now()
        deadline, detail = now + _DELIVERY_DEADLINE, mask_arguments(_get_detail(invocation))
        await close_answered(self._store, invocation, _keep(invocation, answer), now, deadline, detail)

    async def record_effects(
        self,
        invocation: Invocation,
        reply: Reply,
        where: Thread,
        answer: Message,
        repeat: Message,
        *,
        public: bool,
    ) -> Reply | None:
        """Close an invocation with all its effects; returns a reply about an earlier equal request, if any.

        `repeat` is the answer that the same click or form gets when it is sent again.
        """
        async with self._store.write() as tx:
            if public:  # queued before the build's own messages, so that people first read who did it
                key, body = f"answer:{invocation.id}", asdict(answer)
                await enqueue_message(
                    tx, key, "answer", where, self._clock.now(), body=body, requester=invocation.user
                )
            await self._fold_builds(tx, invocation, reply, where)
            await schedule_reminders(tx, reply, where, invocation.user, self._clock.now())
            undelivered = not public and reply.card_build is None
            summary = md("started {build}", build=link_build(reply.card_build)) if reply.card_build else None
            detail = _get_detail(invocation)
            await self._close(tx, invocation, "done", repeat, undelivered=undelivered, summary=summary, **detail)
            return await self._find_duplicate(tx, invocation, reply)

    async def _fold_builds(self, tx: Tx, invocation: Invocation, reply: Reply, where: Thread) -> None:
        if not (reply.builds or reply.card_build or reply.extra_card_build):
            return
        fold = BuildFold(self._clock.now(), await are_webhooks_arriving(tx, self._clock.now()))
        await fold.fold_webhooks(tx, [(build, build.jobs) for build in reply.builds])
        if build := reply.card_build or reply.extra_card_build:
            # Someone who only follows a build hasn't started it, and its card says so.
            watching = self._registry[invocation.operation].effect is not Effect.CHANGES_BUILDKITE
            options = {"invocation": invocation.id, "watching": watching}
            await fold.track(tx, build, where, invocation.user, make_choice_id(), **options)

    async def _find_duplicate(self, tx: Tx, invocation: Invocation, reply: Reply) -> Reply | None:
        """Return a reply that offers to undo an equal command that the person typed a moment before.

        Typing a command twice is allowed to start two builds, because people do mean that sometimes.
        """
        if reply.card_build is None or invocation.via not in ("slash", "mention"):
            return None
        now = self._clock.now()
        before = await find_same_request(tx, invocation, now - DUPLICATE_WINDOW)
        return render_duplicate(before[0].build, before[1], now, reply.card_build) if before else None

    async def record_end(
        self, invocation: Invocation, state: str, answer: Message, *, rule: str | None = None
    ) -> None:
        """Close an invocation that had no effect: refused, failed, or replaced by a question."""
        async with self._store.write() as tx:
            await self._close(tx, invocation, state, answer, rule=rule)

    async def record_unconfirmed(self, invocation: Invocation) -> None:
        """Mark an invocation as unknown, so that recovery finds out whether it happened."""
        async with self._store.write() as tx:
            await postpone_invocation(tx, invocation.id, self._clock.now() + SECOND_PROBE_DELAY)
            await record_audit_entry(tx, invocation, "unknown", self._clock.now(), {})

    async def _close(
        self,
        tx: Tx,
        invocation: Invocation,
        state: str,
        answer: Message,
        *,
        undelivered: bool = True,
        summary: str | None = None,
        **detail: Any,
    ) -> None:
        now = self._clock.now()
        deadline = now + _DELIVERY_DEADLINE if undelivered else None
        await close_invocation(tx, invocation, state, _keep(invocation, answer), now, deadline)
        await record_audit_entry(tx, invocation, state, now, mask_arguments(detail))
        if invocation.flags.proposal:
            end = ProposalState.DONE if state == "done" else ProposalState.FAILED
            outcome = cut(Mrkdwn(summary or answer.text), _OUTCOME_LIMIT)
            await close_proposal(tx, invocation.flags.proposal, end, now, outcome)


def get_rule(error: KitestringError) -> str | None:
    """Return the name of the policy rule that an error is about, if any."""
    return getattr(error, "rule", None)


def _get_detail(invocation: Invocation) -> dict[str, Any]:
    return {"args": invocation.args, "rule": invocation.rule}


def _keep(invocation: Invocation, answer: Message) -> StoredAnswer:
    return StoredAnswer(answer, invocation.flags.replaces)


def mask_arguments(detail: dict[str, Any]) -> dict[str, Any]:
    """Return an audit detail with the names of variables and fields but no values, steps or tokens."""
    given = (detail.get("args") or {}).items()
    args = {name: mask_tokens(value) if isinstance(value, str) else value for name, value in given}
    for name in ("env", "metadata", "fields"):
        if isinstance(args.get(name), dict):
            args[name] = sorted(args[name])
    if isinstance(args.get("steps"), str):
        args["steps"] = f"{len(args['steps'].splitlines())} lines"
    kept = {key: value for key, value in detail.items() if value is not None and key != "args"}
    return {**kept, "args": args} if args else kept
