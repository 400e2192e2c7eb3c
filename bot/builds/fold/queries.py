"""Queries on many builds at a time: a handful of statements, however many builds there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from bot.buildkite.models import JOB_FAILED, Job
from bot.builds.model import Card, TrackedBuild
from bot.builds.queries import BUILD_COLUMNS
from bot.builds.rows import build_from_row, build_values, card_from_row, job_from_row, job_json, tracking_values
from bot.store.bulk import write_all
from bot.store.sql import bind_among, insert_for_dialect, is_among, json_text
from bot.store.tables import builds, cards, jobs, notices
from bot.store.transactions import Tx


@dataclass(frozen=True)
class NewReply:
    """A reply below a card: `state` is due, or dropped where it counts as said already."""

    card: Card
    kind: str
    generation: int
    state: str


@dataclass(frozen=True)
class BuildUpdate:
    """What is written of a build that was known as `before`; `due` is, where its next read was `planned`."""

    tracked: TrackedBuild
    before: TrackedBuild | None
    planned: bool
    due: datetime | None


async def lock_builds(tx: Tx, ids: Sequence[str]) -> list[tuple[TrackedBuild, datetime | None]]:
    """Builds and since when they are followed (None: they are not), held until the transaction ends."""
    found = await tx.execute(_select_locked(tx.dialect.name), bind_among(tx, ids))
    return [(build_from_row(row), row["followed_at"] if row["followed"] else None) for row in found.mappings()]


@cache
def _select_locked(dialect: str) -> sa.Select[Any]:
    query = sa.select(*BUILD_COLUMNS).where(is_among(dialect, builds.c.id))
    return query.order_by(builds.c.id).with_for_update()


async def find_cards_of_builds(tx: Tx, ids: Sequence[str]) -> tuple[Card, ...]:
    """All cards of those builds."""
    found = await tx.execute(_select_cards(tx.dialect.name), bind_among(tx, ids))
    return tuple(card_from_row(row) for row in found.mappings())


@cache
def _select_cards(dialect: str) -> sa.Select[Any]:
    return sa.select(cards).where(is_among(dialect, cards.c.build_id))


async def find_replies(tx: Tx, card_ids: Sequence[str]) -> list[tuple[str, int, str, str]]:
    """The replies that those cards have had: (card, episode, kind, state)."""
    if not card_ids:
        return []
    return [tuple(row) for row in await tx.execute(_select_replies(tx.dialect.name), bind_among(tx, card_ids))]


@cache
def _select_replies(dialect: str) -> sa.Select[Any]:
    c = notices.c
    return sa.select(c.card_id, c.episode, c.kind, c.state).where(is_among(dialect, c.card_id))


async def find_failed_jobs(tx: Tx, ids: Sequence[str]) -> list[tuple[str, Job]]:
    """The jobs of those builds that failed, each with its build; some were retried since."""
    found = await tx.execute(_select_failed(tx.dialect.name), bind_among(tx, ids))
    return [(row["build_id"], job_from_row(row)) for row in found.mappings()]


@cache
def _select_failed(dialect: str) -> sa.Select[Any]:
    state = jobs.c.job["state"].as_string()
    which = (is_among(dialect, jobs.c.build_id), state.in_(sorted(JOB_FAILED)))
    return sa.select(jobs.c.build_id, json_text(jobs.c.job)).where(*which)


async def save_jobs(tx: Tx, changed: Iterable[tuple[str, Job]], now: datetime) -> None:
    """Write jobs as they are known now, each with the id of its build."""
    values = [
        {"id": job.id, "build_id": build_id, "job": job_json(job), "seen_at": now} for build_id, job in changed
    ]
    await write_all(tx, _job, values)


def _job(dialect: str, _columns: Sequence[str]) -> Any:
    row = insert_for_dialect(dialect, jobs)
    change = {"job": row.excluded.job, "seen_at": row.excluded.seen_at}
    return row.on_conflict_do_update(index_elements=["id"], set_=change)


async def save_builds(tx: Tx, saved: Iterable[BuildUpdate], now: datetime) -> None:
    """Write what is known. Doubt's age starts with the first doubt and ends with the read that settles it."""
    alike: defaultdict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for item in saved:
        values = _values(item, now)
        alike[tuple(values)].append({f"to_{name}": value for name, value in values.items()})
    for written in alike.values():
        await write_all(tx, _change, written)


def _change(_dialect: str, columns: Sequence[str]) -> sa.Update:
    names = [name.removeprefix("to_") for name in columns]
    change = {name: sa.bindparam(f"to_{name}", type_=builds.c[name].type) for name in names if name != "id"}
    return sa.update(builds).where(builds.c.id == sa.bindparam("to_id")).values(change)


def _values(update: BuildUpdate, now: datetime) -> dict[str, Any]:
    """As little as there is: most words say of a build only that a job of it went on."""
    values = {
        "id": update.tracked.build.id,
        **({"read_due": update.due, "read_failures": 0} if update.planned else {}),
    }
    if update.before is None or update.tracked.build is not update.before.build:
        values |= build_values(update.tracked.build)
    since = (update.tracked.unconfirmed_since or now) if update.tracked.unconfirmed else None
    return {**values, **tracking_values(update.tracked), "doubt_since": since}


async def enqueue_replies(tx: Tx, replies: Iterable[NewReply], now: datetime) -> None:
    """Have replies posted, each once: a repeat says nothing."""
    values = [
        {
            "key": reply_key(reply.card.id, reply.kind, reply.generation),
            "kind": reply.kind,
            "card_id": reply.card.id,
            "episode": reply.generation,
            "team": reply.card.thread.team,
            "channel": reply.card.thread.channel,
            "thread_ts": reply.card.thread.ts or "",
            "state": reply.state,
            "due_at": now,
            "created_at": now,
        }
        for reply in replies
    ]
    await write_all(tx, _reply, values)


def _reply(dialect: str, _columns: Sequence[str]) -> Any:
    return insert_for_dialect(dialect, notices).on_conflict_do_nothing()


async def drop_replies(tx: Tx, keys: Sequence[str]) -> None:
    """Drop replies that were not posted yet and need no saying any more."""
    if keys:
        await tx.execute(_drop_statement(tx.dialect.name), bind_among(tx, keys))


@cache
def _drop_statement(dialect: str) -> sa.Update:
    waiting = (is_among(dialect, notices.c.key), notices.c.intent_at.is_(None))
    return sa.update(notices).where(*waiting).values(state="dropped")


def reply_key(card_id: str, kind: str, episode: int) -> str:
    """What makes a reply the same one."""
    return f"{card_id}:{kind}:{episode}"
