"""Rows turned into values, values into rows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from bot.model import Build, Card, Job, Known, Notice, Thread
from bot.store.engine import Json
from bot.store.store import Tx
from bot.store.tables import builds, meta

Row = sa.RowMapping
_SETTING = sa.select(meta.c.value).where(meta.c.key == sa.bindparam("named"))


def text(column: sa.Column[Any]) -> sa.ColumnElement[str]:
    """A column of JSON as the text that it is: read at once into a value, without objects in between."""
    return sa.cast(column, sa.Text).label(column.name)


def among(dialect: str, column: sa.Column[Any]) -> sa.ColumnElement[bool] | sa.TextClause:
    """Whether the column has one of the values of `those`: one parameter, however many they are.

    https://www.sqlite.org/json1.html#jeach, https://www.postgresql.org/docs/current/functions-comparisons.html
    """
    if dialect == "postgresql":
        many = sa.ARRAY(column.type)
        return column == sa.any_(sa.cast(sa.bindparam("those", type_=many), many))
    return sa.text(f"{column.table.name}.{column.name} IN (SELECT value FROM json_each(:those))")  # noqa: S608


def those(tx: Tx, values: Iterable[str | int]) -> dict[str, Any]:
    """What a statement with `among` is given."""
    return {"those": list(values) if tx.dialect.name == "postgresql" else json.dumps(list(values))}


KNOWN = tuple(text(column) if column.name == "build" else column for column in builds.c)


def insert(tx: Tx, table: sa.Table) -> Any:
    """An INSERT that knows ON CONFLICT, in the dialect of the connection."""
    return insert_in(tx.dialect.name, table)


def insert_in(dialect: str, table: sa.Table) -> Any:
    """An INSERT that knows ON CONFLICT."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


def known(row: Row) -> Known:
    """A build as the facts speak of it, from the columns of `KNOWN`."""
    return Known(
        build=Build.model_validate_json(row["build"]),
        seen_at=row["seen_at"],
        read_at=row["read_at"],
        doubt=row["doubt"],
        settled=row["settled"],
        revision=row["revision"],
        episode=row["episode"],
        gone=row["gone"],
        read_phase=row["read_phase"],
        read_end=row["read_end"],
        doubt_since=row["doubt_since"],
    )


def build_values(build: Build) -> dict[str, Any]:
    """The columns of what Buildkite says of a build."""
    ref, said = build.ref, build.model_dump_json(exclude={"jobs"}, exclude_none=True)
    return {"org": ref.org, "pipeline": ref.pipeline, "number": ref.number, "build": Json(said)}


def known_values(value: Known) -> dict[str, Any]:
    """The columns of what is known beyond that, but for `doubt_since` and what the sweep keeps."""
    return {
        "phase": "gone" if value.gone else value.build.phase,
        "seen_at": value.seen_at,
        "read_at": value.read_at,
        "doubt": value.doubt,
        "settled": value.settled,
        "revision": value.revision,
        "episode": value.episode,
        "gone": value.gone,
        "read_phase": value.read_phase,
        "read_end": value.read_end,
    }


def job(row: Row) -> Job:
    """A job as it was last heard of."""
    return Job.model_validate_json(row["job"])


def job_text(job: Job) -> Json:
    """What of a job is worth a row: no command, it may hold anything."""
    return Json(job.model_dump_json(exclude={"command", "agent_query_rules"}, exclude_none=True))


def card(row: Row) -> Card:
    """A card row as a value."""
    return Card(
        id=row["id"],
        build_id=row["build_id"],
        thread=Thread(row["team"], row["channel"], row["thread_ts"] or None),
        ts=row["ts"],
        asked_by=row["asked_by"],
        watching=row["watching"],
        shown=row["shown"],
        intent_at=row["intent_at"],
        due_at=row["due_at"],
        state=row["state"],
        created_at=row["created_at"],
        attempts=row["attempts"],
        reposts=row["reposts"],
        origin=row["origin"],
        subscription=row["subscription"],
        updates=row["updates"],
        broadcast=row["broadcast"],
        mentions=row["mentions"],
        muted=row["muted"],
        unfurl=row["unfurl"],
    )


def notice(row: Row) -> Notice:
    """A notice row as a value."""
    return Notice(
        id=row["id"],
        key=row["key"],
        kind=row["kind"],
        thread=Thread(row["team"], row["channel"], row["thread_ts"] or None),
        card_id=row["card_id"],
        episode=row["episode"],
        body=row["body"],
        asked_by=row["asked_by"],
        intent_at=row["intent_at"],
        ts=row["ts"],
        due_at=row["due_at"],
        created_at=row["created_at"],
        attempts=row["attempts"],
    )


async def get_meta(tx: Tx, key: str) -> str | None:
    """A setting that the bot keeps for itself."""
    value: str | None = await tx.scalar(_SETTING, {"named": key})
    return value


async def set_meta(tx: Tx, key: str, value: str) -> None:
    """Keep a setting."""
    row = insert(tx, meta).values(key=key, value=value)
    await tx.execute(row.on_conflict_do_update(index_elements=["key"], set_={"value": value}))


async def keep_meta(tx: Tx, key: str, value: str) -> str:
    """Keep a setting unless there is one; gives the one that is kept."""
    await tx.execute(insert(tx, meta).values(key=key, value=value).on_conflict_do_nothing())
    return await get_meta(tx, key) or value
