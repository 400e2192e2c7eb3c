from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.slack.types import Thread
from bot.store.sql import insert_into
from bot.store.tables import notices
from bot.store.transactions import Tx


async def enqueue_message(
    tx: Tx,
    key: str,
    kind: str,
    thread: Thread,
    now: datetime,
    *,
    card_id: str | None = None,
    episode: int = 0,
    body: dict[str, Any] | None = None,
    asked_by: str | None = None,
    state: str = "due",
) -> None:
    """Say something once: a repeat of the key says nothing. With `state` dropped it counts as said already."""
    values = {
        "key": key,
        "kind": kind,
        "card_id": card_id,
        "episode": episode,
        "team": thread.team,
        "channel": thread.channel,
        "thread_ts": thread.ts or "",
        "body": body,
        "asked_by": asked_by,
        "state": state,
        "due_at": now,
        "created_at": now,
    }
    await tx.execute(insert_into(tx, notices).values(values).on_conflict_do_nothing())
