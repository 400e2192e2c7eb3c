"""Stores proposals and votes: opens, approves, refuses, withdraws and expires them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from bot.access.approvals.closing import end_proposal
from bot.access.approvals.model import Proposal, ProposalCard, ProposalEnd, ProposalState, Vote, tally_votes
from bot.access.approvals.queries import (
    add_copies,
    find_approved,
    find_expired,
    find_open_proposals,
    insert_proposal,
    lock_proposal,
    record_vote,
    retire_proposal_card,
)
from bot.access.approvals.render import render_waiting_note
from bot.access.queries import record_audit_entry
from bot.operations.choices import make_choice_id
from bot.operations.invocation import (
    Flags,
    Invocation,
    Request,
)
from bot.operations.queries import close_invocation
from bot.runtime.clock import Clock
from bot.runtime.json_types import JsonObject
from bot.slack.queries import enqueue_message
from bot.slack.types import Thread
from bot.store.transactions import Store, Tx
from bot.store.vault import Vault

# Takes the proposal's id, its thread, the requester's user id and the time.
ScheduleCall = Callable[[Tx, str, Thread, str, datetime], Awaitable[None]]
# Takes a build such as `web#12`, whose cards are to be drawn again, and the time.
MarkCards = Callable[[Tx, str, datetime], Awaitable[None]]


class Proposals:
    """Stores proposals and votes; every transition adds a row to the audit.

    `schedule_call` schedules the direct messages to approvers, in the transaction that opens a proposal;
    `mark_cards` lets the cards of its build show its state.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        clock: Clock,
        schedule_call: ScheduleCall,
        mark_cards: MarkCards,
        wake: Callable[[], None],
    ) -> None:
        self._schedule_call = schedule_call
        self._mark_cards = mark_cards
        self._store = store
        self._vault = vault
        self._clock = clock
        self._wake = wake

    def now(self) -> datetime:
        """Return the time from which deadlines count."""
        return self._clock.now()

    async def open(self, proposal: Proposal, invocation: Invocation, description: JsonObject) -> None:
        """Store a proposal, and close the invocation that it replaces; `description` is for the audit.

        Approvers who don't see where it waits get a card by direct message; the requester is told where it waits.
        """
        async with self._store.write() as tx:
            await insert_proposal(tx, self._vault, proposal, self._clock.now())
            await add_copies(tx, proposal, proposal.sent_to, self._clock.now())
            if proposal.card_channel and not proposal.sent_to:
                note, now = render_waiting_note(proposal), self._clock.now()
                await enqueue_message(tx, f"waiting:{proposal.id}", proposal.thread, note, now, proposal.requester)
            await self._schedule_call(tx, proposal.id, proposal.thread, proposal.requester, self._clock.now())
            await self._mark(tx, proposal)
            await close_invocation(tx, invocation, "proposed", None, self._clock.now(), None)
            detail = {**description, "rule": proposal.requirement.rule, "proposal": proposal.id}
            await record_audit_entry(tx, invocation, "proposed", self._clock.now(), detail)
        self._wake()

    async def find(self, proposal_id: str) -> Proposal | None:
        """Return a proposal with its votes."""
        async with self._store.read() as tx:
            return await lock_proposal(tx, self._vault, proposal_id)

    async def vote(self, proposal_id: str, vote: Vote) -> Proposal | None:
        """Record a valid vote and return the proposal after it, or None if the proposal is closed.

        The row is locked first: of two votes at the same moment, the second must see the first.
        """
        now = self._clock.now()
        async with self._store.write() as tx:
            proposal = await lock_proposal(tx, self._vault, proposal_id)
            if proposal is None or proposal.state is not ProposalState.OPEN or now >= proposal.expires_at:
                return None
            await record_vote(tx, proposal_id, replace(vote, at=now))
            proposal = await lock_proposal(tx, self._vault, proposal_id)
            assert proposal is not None  # noqa: S101  (locked a line ago)
            state = tally_votes(proposal.votes, proposal.requirement.count)
            await self._end(tx, proposal, ProposalEnd(state))
            await record_audit_entry(
                tx,
                _build_vote_invocation(proposal, vote.user),
                "approved" if vote.approves else "refused",
                now,
                _build_audit_detail(proposal),
            )
        self._wake()
        return replace(proposal, state=state, decided_at=None if state is ProposalState.OPEN else now)

    async def find_open(self) -> tuple[Proposal, ...]:
        """Return the proposals that wait for votes."""
        async with self._store.read() as tx:
            return await find_open_proposals(tx, self._vault, self._clock.now())

    async def find_approved(self) -> tuple[Proposal, ...]:
        """Return the approved proposals that have no outcome yet."""
        async with self._store.read() as tx:
            return await find_approved(tx, self._vault)

    async def withdraw(self, proposal_id: str, user: str) -> bool:
        """Withdraw a proposal; return whether it was still open."""
        now = self._clock.now()
        async with self._store.write() as tx:
            proposal = await lock_proposal(tx, self._vault, proposal_id)
            if proposal is None or proposal.state is not ProposalState.OPEN:
                return False
            await self._end(tx, proposal, ProposalEnd(ProposalState.WITHDRAWN, ended_by=user))
            await record_audit_entry(
                tx, _build_vote_invocation(proposal, user), "withdrawn", now, _build_audit_detail(proposal)
            )
        self._wake()
        return True

    async def abandon(self, card: ProposalCard, reason: str) -> bool:
        """Withdraw a proposal whose card can't be shown any more; return whether it was still open."""
        now, proposal = self._clock.now(), card.proposal
        async with self._store.write() as tx:
            newest = await lock_proposal(tx, self._vault, proposal.id)
            was_open = newest is not None and newest.state is ProposalState.OPEN
            if was_open:
                await self._end(tx, proposal, ProposalEnd(ProposalState.WITHDRAWN))
                await record_audit_entry(
                    tx,
                    _build_vote_invocation(proposal, proposal.requester),
                    "withdrawn",
                    now,
                    {**_build_audit_detail(proposal), "because": reason},
                )
            await retire_proposal_card(tx, card)
        return was_open

    async def expire(self) -> None:
        """Close the proposals whose time is up."""
        now = self._clock.now()
        async with self._store.read() as tx:
            late = await find_expired(tx, self._vault, now)
        for proposal in late:
            invocation = _build_vote_invocation(proposal, proposal.requester)
            async with self._store.write() as tx:
                newest = await lock_proposal(tx, self._vault, proposal.id)
                if newest is not None and newest.state is ProposalState.OPEN:
                    await self._end(tx, proposal, ProposalEnd(ProposalState.EXPIRED))
                    await record_audit_entry(tx, invocation, "expired", now, _build_audit_detail(proposal))
        if late:
            self._wake()

    async def _end(self, tx: Tx, proposal: Proposal, end: ProposalEnd) -> None:
        """Set the state, tell the requester, and let the cards of the build show it."""
        await end_proposal(tx, self._vault, proposal.id, end, self._clock.now())
        await self._mark(tx, proposal)

    async def _mark(self, tx: Tx, proposal: Proposal) -> None:
        if proposal.build:
            await self._mark_cards(tx, proposal.build, self._clock.now())


def build_request(proposal: Proposal) -> Request:
    """Build the request to run an approved proposal; its key makes sure that it runs only once."""
    flags = Flags(direct=proposal.direct, proposal=proposal.id, token=proposal.token)
    return Request(proposal.requester, proposal.thread, proposal.via, f"proposal:{proposal.id}", flags=flags)


def _build_vote_invocation(proposal: Proposal, user: str) -> Invocation:
    request = replace(build_request(proposal), user=user, via="button")
    return request.make_invocation(make_choice_id(), proposal.operation, proposal.args)


def _build_audit_detail(proposal: Proposal) -> JsonObject:
    pipeline = proposal.args.get("pipeline")
    return {
        "proposal": proposal.id,
        "rule": proposal.requirement.rule,
        **({"args": {"pipeline": pipeline}} if pipeline else {}),
    }
