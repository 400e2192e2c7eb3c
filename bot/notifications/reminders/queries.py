"""Queries on reminders: things to check, and perhaps to post about, at a given time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from bot.slack.types import Thread
from bot.store.sql import insert_into
from bot.store.tables_notifications import reminders
from bot.store.transactions import Tx


class DueReminder(NamedTuple):
    """A reminder for the time `due_at`; `about` is the id of its subject."""

    id: str
    kind: str
    about: str
    thread: Thread
    user: str | None
    body: Mapping[str, object]
    due_at: datetime
    attempts: int = 0


async def save_reminder(tx: Tx, reminder: DueReminder, now: datetime) -> None:
    """Save a reminder in place of one with the same id."""
    change = {
        "kind": reminder.kind,
        "about": reminder.about,
        "team": reminder.thread.team,
        "channel": reminder.thread.channel,
        "thread_ts": reminder.thread.ts or "",
        "user_id": reminder.user,
        "body": reminder.body,
        "due_at": reminder.due_at,
        "attempts": reminder.attempts,
        "created_at": now,
    }
    row = insert_into(tx, reminders).values(id=reminder.id, **change)
    await tx.execute(row.on_conflict_do_update(index_elements=["id"], set_=change))


async def note_once(tx: Tx, reminder: DueReminder, now: datetime) -> bool:
    """Save a reminder unless there is one with the same id; return whether it's new."""
    values = {
        "id": reminder.id,
        "kind": reminder.kind,
        "about": reminder.about,
        "team": reminder.thread.team,
        "channel": reminder.thread.channel,
        "thread_ts": reminder.thread.ts or "",
        "body": reminder.body,
        "due_at": reminder.due_at,
        "attempts": 0,
        "created_at": now,
    }
    return (await tx.execute(insert_into(tx, reminders).values(values).on_conflict_do_nothing())).rowcount > 0


async def cancel_reminders(tx: Tx, about: str) -> None:
    """Delete the reminders about a subject."""
    await tx.execute(sa.delete(reminders).where(reminders.c.about == about))


async def add_to_digest(
    tx: Tx, id_: str, kind: str, thread: Thread, item: Mapping[str, object], due_at: datetime, now: datetime
) -> None:
    """Add an item to the digest that is due at `due_at`, or at its earlier time if it already has one."""
    query = sa.select(reminders.c.body, reminders.c.due_at).where(reminders.c.id == id_).with_for_update()
    row = (await tx.execute(query)).one_or_none()
    items = [*(row.body["items"] if row else ()), item]
    when = min(row.due_at, due_at) if row and row.due_at else due_at
    await save_reminder(tx, DueReminder(id_, kind, id_, thread, None, {"items": items}, when), now)


async def find_due_reminders(tx: Tx, now: datetime, limit: int) -> Sequence[DueReminder]:
    """Return the due reminders, oldest first."""
    return await _find_reminders(tx, reminders.c.due_at <= now, limit)


async def find_reminders_about(tx: Tx, kind: str, about: str, limit: int = 100) -> Sequence[DueReminder]:
    """Return the reminders of a kind about a subject."""
    return await _find_reminders(tx, sa.and_(reminders.c.kind == kind, reminders.c.about == about), limit)


async def _find_reminders(tx: Tx, where: sa.ColumnElement[bool], limit: int) -> Sequence[DueReminder]:
    query = sa.select(reminders).where(where).order_by(reminders.c.due_at).limit(limit)
    return [
        DueReminder(
            row["id"],
            row["kind"],
            row["about"],
            Thread(row["team"], row["channel"], row["thread_ts"] or None),
            row["user_id"],
            row["body"],
            row["due_at"],
            row["attempts"],
        )
        for row in (await tx.execute(query)).mappings()
    ]


async def complete_reminder(tx: Tx, reminder: DueReminder) -> bool:
    """Delete a reminder; return False if it was changed or completed in the meantime."""
    same = (reminders.c.id == reminder.id, reminders.c.due_at == reminder.due_at)
    return (await tx.execute(sa.delete(reminders).where(*same))).rowcount > 0


async def postpone_reminder(tx: Tx, reminder: DueReminder, due_at: datetime, *, attempts: int = 0) -> None:
    """Check a reminder again at `due_at`."""
    same = (reminders.c.id == reminder.id, reminders.c.due_at == reminder.due_at)
    await tx.execute(sa.update(reminders).where(*same).values(due_at=due_at, attempts=attempts))


async def find_next_reminder_due(tx: Tx) -> datetime | None:
    """Return when the next reminder is due."""
    when: datetime | None = await tx.scalar(sa.select(sa.func.min(reminders.c.due_at)))
    return when
