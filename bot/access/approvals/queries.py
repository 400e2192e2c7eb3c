"""Queries on proposals: what waits for approvals, who has voted, and the card of each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.access.approvals.model import FRUITLESS, Proposal, State, Vote
from bot.access.policy.rules import Ask, Who
from bot.operations.queries import release_key
from bot.slack.types import Standing, Thread
from bot.store.sql import Row, insert_into
from bot.store.tables import proposals, votes
from bot.store.transactions import Tx
from bot.store.vault import Vault


async def insert_proposal(tx: Tx, vault: Vault, proposal: Proposal, now: datetime) -> None:
    """Write a proposal down; its card is due at once."""
    await tx.execute(
        insert_into(tx, proposals)
        .values(
            id=proposal.id,
            operation=proposal.operation,
            sealed=vault.seal({"args": dict(proposal.args), "how": dict(proposal.how)}),
            digest=proposal.digest,
            requester=proposal.requester,
            team=proposal.thread.team,
            channel=proposal.thread.channel,
            thread_ts=proposal.thread.ts or "",
            via=proposal.via,
            ask=_ask_written(proposal.ask),
            expires_at=proposal.expires_at,
            state=proposal.state,
            due_at=now,
            created_at=now,
        )
        .on_conflict_do_nothing()
    )


async def lock_proposal(tx: Tx, vault: Vault, proposal_id: str) -> Proposal | None:
    """A proposal with its votes, held until the transaction ends."""
    found = await tx.execute(sa.select(proposals).where(proposals.c.id == proposal_id).with_for_update())
    row = found.mappings().one_or_none()
    return await _proposal(tx, vault, row) if row else None


async def record_vote(tx: Tx, proposal_id: str, user: str, approves: bool, now: datetime) -> None:
    """What somebody says; their last word counts."""
    values = {"proposal_id": proposal_id, "user_id": user, "approves": approves, "at": now}
    change = {"approves": approves, "at": now}
    row = insert_into(tx, votes).values(values)
    await tx.execute(row.on_conflict_do_update(index_elements=["proposal_id", "user_id"], set_=change))


async def update_proposal(tx: Tx, proposal_id: str, **values: Any) -> None:
    """Write columns of a proposal."""
    await tx.execute(sa.update(proposals).where(proposals.c.id == proposal_id).values(values))


async def mark_proposal_drawn(tx: Tx, vault: Vault, proposal: Proposal, **values: Any) -> None:
    """Its card shows that; it is due no more, unless there was a vote or an end meanwhile."""
    newest = await lock_proposal(tx, vault, proposal.id)
    same = newest is not None and (newest.state, newest.votes) == (proposal.state, proposal.votes)
    due_at = None if same or newest is None else newest.due_at
    await update_proposal(tx, proposal.id, due_at=due_at, intent_at=None, attempts=0, **values)


async def close_proposal(
    tx: Tx, proposal_id: str, state: State, now: datetime, outcome: str | None = None
) -> None:
    """Write where it is now; its card is drawn once more. If nothing came of it, its button works again."""
    await update_proposal(tx, proposal_id, state=state, due_at=now, outcome=outcome)
    if state in FRUITLESS:
        await release_key(tx, proposal_id)


async def find_due_proposals(tx: Tx, vault: Vault, now: datetime) -> tuple[tuple[Proposal, str | None], ...]:
    """Proposals whose card is to be drawn, with what came of them."""
    query = sa.select(proposals).where(proposals.c.due_at <= now).order_by(proposals.c.due_at).limit(20)
    rows_ = (await tx.execute(query)).mappings().all()
    return tuple([(await _proposal(tx, vault, row), row["outcome"]) for row in rows_])


async def find_expired(tx: Tx, vault: Vault, now: datetime) -> tuple[Proposal, ...]:
    """Open proposals whose time is over."""
    query = sa.select(proposals).where(proposals.c.state == State.OPEN, proposals.c.expires_at <= now)
    return tuple([await _proposal(tx, vault, row) for row in (await tx.execute(query)).mappings().all()])


async def find_open_proposals(tx: Tx, vault: Vault, now: datetime) -> tuple[Proposal, ...]:
    """Those that wait for votes, oldest first."""
    waiting = (proposals.c.state == State.OPEN, proposals.c.expires_at > now)
    query = sa.select(proposals).where(*waiting).order_by(proposals.c.created_at).limit(50)
    return tuple([await _proposal(tx, vault, row) for row in (await tx.execute(query)).mappings().all()])


async def find_approved(tx: Tx, vault: Vault) -> tuple[Proposal, ...]:
    """Those that were approved and have no outcome yet."""
    query = sa.select(proposals).where(proposals.c.state == State.APPROVED).limit(20)
    return tuple([await _proposal(tx, vault, row) for row in (await tx.execute(query)).mappings().all()])


async def find_next_proposal_due(tx: Tx) -> datetime | None:
    """When a card is to be drawn, or a proposal ends."""
    drawn = await tx.scalar(sa.select(sa.func.min(proposals.c.due_at)))
    open_ = sa.select(sa.func.min(proposals.c.expires_at)).where(proposals.c.state == State.OPEN)
    return min((at for at in (drawn, await tx.scalar(open_)) if at is not None), default=None)


async def _proposal(tx: Tx, vault: Vault, row: Row) -> Proposal:
    said = await tx.execute(sa.select(votes).where(votes.c.proposal_id == row["id"]).order_by(votes.c.at))
    sealed = vault.open(row["sealed"])
    return Proposal(
        id=row["id"],
        operation=row["operation"],
        args=sealed["args"],
        digest=row["digest"],
        requester=row["requester"],
        thread=Thread(row["team"], row["channel"], row["thread_ts"] or None),
        via=row["via"],
        ask=_ask_read(row["ask"]),
        expires_at=row["expires_at"],
        state=State(row["state"]),
        votes=tuple(Vote(mapping["user_id"], mapping["approves"]) for mapping in said.mappings()),
        ended_by=row["ended_by"],
        ts=row["ts"],
        shown=row["shown"],
        intent_at=row["intent_at"],
        due_at=row["due_at"],
        attempts=row["attempts"],
        how=sealed["how"],
    )


def _ask_written(ask: Ask) -> dict[str, Any]:
    who = ask.approvers
    named = who and {
        "users": sorted(who.users),
        "groups": sorted(who.groups),
        "standings": sorted(who.standings),
    }
    return {"rule": ask.rule, "count": ask.count, "seconds": ask.expires.total_seconds(), "approvers": named}


def _ask_read(written: dict[str, Any]) -> Ask:
    named = written["approvers"]
    who = named and Who(
        frozenset(named["users"]),
        frozenset(named["groups"]),
        frozenset(Standing(standing) for standing in named["standings"]),
    )
    return Ask(written["rule"], who or None, written["count"], timedelta(seconds=written["seconds"]))
