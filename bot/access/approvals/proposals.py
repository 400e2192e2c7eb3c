"""Protected operations: proposed, voted on, and run once enough people agree."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from bot.access.approvals.model import Proposal, State, tally
from bot.access.approvals.queries import (
    close_proposal,
    find_approved,
    find_expired,
    find_open_proposals,
    insert_proposal,
    lock_proposal,
    record_vote,
    update_proposal,
)
from bot.access.policy.rules import Ask
from bot.access.queries import record_audit_entry
from bot.operations.choices import new_choice_id
from bot.operations.invocation import Invocation, request_digest
from bot.operations.queries import close_invocation
from bot.runtime.clock import Clock
from bot.slack.types import Thread
from bot.store.transactions import Store, Tx
from bot.store.vault import Vault

# Takes the proposal's id, its thread, the requester's user id and the time.
ScheduleCall = Callable[[Tx, str, Thread, str, datetime], Awaitable[None]]


class Proposals:
    """Writes proposals down and counts votes; every transition leaves a row in the audit.

    `schedule_call` plans the direct messages to approvers, in the transaction that opens a proposal.
    """

    def __init__(
        self, store: Store, vault: Vault, clock: Clock, schedule_call: ScheduleCall, wake: Callable[[], None]
    ) -> None:
        self._schedule_call = schedule_call
        self._store = store
        self._vault = vault
        self._clock = clock
        self._wake = wake

    async def propose(self, asked: Invocation, ask: Ask, labels: Mapping[str, str] = MappingProxyType({})) -> None:
        """What was asked for waits from here on; the invocation is closed, the proposal holds its arguments.

        `labels`: what people call those of the arguments that are ids, by argument.
        """
        proposal = _proposal(asked, ask, labels, self._clock.now())
        async with self._store.write() as tx:
            await insert_proposal(tx, self._vault, proposal, self._clock.now())
            await self._schedule_call(tx, proposal.id, proposal.thread, proposal.requester, self._clock.now())
            await close_invocation(tx, asked, "proposed", None, self._clock.now(), None)
            await record_audit_entry(
                tx, asked, "proposed", self._clock.now(), {"rule": ask.rule, "proposal": proposal.id}
            )
        self._wake()

    async def find(self, proposal_id: str) -> Proposal | None:
        """One proposal with its votes."""
        async with self._store.read() as tx:
            return await lock_proposal(tx, self._vault, proposal_id)

    async def vote(self, proposal_id: str, user: str, *, approves: bool) -> Proposal | None:
        """Count a vote that has been judged; gives the proposal as it is by this vote, None when it is over."""
        now = self._clock.now()
        async with self._store.write() as tx:
            proposal = await lock_proposal(tx, self._vault, proposal_id)
            if proposal is None or proposal.state is not State.OPEN or now >= proposal.expires_at:
                return None
            await record_vote(tx, proposal_id, user, approves, now)
            proposal = await lock_proposal(tx, self._vault, proposal_id)
            assert proposal is not None  # noqa: S101  (locked a line ago)
            state = tally(proposal.votes, proposal.ask.count)
            await close_proposal(tx, proposal_id, state, now)
            await record_audit_entry(
                tx, _voter(proposal, user), "approved" if approves else "refused", now, _about(proposal)
            )
        self._wake()
        return replace(proposal, state=state)

    async def open(self) -> tuple[Proposal, ...]:
        """Those that wait for votes."""
        async with self._store.read() as tx:
            return await find_open_proposals(tx, self._vault, self._clock.now())

    async def approved(self) -> tuple[Proposal, ...]:
        """Those that were approved and have no outcome yet."""
        async with self._store.read() as tx:
            return await find_approved(tx, self._vault)

    async def withdraw(self, proposal_id: str, user: str) -> bool:
        """Take it back; says whether it was still open."""
        now = self._clock.now()
        async with self._store.write() as tx:
            proposal = await lock_proposal(tx, self._vault, proposal_id)
            if proposal is None or proposal.state is not State.OPEN:
                return False
            await update_proposal(tx, proposal_id, ended_by=user)
            await close_proposal(tx, proposal_id, State.WITHDRAWN, now)
            await record_audit_entry(tx, _voter(proposal, user), "withdrawn", now, _about(proposal))
        self._wake()
        return True

    async def abandon(self, proposal: Proposal, reason: str) -> bool:
        """Its card can be shown no more: what is still open ends; says whether it was open."""
        now = self._clock.now()
        async with self._store.write() as tx:
            newest = await lock_proposal(tx, self._vault, proposal.id)
            was_open = newest is not None and newest.state is State.OPEN
            if was_open:
                await close_proposal(tx, proposal.id, State.WITHDRAWN, now)
                await record_audit_entry(
                    tx,
                    _voter(proposal, proposal.requester),
                    "withdrawn",
                    now,
                    {**_about(proposal), "because": reason},
                )
            await update_proposal(tx, proposal.id, due_at=None, intent_at=None)
        return was_open

    async def expire(self) -> tuple[Proposal, ...]:
        """End those whose time is over; gives them, so that their requesters can be told."""
        now = self._clock.now()
        async with self._store.read() as tx:
            late = await find_expired(tx, self._vault, now)
        for item in late:
            async with self._store.write() as tx:
                await close_proposal(tx, item.id, State.EXPIRED, now)
                await record_audit_entry(tx, _voter(item, item.requester), "expired", now, _about(item))
        return late


def invocation(proposal: Proposal) -> Invocation:
    """What an approved proposal runs: exactly its arguments, once."""
    return Invocation(
        id=new_choice_id(),
        key=f"proposal:{proposal.id}",
        operation=proposal.operation,
        args={**_kept(proposal.how), "args": dict(proposal.args), "yes": True, "approved": proposal.id},
        user=proposal.requester,
        thread=proposal.thread,
        via=proposal.via,
    )


def _kept(how: Mapping[str, Any]) -> dict[str, Any]:
    """Of how something was asked for, what still counts when it runs."""
    return {name: value for name, value in how.items() if name in ("dm",)}


def _proposal(asked: Invocation, ask: Ask, labels: Mapping[str, str], now: datetime) -> Proposal:
    """It bears the id of the invocation that became it."""
    return Proposal(
        id=asked.id,
        operation=asked.operation,
        args=asked.args["args"],
        digest=request_digest(asked),
        requester=asked.user,
        thread=asked.thread,
        via=asked.via,
        ask=ask,
        expires_at=now + ask.expires,
        how=_kept(asked.args) | ({"labels": dict(labels)} if labels else {}),
    )


def _voter(proposal: Proposal, user: str) -> Invocation:
    return replace(invocation(proposal), user=user, via="button")


def _about(proposal: Proposal) -> dict[str, Any]:
    pipeline = proposal.args.get("pipeline")
    return {
        "proposal": proposal.id,
        "rule": proposal.ask.rule,
        **({"args": {"pipeline": pipeline}} if pipeline else {}),
    }
