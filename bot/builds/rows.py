"""Converts between rows and tracked builds, cards and queued messages.

The columns `doubt`, `settled`, `doubt_since` and `episode` and the table `notices` keep their first names:
migrations only expand the schema, so that the previous release can keep running on it.
"""

from __future__ import annotations

from typing import Any

from bot.buildkite.models import Build, Job
from bot.builds.model import Card, QueuedMessage, TrackedBuild
from bot.slack.types import Thread
from bot.store.engine import EncodedJson
from bot.store.sql import Row


def build_from_row(row: Row) -> TrackedBuild:
    """Return a tracked build from the columns of `BUILD_COLUMNS`."""
    return TrackedBuild(
        build=Build.model_validate_json(row["build"]),
        seen_at=row["seen_at"],
        read_at=row["read_at"],
        changes_reported=row["doubt"],
        changes_confirmed=row["settled"],
        revision=row["revision"],
        generation=row["episode"],
        deleted=row["gone"],
        read_phase=row["read_phase"],
        read_end=row["read_end"],
        unconfirmed_since=row["doubt_since"],
    )


def build_values(build: Build) -> dict[str, Any]:
    """Return the columns that hold the build as Buildkite describes it."""
    ref, content = build.ref, build.model_dump_json(exclude={"jobs"}, exclude_none=True)
    return {"org": ref.org, "pipeline": ref.pipeline, "number": ref.number, "build": EncodedJson(content)}


def tracking_values(tracked: TrackedBuild) -> dict[str, Any]:
    """Return the columns of the tracking state, except `doubt_since` and those that the poller writes."""
    return {
        "phase": "gone" if tracked.deleted else tracked.build.phase,
        "seen_at": tracked.seen_at,
        "read_at": tracked.read_at,
        "doubt": tracked.changes_reported,
        "settled": tracked.changes_confirmed,
        "revision": tracked.revision,
        "episode": tracked.generation,
        "gone": tracked.deleted,
        "read_phase": tracked.read_phase,
        "read_end": tracked.read_end,
    }


def job_from_row(row: Row) -> Job:
    """Return the job as last reported."""
    return Job.model_validate_json(row["job"])


def job_json(job: Job) -> EncodedJson:
    """Return the job as stored JSON, without its command and agent rules, which may hold secrets."""
    return EncodedJson(job.model_dump_json(exclude={"command", "agent_query_rules"}, exclude_none=True))


def card_from_row(row: Row) -> Card:
    """Return the card of a row."""
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


def message_from_row(row: Row) -> QueuedMessage:
    """Return the queued message of a row."""
    return QueuedMessage(
        id=row["id"],
        key=row["key"],
        kind=row["kind"],
        thread=Thread(row["team"], row["channel"], row["thread_ts"] or None),
        card_id=row["card_id"],
        generation=row["episode"],
        body=row["body"],
        asked_by=row["asked_by"],
        intent_at=row["intent_at"],
        ts=row["ts"],
        due_at=row["due_at"],
        created_at=row["created_at"],
        attempts=row["attempts"],
    )
