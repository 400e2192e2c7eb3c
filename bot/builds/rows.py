from __future__ import annotations

from typing import Any

from bot.buildkite.models import Build, Job
from bot.builds.model import Card, QueuedMessage, TrackedBuild
from bot.slack.types import Thread
from bot.store.engine import Json
from bot.store.sql import Row


def build_from_row(row: Row) -> TrackedBuild:
    """A build as the facts speak of it, from the columns of `KNOWN`."""
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
    """The columns of what Buildkite says of a build."""
    ref, said = build.ref, build.model_dump_json(exclude={"jobs"}, exclude_none=True)
    return {"org": ref.org, "pipeline": ref.pipeline, "number": ref.number, "build": Json(said)}


def tracking_values(tracked: TrackedBuild) -> dict[str, Any]:
    """The columns of what is known beyond that, but for `doubt_since` and what the sweep keeps."""
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
    """A job as it was last heard of."""
    return Job.model_validate_json(row["job"])


def job_json(job: Job) -> Json:
    """What of a job is worth a row: no command, it may hold anything."""
    return Json(job.model_dump_json(exclude={"command", "agent_query_rules"}, exclude_none=True))


def card_from_row(row: Row) -> Card:
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


def message_from_row(row: Row) -> QueuedMessage:
    """A notice row as a value."""
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
