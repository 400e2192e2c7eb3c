"""Queries for the outbox and for stored profiles of people."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from bot.slack.blockkit.blocks import Message, restore_message
from bot.slack.blockkit.mrkdwn import Mrkdwn
from bot.slack.blockkit.outdated import remove_buttons
from bot.slack.types import Profile, Standing, Thread
from bot.store.sql import insert_into
from bot.store.tables import notices
from bot.store.tables_people import people
from bot.store.transactions import Tx


async def enqueue_message(
    tx: Tx,
    key: str,
    thread: Thread,
    message: Message,
    now: datetime,
    requester: str | None = None,
    about: str | None = None,
) -> None:
    """Queue a message to post once: another with the same key does nothing.

    `about` is the subject of its buttons: `withdraw_buttons` removes them when that changes.
    """
    values = {
        "key": key,
        "kind": "answer",
        "card_id": None,
        "episode": 0,
        "team": thread.team,
        "channel": thread.channel,
        "thread_ts": thread.ts or "",
        "body": asdict(message),
        "asked_by": requester,
        "about": about,
        "state": "due",
        "due_at": now,
        "created_at": now,
    }
    await tx.execute(insert_into(tx, notices).values(values).on_conflict_do_nothing())


async def withdraw_buttons(tx: Tx, about: str, note: Mrkdwn, now: datetime) -> None:
    """Remove the buttons of earlier messages about a subject, as `note` explains; posted ones are to be edited."""
    waiting = (notices.c.about == about, notices.c.state.in_(("due", "stale", "done")))
    found = await tx.execute(
        sa.select(notices.c.id, notices.c.body, notices.c.ts, notices.c.state).where(*waiting)
    )
    for row in found.all():
        body = remove_buttons(restore_message(row.body), lambda _action: True, note)
        change = {"body": asdict(body), "about": None}
        edit = {"state": "stale", "due_at": now} if row.ts else {}
        await tx.execute(sa.update(notices).where(notices.c.id == row.id).values({**change, **edit}))


async def find_profile(tx: Tx, team: str, user: str) -> Profile | None:
    """Return the stored profile, or None if this person was never read."""
    stored = [people.c[name] for name in Profile._fields]
    query = sa.select(*stored).where(people.c.team == team, people.c.user_id == user)
    row = (await tx.execute(query)).mappings().one_or_none()
    return Profile(**{**row, "standing": Standing(row["standing"])}) if row else None


async def find_name(tx: Tx, team: str, user: str) -> str:
    """Return the stored name of a person; empty if this person was never read."""
    query = sa.select(people.c.name).where(people.c.team == team, people.c.user_id == user)
    return await tx.scalar(query) or ""


async def save_profile(tx: Tx, team: str, user: str, profile: Profile) -> None:
    """Store a profile, replacing an older one."""
    values = {**profile._asdict(), "standing": profile.standing.value}
    row = insert_into(tx, people).values(team=team, user_id=user, **values)
    await tx.execute(row.on_conflict_do_update(index_elements=["team", "user_id"], set_=values))


async def find_users_by_email(tx: Tx, team: str, address: str, limit: int = 2) -> list[str]:
    """Return the IDs of people whose stored profile has this address, which must be in lower case."""
    same = (people.c.team == team, sa.func.lower(people.c.email) == address)
    return list(await tx.scalars(sa.select(people.c.user_id).where(*same).limit(limit)))


async def find_user_by_handle(tx: Tx, team: str, handle: str) -> str | None:
    """Return the ID of the person who was last seen with this handle, which must be in lower case."""
    same = (people.c.team == team, sa.func.lower(people.c.handle) == handle)
    newest = sa.select(people.c.user_id).where(*same).order_by(people.c.fetched_at.desc()).limit(1)
    user: str | None = await tx.scalar(newest)
    return user
