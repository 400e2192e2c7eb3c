"""Converts between rows and tracked builds, cards and queued messages.

The columns `doubt`, `settled`, `doubt_since` and `episode` and the table `notices` keep their first names:
migrations only expand the schema, so that the previous release can keep running on it.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.buildkite.models import Build, Job
from bot.buildkite.resources import INSTANCE_KEY, MARK_KEY
from bot.builds.model import Card, NewCard, PreviewedLink, QueuedMessage, TrackedBuild
from bot.slack.blockkit.blocks import Message
from bot.slack.types import Thread
from bot.store.engine import EncodedJson
from bot.store.sql import Row

_OWN_META_DATA = frozenset({INSTANCE_KEY, MARK_KEY})


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


def build_values(build: Build) -> dict[str, object]:
    """Return the columns that hold the build as Buildkite describes it, of its meta-data only our own marks.

    Other meta-data, such as the answers to a block step, may be secret, and nothing is made of it.
    """
    marks = {name: value for name, value in build.meta_data.items() if name in _OWN_META_DATA}
    kept = build if len(marks) == len(build.meta_data) else build.model_copy(update={"meta_data": marks})
    ref, content = build.ref, kept.model_dump_json(exclude={"jobs"}, exclude_none=True)
    return {"org": ref.org, "pipeline": ref.pipeline, "number": ref.number, "build": EncodedJson(content)}


def tracking_values(tracked: TrackedBuild) -> dict[str, object]:
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
        unfurl=_parse_link(row["unfurl"]) if row["unfurl"] else None,
        agent=row["agent"],
    )


def card_values(new: NewCard) -> dict[str, object]:
    """Return the columns of a card to add, except its build and its times; empty ones are left out."""
    values = {
        "id": new.id,
        "team": new.thread.team,
        "channel": new.thread.channel,
        "thread_ts": new.thread.ts or "",
        "asked_by": new.asked_by,
        "agent": new.agent,
        "invocation": new.invocation,
        "watching": new.watching,
        "origin": new.origin,
        "subscription": new.subscription,
        "updates": new.updates,
        "broadcast": new.broadcast,
        "ts": new.ts,
        "unfurl": _link_json(new.unfurl) if new.unfurl else None,
        "state": "retired" if new.retired else "live",
    }
    return {name: value for name, value in values.items() if value is not None}


def _link_json(link: PreviewedLink) -> dict[str, str]:
    values = {"url": link.url, "by": link.by, "job": link.job}
    return {name: value for name, value in values.items() if value}


def _parse_link(stored: Mapping[str, str]) -> PreviewedLink:
    return PreviewedLink(stored["url"], stored.get("job"), stored.get("by"))


def message_from_row(row: Row) -> QueuedMessage:
    """Return the queued message of a row."""
    return QueuedMessage(
        id=row["id"],
        key=row["key"],
        kind=row["kind"],
        thread=Thread(row["team"], row["channel"], row["thread_ts"] or None),
        card_id=row["card_id"],
        generation=row["episode"],
        body=_parse_message(row["body"]) if row["body"] else None,
        asked_by=row["asked_by"],
        intent_at=row["intent_at"],
        ts=row["ts"],
        due_at=row["due_at"],
        created_at=row["created_at"],
        attempts=row["attempts"],
        about=row["about"],
    )


def _parse_message(stored: Mapping[str, object]) -> Message:
    blocks = stored.get("blocks") or ()
    return Message(str(stored.get("text", "")), tuple(blocks) if isinstance(blocks, list) else ())
