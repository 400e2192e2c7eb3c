"""Ends proposals, and tells their requesters how: once each, in the thread where they asked."""

from __future__ import annotations

from datetime import datetime

from bot.access.approvals.model import Proposal, ProposalEnd, ProposalState
from bot.access.approvals.queries import close_proposal, lock_proposal
from bot.access.approvals.render import render_outcome
from bot.slack.queries import enqueue_message
from bot.store.transactions import Tx
from bot.store.vault import Vault

_REPORTED = frozenset({ProposalState.REFUSED, ProposalState.EXPIRED, ProposalState.DONE, ProposalState.FAILED})


async def end_proposal(tx: Tx, vault: Vault, proposal_id: str, end: ProposalEnd, now: datetime) -> Proposal | None:
    """Set the state of a proposal, and queue the message to its requester; return the proposal after it."""
    await close_proposal(tx, proposal_id, end, now)
    proposal = await lock_proposal(tx, vault, proposal_id)
    if proposal and _is_news_to(proposal.requester, end):
        message = render_outcome(proposal, end.answer)
        await enqueue_message(tx, f"outcome:{proposal_id}", proposal.asked_in, message, now, proposal.requester)
    return proposal


def _is_news_to(requester: str, end: ProposalEnd) -> bool:
    """Return whether the requester doesn't know how it ended: people who withdraw their own request do."""
    withdrawn = end.state is ProposalState.WITHDRAWN and end.ended_by not in (None, requester)
    return withdrawn or end.state in _REPORTED
