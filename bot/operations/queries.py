"""Queries on invocations and choices."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from bot.operations.invocation import OPEN_STATES, Choice, Invocation, StoredAnswer
from bot.operations.stored_values import decode_answer, decode_flags, encode_answer, encode_args
from bot.runtime.json_types import JsonObject
from bot.slack.types import PROGRAM_WAYS, Thread
from bot.store.leases import select_living_replicas
from bot.store.small_writes import ForEachRow, InsertUnlessExists
from bot.store.sql import Row
from bot.store.tables import choices, invocations
from bot.store.transactions import Store, Tx
from bot.store.vault import Vault

# Raw SQL because people wait for these statements: building them with SQLAlchemy takes longer than running them.
_ACCEPT = InsertUnlessExists(
    "invocations",
    (
        *("id", "key", "operation", "args", "user_id", "team", "channel", "thread_ts", "via", "response_url"),
        *("state", "replica", "created_at", "digest"),
    ),
)
_ANSWERED = ForEachRow(
    "UPDATE invocations SET state = 'done', outcome = ?, closed_at = ?, args = ?, next_at = ?, attempts = 0 "
    "WHERE id = ?"
)
_AUDITED = ForEachRow(
    "INSERT INTO audit (at, invocation, user_id, channel, thread_ts, via, operation, transition, detail) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, 'done', ?)"
)
_DELIVERED = ForEachRow("UPDATE invocations SET next_at = NULL, response_url = NULL WHERE id = ?")


async def insert_invocation(
    store: Store, vault: Vault, invocation: Invocation, now: datetime, replica: str
) -> Invocation:
    """Store an invocation, or return the one that already has its key; durable once this returns."""
    values = (
        invocation.id,
        invocation.key,
        invocation.operation,
        vault.seal(encode_args(invocation)),
        invocation.user,
        invocation.thread.team,
        invocation.thread.channel,
        invocation.thread.ts or "",
        invocation.via,
        vault.seal(invocation.response_url) if invocation.response_url else None,
        invocation.state,
        replica,
        now.timestamp(),
        invocation.digest if invocation.by_program else None,
    )
    while not await store.write_small((_ACCEPT, values)):
        async with store.read() as tx:
            found = await tx.execute(sa.select(invocations).where(invocations.c.key == invocation.key))
            row = found.mappings().one_or_none()
        # Without a row, the press that held the key has just been refused or failed, and freed it. This ends: each
        # round takes one more such press.
        if row is not None:
            return _invocation_from_row(row, vault)
    return replace(invocation, args=json.loads(json.dumps(invocation.args)), created_at=now)


async def is_repeat(tx: Tx, key: str) -> bool:
    """Return whether a request with that key has been stored before."""
    return await tx.scalar(sa.select(invocations.c.id).where(invocations.c.key == key)) is not None


async def find_invocation(tx: Tx, vault: Vault, invocation_id: str) -> Invocation | None:
    """Return an invocation by its id."""
    return await _find_one(tx, vault, invocations.c.id == invocation_id)


async def find_invocation_by_key(tx: Tx, vault: Vault, key: str) -> Invocation | None:
    """Return an invocation by its key."""
    return await _find_one(tx, vault, invocations.c.key == key)


async def _find_one(tx: Tx, vault: Vault, *where: sa.ColumnElement[bool]) -> Invocation | None:
    row = (await tx.execute(sa.select(invocations).where(*where))).mappings().one_or_none()
    return _invocation_from_row(row, vault) if row else None


async def begin_invocation(tx: Tx, vault: Vault, invocation: Invocation, now: datetime, replica: str) -> bool:
    """Mark an invocation as running with exactly these arguments.

    Returns False where another replica has taken it over, believing this one dead.
    """
    change = {
        "state": "running",
        "started_at": now,
        "next_at": None,
        "args": vault.seal(encode_args(invocation)),
        **({} if invocation.by_program else {"digest": invocation.digest}),
    }
    is_ours = (invocations.c.id == invocation.id, invocations.c.replica == replica)
    return (await tx.execute(sa.update(invocations).where(*is_ours).values(change))).rowcount > 0


async def close_invocation(
    tx: Tx,
    invocation: Invocation,
    state: str,
    answer: StoredAnswer | None,
    now: datetime,
    owed_at: datetime | None = None,
    *,
    frees_button: bool = False,
    is_certain: bool = True,
) -> None:
    """Store the outcome and delete the arguments; a button whose press failed can be pressed again.

    With `frees_button` it can be pressed again even after success. A program's key is free again as well, unless
    the request was carried out, waits for approval, or may have been carried out (`is_certain` is False).
    A command, a form or an event that Slack delivers again stays a repeat: its key is never freed.
    With `owed_at` the answer is still to be delivered; from then on `find_undelivered` returns it.
    """
    freeable = invocation.via == "button" and (frees_button or state in {"failed", "refused"})
    if invocation.by_program and not invocation.flags.proposal:
        freeable = is_certain and answer is not None and state != "done"
    outcome = encode_answer(answer) if answer else None
    freed: dict[str, str | None] = {"key": f"{invocation.key} ended {invocation.id}"} if freeable else {}
    if owed_at is None:
        freed["response_url"] = None
    await tx.execute(
        sa.update(invocations)
        .where(invocations.c.id == invocation.id)
        .values(
            state=state,
            outcome=outcome,
            closed_at=now,
            args=b"",
            next_at=owed_at,
            attempts=0,
            **freed,
        )
    )


async def close_answered(
    store: Store,
    invocation: Invocation,
    answer: StoredAnswer,
    now: datetime,
    owed_at: datetime,
    detail: JsonObject,
) -> None:
    """Close and audit an invocation that has only an answer, in one small write."""
    at, place = (
        now.timestamp(),
        (invocation.thread.channel, invocation.thread.ts, invocation.via, invocation.operation),
    )
    await store.write_small(
        (_ANSWERED, (json.dumps(encode_answer(answer)), at, b"", owed_at.timestamp(), invocation.id)),
        (_AUDITED, (at, invocation.id, invocation.user, *place, json.dumps(detail))),
    )


async def release_key(tx: Tx, invocation_id: str) -> None:
    """Let a button be pressed again, and a program's key be used again, after what it started came to nothing."""
    ended = invocations.c.key + " ended " + invocations.c.id
    matches = (invocations.c.id == invocation_id, invocations.c.via.in_(("button", *PROGRAM_WAYS)))
    await tx.execute(sa.update(invocations).where(*matches).values(key=ended))


async def mark_answer_delivered(store: Store, invocation_id: str) -> None:
    """Record that the answer was delivered or never will be, and delete the response URL."""
    await store.write_small((_DELIVERED, (invocation_id,)))


async def postpone_answer(tx: Tx, invocation_id: str, next_at: datetime) -> None:
    """Plan the next attempt to deliver an answer."""
    change = {"next_at": next_at, "attempts": invocations.c.attempts + 1}
    await tx.execute(sa.update(invocations).where(invocations.c.id == invocation_id).values(change))


async def find_undelivered(tx: Tx, vault: Vault, now: datetime, limit: int = 50) -> tuple[Invocation, ...]:
    """Return closed invocations whose answer is overdue."""
    is_late = (invocations.c.state.not_in(OPEN_STATES), invocations.c.next_at <= now)
    found = await tx.execute(sa.select(invocations).where(*is_late).order_by(invocations.c.next_at).limit(limit))
    return tuple(_invocation_from_row(row, vault) for row in found.mappings())


async def postpone_invocation(tx: Tx, invocation_id: str, next_at: datetime) -> None:
    """Mark an invocation as unknown and plan when to probe it again."""
    change = {"state": "unknown", "next_at": next_at, "attempts": invocations.c.attempts + 1}
    await tx.execute(sa.update(invocations).where(invocations.c.id == invocation_id).values(change))


async def find_unfinished(
    tx: Tx, vault: Vault, now: datetime, replica: str, abandoned: Collection[str] = ()
) -> tuple[Invocation, ...]:
    """Return invocations to recover: unknown and due, or cut off because their replica died.

    `abandoned`: ids of those that this replica itself could not finish.
    """
    is_late = sa.and_(invocations.c.state == "unknown", invocations.c.next_at <= now)
    is_open = invocations.c.state.in_(("accepted", "running"))
    is_foreign = sa.or_(invocations.c.replica.is_(None), invocations.c.replica != replica)
    is_orphaned = sa.func.coalesce(invocations.c.replica, "").not_in(select_living_replicas(tx))
    is_abandoned = invocations.c.id.in_(abandoned)
    found = await tx.execute(
        sa.select(invocations)
        .where(sa.or_(is_late, sa.and_(is_open, sa.or_(sa.and_(is_foreign, is_orphaned), is_abandoned))))
        .order_by(invocations.c.created_at)
    )
    return tuple(_invocation_from_row(row, vault) for row in found.mappings())


async def adopt_invocation(tx: Tx, invocation_id: str, replica: str) -> bool:
    """Assign an invocation to this replica; False where its owner is still alive."""
    owner = sa.func.coalesce(invocations.c.replica, "")
    free = sa.or_(invocations.c.state == "unknown", owner == replica, owner.not_in(select_living_replicas(tx)))
    matches = (invocations.c.id == invocation_id, free)
    return (await tx.execute(sa.update(invocations).where(*matches).values(replica=replica))).rowcount > 0


async def abandon_invocations(tx: Tx, ids: Collection[str], replica: str) -> None:
    """Clear the owner of invocations that this replica can't finish, so that the leader adopts them."""
    is_ours = (invocations.c.id.in_(ids), invocations.c.replica == replica)
    await tx.execute(sa.update(invocations).where(*is_ours).values(replica=None))


async def find_next_invocation_due(tx: Tx) -> datetime | None:
    """Return when the next unknown invocation is to be probed, or the next answer to be delivered."""
    when: datetime | None = await tx.scalar(sa.select(sa.func.min(invocations.c.next_at)))
    return when


async def count_unconfirmed(tx: Tx) -> int:
    """Count invocations that may or may not have happened."""
    query = sa.select(sa.func.count()).select_from(invocations).where(invocations.c.state == "unknown")
    return await tx.scalar(query) or 0


async def save_choice(tx: Tx, vault: Vault, choice: Choice, now: datetime) -> None:
    """Store a choice."""
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
    """Return a choice; None when it is unknown or too old."""
    row = (await tx.execute(sa.select(choices).where(choices.c.id == choice_id))).mappings().one_or_none()
    if row is None:
        return None
    thread = Thread(row["team"], row["channel"], row["thread_ts"] or None)
    flags = {name: row[name] for name in ("confirmed", "form", "direct")}
    return Choice(row["id"], row["operation"], vault.open(row["args"]), thread, row["user_id"], **flags)


def _invocation_from_row(row: Row, vault: Vault) -> Invocation:
    stored = vault.open(row["args"]) if row["args"] else {}
    return Invocation(
        id=row["id"],
        key=row["key"],
        operation=row["operation"],
        args=stored.get("args", {}),
        flags=decode_flags(stored),
        rule=stored.get("rule"),
        assumed=stored.get("assumed", ""),
        agent=stored.get("agent", ""),
        user=row["user_id"],
        thread=Thread(row["team"], row["channel"], row["thread_ts"] or None),
        via=row["via"],
        state=row["state"],
        response_url=vault.open(row["response_url"]) if row["response_url"] else None,
        answer=decode_answer(row["outcome"]) if row["outcome"] else None,
        given_digest=row["digest"],
        attempts=row["attempts"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        closed_at=row["closed_at"],
    )
