"""Queries on proposals, their votes and their cards. Arguments are stored encrypted: they may hold secrets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from bot.access.approvals.model import (
    UNSUCCESSFUL,
    BuildApproval,
    Proposal,
    ProposalCard,
    ProposalEnd,
    ProposalState,
    Vote,
)
from bot.access.approvals.request_wording import describe_unknown
from bot.access.approvals.stored_parts import (
    decode_requirement,
    decode_wording,
    encode_options,
    encode_requirement,
)
from bot.operations.queries import release_key
from bot.slack.blockkit.mrkdwn import Mrkdwn
from bot.slack.drafts import Postponement
from bot.slack.types import Thread
from bot.store.sql import Row, insert_into
from bot.store.tables_people import proposal_copies, proposals, votes
from bot.store.transactions import Tx
from bot.store.vault import Vault


async def insert_proposal(tx: Tx, vault: Vault, proposal: Proposal, now: datetime) -> None:
    """Save a proposal; its card is due at once."""
    await tx.execute(
        insert_into(tx, proposals)
        .values(
            id=proposal.id,
            operation=proposal.operation,
            sealed=vault.seal({"args": dict(proposal.args), "how": encode_options(proposal)}),
            digest=proposal.digest,
            requester=proposal.requester,
            team=proposal.thread.team,
            channel=proposal.thread.channel,
            thread_ts=proposal.thread.ts or "",
            via=proposal.via,
            ask=encode_requirement(proposal.requirement),
            expires_at=proposal.expires_at,
            state=proposal.state,
            build=proposal.build,
            card_channel=proposal.card_channel,
            due_at=now,
            created_at=now,
        )
        .on_conflict_do_nothing()
    )


async def add_copies(tx: Tx, proposal: Proposal, users: Iterable[str], now: datetime) -> None:
    """Save the cards in approvers' direct messages, due at once; a person gets only one."""
    for user in users:
        values = {"proposal_id": proposal.id, "user_id": user, "channel": "", "due_at": now}
        row = insert_into(tx, proposal_copies).values(id=f"{proposal.id}:{user}", **values)
        await tx.execute(row.on_conflict_do_nothing())


async def lock_proposal(tx: Tx, vault: Vault, proposal_id: str) -> Proposal | None:
    """Return a proposal with its votes, with its row locked until the transaction ends."""
    found = await tx.execute(sa.select(proposals).where(proposals.c.id == proposal_id).with_for_update())
    row = found.mappings().one_or_none()
    return await _read_proposal(tx, vault, row) if row else None


async def record_vote(tx: Tx, proposal_id: str, vote: Vote) -> None:
    """Save a person's vote in place of an earlier one."""
    change = {"approves": vote.approves, "name": vote.name, "at": vote.at}
    values = {"proposal_id": proposal_id, "user_id": vote.user, **change}
    row = insert_into(tx, votes).values(values)
    await tx.execute(row.on_conflict_do_update(index_elements=["proposal_id", "user_id"], set_=change))


async def mark_proposal_begun(tx: Tx, card: ProposalCard, channel: str, now: datetime) -> None:
    """Record that the card is about to be posted, and where a copy is."""
    place = {"channel": channel} if card.copy else {}
    await tx.execute(_update_card(card).values(intent_at=now, **place))


async def mark_proposal_found(tx: Tx, card: ProposalCard, ts: str, now: datetime) -> None:
    """Record that an earlier attempt posted the card, with an older state: it is due to be drawn again."""
    change = {"ts": ts, "shown": None, "intent_at": None, "attempts": 0, "due_at": now}
    await tx.execute(_update_card(card).values(change))


async def mark_proposal_drawn(tx: Tx, vault: Vault, card: ProposalCard, ts: str, shown: str) -> None:
    """Record that the card shows this proposal. It stays due if a vote or an end came in meanwhile."""
    drawn, newest = card.proposal, await lock_proposal(tx, vault, card.proposal.id)
    same = newest is None or (newest.state, newest.votes) == (drawn.state, drawn.votes)
    due_at = None if same else _get_cards(card).c.due_at
    change = {"ts": ts, "shown": shown, "due_at": due_at, "intent_at": None, "attempts": 0}
    await tx.execute(_update_card(card).values(change))


async def postpone_proposal(tx: Tx, card: ProposalCard, postponement: Postponement) -> None:
    """Draw the card later, unless it has become due again meanwhile."""
    due = _get_cards(card).c.due_at
    later = sa.bindparam("later", postponement.due_at, due.type)
    due_at = sa.case((due == card.due_at, later), else_=due)
    kept = {} if postponement.keeps_intent else {"intent_at": None}
    change = {"due_at": due_at, "attempts": postponement.attempts, **kept}
    await tx.execute(_update_card(card).values(change))


async def retire_proposal_card(tx: Tx, card: ProposalCard) -> None:
    """Never draw the card again, unless the proposal changes."""
    await tx.execute(_update_card(card).values(due_at=None, intent_at=None))


def _get_cards(card: ProposalCard) -> sa.Table:
    """Return the table with the card: that of proposals, or that of copies; both have the same columns for it."""
    return proposal_copies if card.copy else proposals


def _update_card(card: ProposalCard) -> sa.Update:
    table = _get_cards(card)
    return sa.update(table).where(table.c.id == card.id)


async def close_proposal(tx: Tx, proposal_id: str, end: ProposalEnd, now: datetime) -> None:
    """Set the state and make the card due. If the operation didn't run, its button works again."""
    first = sa.func.coalesce(proposals.c.decided_at, sa.bindparam("decided", now, proposals.c.decided_at.type))
    known = {"ended_by": end.ended_by, "result": end.result, "decided_at": first}
    kept = {
        name: value for name, value in known.items() if value is not None and end.state is not ProposalState.OPEN
    }
    change = {"state": end.state, "due_at": now, "outcome": end.outcome}
    await tx.execute(_update_proposal(proposal_id).values({**change, **kept}))
    copies = proposal_copies.c.proposal_id == proposal_id
    await tx.execute(sa.update(proposal_copies).where(copies).values(due_at=now))
    if end.state in UNSUCCESSFUL:
        await release_key(tx, proposal_id)


def _update_proposal(proposal_id: str) -> sa.Update:
    return sa.update(proposals).where(proposals.c.id == proposal_id)


async def find_due_cards(tx: Tx, vault: Vault, now: datetime) -> tuple[ProposalCard, ...]:
    """Return the cards that are due: those of proposals, then copies in direct messages."""
    own = sa.select(proposals).where(proposals.c.due_at <= now).order_by(proposals.c.due_at).limit(20)
    found = [(row, await _read_proposal(tx, vault, row)) for row in (await tx.execute(own)).mappings().all()]
    cards = [_read_card(row, proposal, proposal.place) for row, proposal in found]
    copied = sa.select(proposal_copies).where(proposal_copies.c.due_at <= now)
    for row in (await tx.execute(copied.order_by(proposal_copies.c.due_at).limit(20))).mappings().all():
        if proposal := await lock_proposal(tx, vault, row["proposal_id"]):
            place = Thread(proposal.thread.team, row["channel"])
            cards.append(replace(_read_card(row, proposal, place), copy=row["id"], user=row["user_id"]))
    return tuple(cards)


def _read_card(row: Row, proposal: Proposal, place: Thread) -> ProposalCard:
    shown = {"shown_digest": row["shown"], "intent_at": row["intent_at"], "due_at": row["due_at"]}
    return ProposalCard(proposal, place, ts=row["ts"], attempts=row["attempts"], **shown)


async def find_expired(tx: Tx, vault: Vault, now: datetime) -> tuple[Proposal, ...]:
    """Return the open proposals whose time is up."""
    query = sa.select(proposals).where(proposals.c.state == ProposalState.OPEN, proposals.c.expires_at <= now)
    return tuple([await _read_proposal(tx, vault, row) for row in (await tx.execute(query)).mappings().all()])


async def find_open_proposals(tx: Tx, vault: Vault, now: datetime) -> tuple[Proposal, ...]:
    """Return the open proposals, oldest first."""
    waiting = (proposals.c.state == ProposalState.OPEN, proposals.c.expires_at > now)
    query = sa.select(proposals).where(*waiting).order_by(proposals.c.created_at).limit(50)
    return tuple([await _read_proposal(tx, vault, row) for row in (await tx.execute(query)).mappings().all()])


async def find_approved(tx: Tx, vault: Vault) -> tuple[Proposal, ...]:
    """Return the approved proposals that have no outcome yet."""
    query = sa.select(proposals).where(proposals.c.state == ProposalState.APPROVED).limit(20)
    return tuple([await _read_proposal(tx, vault, row) for row in (await tx.execute(query)).mappings().all()])


async def find_build_approvals(tx: Tx, build: str) -> tuple[BuildApproval, ...]:
    """Return the proposals that act on a build (`web#12`) or led to it, the latest first."""
    about = sa.or_(proposals.c.build == build, proposals.c.result == build)
    shown = proposals.c.state.in_((ProposalState.OPEN, ProposalState.APPROVED, ProposalState.DONE))
    query = sa.select(proposals).where(about, shown).order_by(proposals.c.created_at.desc()).limit(4)
    found = (await tx.execute(query)).mappings().all()
    return tuple([await _read_build_approval(tx, row, build) for row in found])


async def _read_build_approval(tx: Tx, row: Row, build: str) -> BuildApproval:
    approving = sa.select(votes).where(votes.c.proposal_id == row["id"], votes.c.approves).order_by(votes.c.at)
    names = tuple(vote["name"] or vote["user_id"] for vote in (await tx.execute(approving)).mappings())
    state = ProposalState(row["state"])
    return BuildApproval(row["operation"], row["requester"], state, row["result"] == build, names)


async def find_next_proposal_due(tx: Tx) -> datetime | None:
    """Return when the next card is due or the next open proposal expires."""
    card_due = await tx.scalar(sa.select(sa.func.min(proposals.c.due_at)))
    next_expiry = sa.select(sa.func.min(proposals.c.expires_at)).where(proposals.c.state == ProposalState.OPEN)
    copy_due = sa.select(sa.func.min(proposal_copies.c.due_at))
    times = (card_due, await tx.scalar(next_expiry), await tx.scalar(copy_due))
    return min((at for at in times if at is not None), default=None)


async def _find_recipients(tx: Tx, proposal_id: str) -> tuple[str, ...]:
    """Return the people who got a card by direct message."""
    copies = sa.select(proposal_copies.c.user_id).where(proposal_copies.c.proposal_id == proposal_id)
    return tuple(await tx.scalars(copies.order_by(proposal_copies.c.user_id)))


async def _read_proposal(tx: Tx, vault: Vault, row: Row) -> Proposal:
    found = await tx.execute(sa.select(votes).where(votes.c.proposal_id == row["id"]).order_by(votes.c.at))
    sealed = vault.open(row["sealed"])
    return Proposal(
        id=row["id"],
        operation=row["operation"],
        args=sealed["args"],
        digest=row["digest"],
        requester=row["requester"],
        thread=Thread(row["team"], row["channel"], row["thread_ts"] or None),
        via=row["via"],
        requirement=decode_requirement(row["ask"]),
        expires_at=row["expires_at"],
        state=ProposalState(row["state"]),
        wording=decode_wording(sealed["how"].get("wording")) or describe_unknown(row["operation"], sealed["args"]),
        requester_name=sealed["how"].get("name", ""),
        asked_of=Mrkdwn(sealed["how"].get("asked_of", "")),
        build=row["build"],
        decided_at=row["decided_at"],
        votes=tuple(
            Vote(vote["user_id"], vote["approves"], vote["name"] or "", vote["at"]) for vote in found.mappings()
        ),
        ended_by=row["ended_by"],
        ts=row["ts"],
        sent_to=await _find_recipients(tx, row["id"]),
        card_channel=row["card_channel"],
        direct=bool(sealed["how"].get("dm")),
        outcome=row["outcome"],
        token=sealed["how"].get("token", ""),
    )
