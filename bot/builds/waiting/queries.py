"""Queries on builds that haven't begun, and on the reasons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.builds.model import ShownReason, TrackedBuild
from bot.builds.queries import BUILD_COLUMNS
from bot.builds.rows import build_from_row
from bot.store.sql import insert_into
from bot.store.tables import builds, cards
from bot.store.tables_notifications import findings
from bot.store.transactions import Tx

KIND = "waiting"


async def find_waiting_builds(tx: Tx, now: datetime, since: datetime, limit: int) -> Sequence[TrackedBuild]:
    """Return builds with a card that haven't begun since then, and whose next lookup is due."""
    mine = sa.and_(findings.c.build_id == builds.c.id, findings.c.kind == KIND)
    shown = sa.exists().where(cards.c.build_id == builds.c.id, cards.c.state == "live", cards.c.ts.is_not(None))
    query = (
        sa.select(*BUILD_COLUMNS)
        .outerjoin(findings, mine)
        .where(builds.c.phase == "scheduled", builds.c.followed, builds.c.followed_at <= since, shown)
        .where(sa.or_(findings.c.due_at.is_(None), findings.c.due_at <= now))
        .order_by(builds.c.followed_at)
        .limit(limit)
    )
    return [build_from_row(row) for row in (await tx.execute(query)).mappings()]


async def find_next_waiting_due(tx: Tx, patience: float) -> datetime | None:
    """Return when a build will have waited for this many seconds, or its next lookup is due."""
    mine = sa.and_(findings.c.build_id == builds.c.id, findings.c.kind == KIND)
    first = sa.func.coalesce(findings.c.due_at, builds.c.followed_at + sa.literal(patience, sa.Double))
    query = sa.select(sa.func.min(first)).select_from(builds.outerjoin(findings, mine))
    when: datetime | None = await tx.scalar(query.where(builds.c.phase == "scheduled", builds.c.followed))
    return when


async def find_reasons(tx: Tx, build_id: str) -> list[ShownReason]:
    """Return the reasons last found."""
    query = sa.select(findings.c.content).where(findings.c.build_id == build_id, findings.c.kind == KIND)
    content = await tx.scalar(query)
    return list(content or [])


async def save_reasons(tx: Tx, build_id: str, reasons: list[ShownReason], now: datetime, due_at: datetime) -> None:
    """Save the reasons, and when to look again."""
    values = {"build_id": build_id, "kind": KIND, "content": reasons, "at": now, "due_at": due_at}
    change = {"content": reasons, "at": now, "due_at": due_at}
    row = insert_into(tx, findings).values(values)
    await tx.execute(row.on_conflict_do_update(index_elements=["build_id", "kind"], set_=change))
