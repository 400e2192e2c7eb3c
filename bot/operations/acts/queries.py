"""Queries on acts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from bot.operations.acts.model import Act, NewAct
from bot.slack.types import Thread
from bot.store.sql import Row
from bot.store.tables_people import acts, people
from bot.store.transactions import Tx

_SELECT = sa.select(acts, people.c.name).outerjoin(
    people, sa.and_(people.c.team == acts.c.team, people.c.user_id == acts.c.user_id)
)


async def record_act(tx: Tx, act: NewAct, team: str) -> None:
    """Record an act."""
    place = act.announced_in
    await tx.execute(
        sa.insert(acts).values(
            operation=act.operation,
            about=act.about,
            build=act.build,
            team=team,
            user_id=act.user,
            agent=act.agent or None,
            channel=place.channel if place else None,
            thread_ts=place.ts if place else None,
            result=dict(act.result or {}),
            verb=act.verb,
            at=act.at,
        )
    )


async def find_last_act(tx: Tx, operations: Collection[str], about: str) -> Act | None:
    """Return the newest act of one of these operations on a job, an agent or a build, or on a job of the build."""
    subject = sa.or_(acts.c.about == about, acts.c.build == about)
    return await _find_newest(tx, subject, acts.c.operation.in_(operations))


async def find_last_acts(tx: Tx, operations: Collection[str], abouts: Collection[str]) -> dict[str, Act]:
    """Return the newest act of one of these operations on each of these subjects that has one."""
    query = _SELECT.where(acts.c.about.in_(abouts), acts.c.operation.in_(operations)).order_by(acts.c.id)
    return {row["about"]: _act_from_row(row) for row in (await tx.execute(query)).mappings()}


async def was_announced(tx: Tx, operations: Collection[str], build: str, thread: Thread, since: datetime) -> bool:
    """Return whether such an act on a build was announced in a thread since then."""
    place = (acts.c.channel == thread.channel, acts.c.thread_ts == thread.ts)
    announced = (acts.c.build == build, *place, acts.c.operation.in_(operations), acts.c.at >= since)
    return await tx.scalar(sa.select(acts.c.id).where(*announced).limit(1)) is not None


async def _find_newest(tx: Tx, *where: sa.ColumnElement[bool]) -> Act | None:
    query = _SELECT.where(*where).order_by(acts.c.id.desc()).limit(1)
    row = (await tx.execute(query)).mappings().one_or_none()
    return _act_from_row(row) if row else None


def _act_from_row(row: Row) -> Act:
    return Act(
        row["operation"],
        row["about"],
        row["build"],
        row["agent"] or row["name"] or "",
        row["at"],
        row["result"] or {},
        row["verb"],
    )
