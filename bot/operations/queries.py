"""Queries on what people asked for, and on what their buttons stand for."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.operations.invocation import Choice, Invocation
from bot.slack.types import Thread
from bot.store.leases import select_living_replicas
from bot.store.sql import Row
from bot.store.tables import choices, invocations
from bot.store.transactions import Store, Tx
from bot.store.vault import Vault

OPEN = ("accepted", "running", "unknown")
# People wait for these: they are handed to the driver as they are.
_ACCEPT = """
INSERT INTO invocations
    (id, key, operation, args, user_id, team, channel, thread_ts, via, response_url, state, replica, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id"""
_ANSWERED = """
UPDATE invocations SET state = 'done', outcome = ?, closed_at = ?, args = ?, next_at = ?, attempts = 0
WHERE id = ? RETURNING id"""
_NOTED = """
INSERT INTO audit (at, invocation, user_id, channel, thread_ts, via, operation, transition, detail)
VALUES (?, ?, ?, ?, ?, ?, ?, 'done', ?) RETURNING id"""
_TOLD = "UPDATE invocations SET next_at = NULL, response_url = NULL WHERE id = ? RETURNING id"


async def insert_invocation(
    store: Store, vault: Vault, asked: Invocation, now: datetime, replica: str
) -> Invocation:
    """Write an invocation down, or find the one that has its key: one statement, which is durable by itself."""
    values = (
        asked.id,
        asked.key,
        asked.operation,
        vault.seal(asked.args),
        asked.user,
        asked.thread.team,
        asked.thread.channel,
        asked.thread.ts or "",
        asked.via,
        vault.seal(asked.response_url) if asked.response_url else None,
        asked.state,
        replica,
        now.timestamp(),
    )
    if await store.write_small((_ACCEPT, values)):
        return replace(asked, args=json.loads(json.dumps(asked.args)), created_at=now)
    async with store.read() as tx:
        found = await tx.execute(sa.select(invocations).where(invocations.c.key == asked.key))
        return _invocation(found.mappings().one(), vault)


async def is_repeat(tx: Tx, key: str) -> bool:
    """Whether that request has been written down before."""
    return await tx.scalar(sa.select(invocations.c.id).where(invocations.c.key == key)) is not None


async def begin_invocation(
    tx: Tx, vault: Vault, asked: Invocation, digest: str, now: datetime, replica: str
) -> bool:
    """It is being carried out from here on, with exactly these arguments; `digest` names the wish.

    False: another replica took this one for dead, and looks after it now.
    """
    change = {
        "state": "running",
        "started_at": now,
        "next_at": None,
        "args": vault.seal(asked.args),
        "digest": digest,
    }
    ours = (invocations.c.id == asked.id, invocations.c.replica == replica)
    return (await tx.execute(sa.update(invocations).where(*ours).values(change))).rowcount > 0


async def close_invocation(
    tx: Tx,
    asked: Invocation,
    state: str,
    outcome: dict[str, Any] | None,
    now: datetime,
    owed_at: datetime | None = None,
) -> None:
    """Write the end: the arguments are forgotten; a button whose press failed can be pressed again.

    Words, a form or an event that Slack delivers again stay what they were: that key is never freed.
    With `owed_at` the outcome is still to be told; if nobody has done so by then, `owing` finds it.
    """
    again = asked.via == "button" and state in {"failed", "refused"}
    freed: dict[str, Any] = {"key": f"{asked.key} ended {asked.id}"} if again else {}
    if owed_at is None:
        freed["response_url"] = None
    await tx.execute(
        sa.update(invocations)
        .where(invocations.c.id == asked.id)
        .values(state=state, outcome=outcome, closed_at=now, args=b"", next_at=owed_at, attempts=0, **freed)
    )


async def close_answered(
    store: Store,
    asked: Invocation,
    outcome: dict[str, Any],
    now: datetime,
    owed_at: datetime,
    detail: dict[str, Any],
) -> None:
    """What `close` and `note` write of one that has an answer and changes nothing else."""
    at, place = now.timestamp(), (asked.thread.channel, asked.thread.ts, asked.via, asked.operation)
    await store.write_small(
        (_ANSWERED, (json.dumps(outcome), at, b"", owed_at.timestamp(), asked.id)),
        (_NOTED, (at, asked.id, asked.user, *place, json.dumps(detail))),
    )


async def release_key(tx: Tx, invocation_id: str) -> None:
    """What became of a press came to nothing: the button, as it is drawn, may be pressed again."""
    ended = invocations.c.key + " ended " + invocations.c.id
    that = (invocations.c.id == invocation_id, invocations.c.via == "button")
    await tx.execute(sa.update(invocations).where(*that).values(key=ended))


async def mark_answer_delivered(store: Store, invocation_id: str) -> None:
    """Whoever asked has been told, or cannot be: the response URL is forgotten."""
    await store.write_small((_TOLD, (invocation_id,)))


async def postpone_answer(tx: Tx, invocation_id: str, next_at: datetime) -> None:
    """It could not be told: try again then."""
    change = {"next_at": next_at, "attempts": invocations.c.attempts + 1}
    await tx.execute(sa.update(invocations).where(invocations.c.id == invocation_id).values(change))


async def find_undelivered(tx: Tx, vault: Vault, now: datetime, limit: int = 50) -> tuple[Invocation, ...]:
    """Closed invocations whose outcome nobody has been told, and should have been by now."""
    late = (invocations.c.state.not_in(OPEN), invocations.c.next_at <= now)
    found = await tx.execute(sa.select(invocations).where(*late).order_by(invocations.c.next_at).limit(limit))
    return tuple(_invocation(row, vault) for row in found.mappings())


async def postpone_invocation(tx: Tx, invocation_id: str, next_at: datetime) -> None:
    """Whether it happened is not known yet: look again then."""
    change = {"state": "unknown", "next_at": next_at, "attempts": invocations.c.attempts + 1}
    await tx.execute(sa.update(invocations).where(invocations.c.id == invocation_id).values(change))


async def find_unfinished(
    tx: Tx, vault: Vault, now: datetime, replica: str, abandoned: Collection[str] = ()
) -> tuple[Invocation, ...]:
    """Invocations to look after: in doubt and due, or cut off because their replica ended before they did.

    `abandoned`: ids that this replica itself could not finish.
    """
    late = sa.and_(invocations.c.state == "unknown", invocations.c.next_at <= now)
    open_ = invocations.c.state.in_(("accepted", "running"))
    elsewhere = sa.or_(invocations.c.replica.is_(None), invocations.c.replica != replica)
    orphaned = sa.func.coalesce(invocations.c.replica, "").not_in(select_living_replicas(tx))
    left = invocations.c.id.in_(abandoned)
    found = await tx.execute(
        sa.select(invocations)
        .where(sa.or_(late, sa.and_(open_, sa.or_(sa.and_(elsewhere, orphaned), left))))
        .order_by(invocations.c.created_at)
    )
    return tuple(_invocation(row, vault) for row in found.mappings())


async def adopt_invocation(tx: Tx, invocation_id: str, replica: str) -> bool:
    """From here on this replica looks after it; False: whoever did so before still does."""
    owner = sa.func.coalesce(invocations.c.replica, "")
    free = sa.or_(invocations.c.state == "unknown", owner == replica, owner.not_in(select_living_replicas(tx)))
    that = (invocations.c.id == invocation_id, free)
    return (await tx.execute(sa.update(invocations).where(*that).values(replica=replica))).rowcount > 0


async def abandon_invocations(tx: Tx, ids: Collection[str], replica: str) -> None:
    """This replica cannot finish those: the writer finds them as if their replica had ended."""
    ours = (invocations.c.id.in_(ids), invocations.c.replica == replica)
    await tx.execute(sa.update(invocations).where(*ours).values(replica=None))


async def find_next_invocation_due(tx: Tx) -> datetime | None:
    """When the next invocation in doubt is to be looked for, or the next outcome is to be told."""
    when: datetime | None = await tx.scalar(sa.select(sa.func.min(invocations.c.next_at)))
    return when


async def count_unconfirmed(tx: Tx) -> int:
    """How many invocations nobody can say of whether they happened."""
    query = sa.select(sa.func.count()).select_from(invocations).where(invocations.c.state == "unknown")
    return await tx.scalar(query) or 0


async def save_choice(tx: Tx, vault: Vault, choice: Choice, now: datetime) -> None:
    """Write down what a button or a form stands for."""
    await tx.execute(
        sa.insert(choices).values(
            id=choice.id,
            operation=choice.operation,
            args=vault.seal(choice.args),
            confirmed=choice.confirmed,
            form=choice.form,
            direct=choice.direct,
            user_id=choice.user,
            team=choice.thread.team,
            channel=choice.thread.channel,
            thread_ts=choice.thread.ts or "",
            created_at=now,
        )
    )


async def find_choice(tx: Tx, vault: Vault, choice_id: str) -> Choice | None:
    """What a button or a form stands for; None when it is unknown or too old."""
    row = (await tx.execute(sa.select(choices).where(choices.c.id == choice_id))).mappings().one_or_none()
    if row is None:
        return None
    return Choice(
        id=row["id"],
        operation=row["operation"],
        args=vault.open(row["args"]),
        thread=Thread(row["team"], row["channel"], row["thread_ts"] or None),
        user=row["user_id"],
        confirmed=row["confirmed"],
        form=row["form"],
        direct=row["direct"],
    )


def _invocation(row: Row, vault: Vault) -> Invocation:
    return Invocation(
        id=row["id"],
        key=row["key"],
        operation=row["operation"],
        args=vault.open(row["args"]) if row["args"] else {},
        user=row["user_id"],
        thread=Thread(row["team"], row["channel"], row["thread_ts"] or None),
        via=row["via"],
        state=row["state"],
        response_url=vault.open(row["response_url"]) if row["response_url"] else None,
        outcome=row["outcome"],
        attempts=row["attempts"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        closed_at=row["closed_at"],
    )
