"""Publishes the cards of proposals and keeps them up to date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog

from bot.access.approvals.model import Proposal
from bot.access.approvals.proposals import Proposals, build_request
from bot.access.approvals.queries import (
    find_due_proposals,
    find_next_proposal_due,
    mark_proposal_begun,
    mark_proposal_drawn,
    mark_proposal_found,
    postpone_proposal,
    retire_proposal_card,
)
from bot.access.approvals.render import render_proposal
from bot.operations.render import render_note
from bot.runtime.clock import Clock
from bot.slack.answers import Answers
from bot.slack.blockkit.mrkdwn import md
from bot.slack.drafts import Draft, Postponement
from bot.slack.posting import SHARED_OUTSIDE, MessageEdit, Post, Shown
from bot.store.transactions import Transactions, Tx
from bot.store.vault import Vault

log = structlog.stdlib.get_logger(__name__)


class ProposalSource:
    """Proposals, as a source of the publisher. A draft's content is the digest of its card."""

    label = "proposal"

    def __init__(
        self, store: Transactions, vault: Vault, clock: Clock, proposals: Proposals, answers: Answers
    ) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._proposals = proposals
        self._answers = answers

    async def find_due(self, now: datetime) -> Sequence[Proposal]:
        """Return the proposals whose card is due, after closing those whose time is up."""
        await self._proposals.expire()
        async with self._store.read() as tx:
            return await find_due_proposals(tx, self._vault, now)

    async def find_next_due(self, tx: Tx) -> datetime | None:
        """Return when the next card is due or the next proposal expires."""
        return await find_next_proposal_due(tx)

    async def draw(self, proposal: Proposal) -> Draft[Proposal, str]:
        """Render the card of a proposal."""
        message = render_proposal(proposal)
        digest = message.digest()
        if not proposal.ts:
            post = Post(proposal.thread, message, f"proposal:{proposal.id}", proposal.intent_at)
            return Draft(proposal, post, digest)
        edit = MessageEdit(proposal.thread.channel, proposal.ts, message)
        return Draft(proposal, edit, digest, unchanged=digest == proposal.shown_digest)

    async def begin(self, tx: Tx, draft: Draft[Proposal, str]) -> None:
        """Record that the card is about to be posted."""
        await mark_proposal_begun(tx, draft.row, self._clock.now())

    async def mark_shown(self, tx: Tx, draft: Draft[Proposal, str], shown: Shown) -> None:
        """Record what the card shows. One that an earlier attempt posted is drawn again, as its state is older."""
        if shown.fresh:
            await mark_proposal_drawn(tx, self._vault, draft.row, shown.ts, draft.content)
        else:
            await mark_proposal_found(tx, draft.row, shown.ts, self._clock.now())

    async def postpone(self, tx: Tx, proposal: Proposal, postponement: Postponement) -> None:
        """Draw the card later."""
        await postpone_proposal(tx, proposal, postponement)

    async def give_up(self, draft: Draft[Proposal, str], code: str) -> None:
        """Show the card no more; withdraw a proposal if another organization reads its channel now.

        Its decisions don't belong there.
        """
        proposal = draft.row
        if code != SHARED_OUTSIDE:
            log.warning("proposal cannot be shown", proposal=proposal.id, code=code)
            async with self._store.write() as tx:
                await retire_proposal_card(tx, proposal)
        elif await self._proposals.abandon(proposal, SHARED_OUTSIDE):
            act = proposal.wording.act
            text = md(
                "This channel is now shared with another organization, so I withdrew your request to {act}.",
                act=act,
            )
            await self._answers.send(build_request(proposal).recipient, render_note(text))
