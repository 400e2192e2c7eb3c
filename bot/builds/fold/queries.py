"""Queries on many builds at a time: a handful of statements, however many builds there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

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
    """A reply to a card; `state` is "due", or "dropped" if it counts as posted already."""

    card: Card
    kind: str
    generation: int
    state: str


@dataclass(frozen=True)
class BuildUpdate:
    """A build to write, as it was `before` and as `tracked` now; `next_read` counts only if `read_planned`."""

    tracked: TrackedBuild
    before: TrackedBuild | None
    read_planned: bool
    next_read: datetime | None


async def lock_builds(tx: Tx, ids: Sequence[str]) -> list[tuple[TrackedBuild, datetime | None]]:
    """Lock these builds until the transaction ends; return each with the time since when it is polled, or None."""
    found = await tx.execute(_select_locked(tx.dialect.name), bind_among(tx, ids))
    return [(build_from_row(row), row["followed_at"] if row["followed"] else None) for row in found.mappings()]


@cache
def _select_locked(dialect: str) -> sa.Executable:
    query = sa.select(*BUILD_COLUMNS).where(is_among(dialect, builds.c.id))
    return query.order_by(builds.c.id).with_for_update()


async def find_cards_of_builds(tx: Tx, ids: Sequence[str]) -> tuple[Card, ...]:
    """Return all cards of these builds."""
    found = await tx.execute(_select_cards(tx.dialect.name), bind_among(tx, ids))
    return tuple(card_from_row(row) for row in found.mappings())


@cache
def _select_cards(dialect: str) -> sa.Executable:
    return sa.select(cards).where(is_among(dialect, cards.c.build_id))


async def find_replies(tx: Tx, card_ids: Sequence[str]) -> list[tuple[str, int, str, str]]:
    """Return the replies that these cards have had: (card id, generation, kind, state)."""
    if not card_ids:
        return []
    return [tuple(row) for row in await tx.execute(_select_replies(tx.dialect.name), bind_among(tx, card_ids))]


@cache
def _select_replies(dialect: str) -> sa.Executable:
    c = notices.c
    return sa.select(c.card_id, c.episode, c.kind, c.state).where(is_among(dialect, c.card_id))


async def find_failed_jobs(tx: Tx, ids: Sequence[str]) -> list[tuple[str, Job]]:
    """Return the failed jobs of these builds, each with its build id; some may have been retried since."""
    found = await tx.execute(_select_failed(tx.dialect.name), bind_among(tx, ids))
    return [(row["build_id"], job_from_row(row)) for row in found.mappings()]


@cache
def _select_failed(dialect: str) -> sa.Executable:
    state = jobs.c.job["state"].as_string()
    which = (is_among(dialect, jobs.c.build_id), state.in_(sorted(JOB_FAILED)))
    return sa.select(jobs.c.build_id, json_text(jobs.c.job)).where(*which)


async def save_jobs(tx: Tx, changed: Iterable[tuple[str, Job]], now: datetime) -> None:
    """Write jobs, each with the id of its build."""
    values = [
        {"id": job.id, "build_id": build_id, "job": job_json(job), "seen_at": now} for build_id, job in changed
    ]
    await write_all(tx, _upsert_job, values)


def _upsert_job(dialect: str, _columns: Sequence[str]) -> sa.Insert:
    row = insert_for_dialect(dialect, jobs)
    change = {"job": row.excluded.job, "seen_at": row.excluded.seen_at}
    upsert: sa.Insert = row.on_conflict_do_update(index_elements=["id"], set_=change)
    return upsert


async def save_builds(tx: Tx, saved: Iterable[BuildUpdate], now: datetime) -> None:
    """Write tracked builds.

    The time since when a build is unconfirmed starts with its first unconfirmed change, and is cleared by the read
    that confirms the last one.
    """
    by_columns: defaultdict[tuple[str, ...], list[dict[str, object]]] = defaultdict(list)
    for update in saved:
        values = _find_changed_columns(update, now)
        by_columns[tuple(values)].append({f"to_{name}": value for name, value in values.items()})
    # One statement for each set of columns: rows that write the same columns go together.
    for rows in by_columns.values():
        await write_all(tx, _update_build, rows)


def _update_build(_dialect: str, columns: Sequence[str]) -> sa.Update:
    names = [name.removeprefix("to_") for name in columns]
    change = {name: sa.bindparam(f"to_{name}", type_=builds.c[name].type) for name in names if name != "id"}
    return sa.update(builds).where(builds.c.id == sa.bindparam("to_id")).values(change)


def _find_changed_columns(update: BuildUpdate, now: datetime) -> dict[str, object]:
    """Return only the columns that changed: most webhooks just report the next state of a job."""
    values: dict[str, object] = {
        "id": update.tracked.build.id,
        **({"read_due": update.next_read, "read_failures": 0} if update.read_planned else {}),
    }
    if update.before is None or update.tracked.build is not update.before.build:
        values |= build_values(update.tracked.build)
    since = (update.tracked.unconfirmed_since or now) if update.tracked.unconfirmed else None
    return {**values, **tracking_values(update.tracked), "doubt_since": since}


async def enqueue_replies(tx: Tx, replies: Iterable[NewReply], now: datetime) -> None:
    """Queue replies to be posted, each once: a repeated key is ignored."""
    values = [
        {
            "key": format_reply_key(reply.card.id, reply.kind, reply.generation),
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
    await write_all(tx, _insert_reply, values)


def _insert_reply(dialect: str, _columns: Sequence[str]) -> sa.Insert:
    insert: sa.Insert = insert_for_dialect(dialect, notices).on_conflict_do_nothing()
    return insert


async def drop_replies(tx: Tx, keys: Sequence[str]) -> None:
    """Drop queued replies that haven't been posted yet."""
    if keys:
        await tx.execute(_drop_statement(tx.dialect.name), bind_among(tx, keys))


@cache
def _drop_statement(dialect: str) -> sa.Update:
    waiting = (is_among(dialect, notices.c.key), notices.c.intent_at.is_(None))
    return sa.update(notices).where(*waiting).values(state="dropped")


def format_reply_key(card_id: str, kind: str, generation: int) -> str:
    """Return the key that makes a reply unique."""
    return f"{card_id}:{kind}:{generation}"
