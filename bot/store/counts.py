"""The query on how jobs have gone on since a build's counts were read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from bot.core.counts import Move, moved
from bot.model import Build
from bot.store.store import Tx
from bot.store.tables import jobs

# Whole seconds of a time as it is written in JSON.
_SECONDS = 19
_KINDS = ("state_now", "began", "ended", "was_retried", "again")


def _heard() -> sa.Select[Any]:
    """The jobs heard of since `read_at`, by how they have moved since `then`."""
    job = {name: jobs.c.job[name].as_string() for name in ("state", "started_at", "finished_at", "retried")}
    began, ended = (_after(job[name]) for name in ("started_at", "finished_at"))
    retried = job["retried"].in_(("1", "true"))
    again = jobs.c.job["retry_source"].as_string().is_not(None)
    kinds = [
        one.label(name) for name, one in zip(_KINDS, (job["state"], began, ended, retried, again), strict=True)
    ]
    since = (jobs.c.build_id == sa.bindparam("build"), jobs.c.seen_at >= sa.bindparam("read_at"))
    return sa.select(*kinds, sa.func.count()).where(*since, job["started_at"].is_not(None)).group_by(*kinds)


def _after(written: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.func.coalesce(sa.func.substr(written, 1, _SECONDS) > sa.bindparam("then"), sa.false())


_HEARD = _heard()


async def now(tx: Tx, build: Build) -> dict[str, int]:
    """Jobs by their state; nothing of a build that was never asked for by number."""
    read = build.job_state_counts
    if read is None:
        return {}
    if read.at is None:
        return dict(read.states)
    then = read.at.strftime("%Y-%m-%dT%H:%M:%S")
    found = await tx.execute(_HEARD, {"build": build.id, "read_at": read.at, "then": then})
    return moved(read.states, [Move(str(row[0]), *_told(row[1:5]), int(row[5])) for row in found])


def _told(columns: Sequence[object]) -> tuple[bool, bool, bool, bool]:
    began, ended, retried, again = map(bool, columns)
    return began, ended, retried, again
