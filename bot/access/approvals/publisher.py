"""Publishes the cards of proposals and keeps them up to date."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog

from bot.access.approvals.model import Proposal, ProposalCard
from bot.access.approvals.proposals import Proposals, build_request
from bot.access.approvals.queries import (
    find_due_cards,
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
from bot.slack.blockkit.mrkdwn import Mrkdwn, md
from bot.slack.drafts import Draft, Postponement
from bot.slack.posting import SHARED_OUTSIDE, MessageEdit, Post, Shown
from bot.slack.types import Thread
from bot.store.transactions import Transactions, Tx
from bot.store.vault import Vault

log = structlog.stdlib.get_logger(__name__)


class ProposalSource:
    """Proposals, as a source of the publisher. A draft's content is the digest of its card."""

    label = "proposal"

    def __init__(
        self,
        store: Transactions,
        vault: Vault,
        clock: Clock,
        proposals: Proposals,
        answers: Answers,
        open_direct_message: Callable[[str, str], Awaitable[Thread]],
    ) -> None:
        self._open_direct_message = open_direct_message
        self._store = store
        self._vault = vault
        self._clock = clock
        self._proposals = proposals
        self._answers = answers

    async def find_due(self, now: datetime) -> Sequence[ProposalCard]:
        """Return the cards that are due, after closing the proposals whose time is up."""
        await self._proposals.expire()
        async with self._store.read() as tx:
            return await find_due_cards(tx, self._vault, now)

    async def find_next_due(self, tx: Tx) -> datetime | None:
        """Return when the next card is due or the next proposal expires."""
        return await find_next_proposal_due(tx)

    async def draw(self, card: ProposalCard) -> Draft[ProposalCard, str]:
        """Render the card of a proposal; that of an approver's direct messages opens them."""
        place = card.place
        if card.user and not place.channel:
            place = await self._open_direct_message(place.team, card.user)
        message = render_proposal(card.proposal, copied=card.copy is not None)
        digest = message.digest()
        if not card.ts:
            return Draft(card, Post(place, message, f"proposal:{card.id}", card.intent_at), digest)
        edit = MessageEdit(place.channel, card.ts, message)
        return Draft(card, edit, digest, unchanged=digest == card.shown_digest)

    async def begin(self, tx: Tx, draft: Draft[ProposalCard, str]) -> None:
        """Record that the card is about to be posted."""
        await mark_proposal_begun(tx, draft.row, draft.sending.channel, self._clock.now())

    async def mark_shown(self, tx: Tx, draft: Draft[ProposalCard, str], shown: Shown) -> None:
        """Record what the card shows. One that an earlier attempt posted is drawn again, as its state is older."""
        if shown.fresh:
            await mark_proposal_drawn(tx, self._vault, draft.row, shown.ts, draft.content)
        else:
            await mark_proposal_found(tx, draft.row, shown.ts, self._clock.now())

    async def postpone(self, tx: Tx, card: ProposalCard, postponement: Postponement) -> None:
        """Draw the card later."""
        await postpone_proposal(tx, card, postponement)

    async def give_up(self, draft: Draft[ProposalCard, str], code: str) -> None:
        """Show the card no more; withdraw a proposal that no approver can see, or only with outsiders.

        It is withdrawn if another organization reads its channel now, as its decisions don't belong there, and if
        Slack has refused its only card: nobody could approve it, and the requester would wait in vain.
        """
        card = draft.row
        if code != SHARED_OUTSIDE:
            log.warning("proposal cannot be shown", proposal=card.id, code=code)
        if code != SHARED_OUTSIDE and (card.ts or card.copy or card.proposal.sent_to):
            async with self._store.write() as tx:
                await retire_proposal_card(tx, card)
        elif await self._proposals.abandon(card, code):
            text = _explain_withdrawal(card.proposal, code)
            await self._answers.send(build_request(card.proposal).recipient, render_note(text))


def _explain_withdrawal(proposal: Proposal, code: str) -> Mrkdwn:
    if code == SHARED_OUTSIDE:
        why = "This channel is now shared with another organization"
        return md("{why}, so I withdrew your request to {act}.", why=why, act=proposal.wording.act)
    return md(
        "Slack doesn't let me post here ({code}), so nobody could have approved your request to {act}, and I "
        "withdrew it. Ask again in another channel.",
        code=code,
        act=proposal.wording.act,
    )
