"""Declares the tables, for both SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa


class Instant(sa.types.TypeDecorator[datetime]):
    """A datetime with a time zone, stored as seconds since 1970: arithmetic is the same on both databases."""

    impl = sa.Double
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Any) -> float | None:
        return None if value is None else value.timestamp()

    def process_result_value(self, value: float | None, _dialect: Any) -> datetime | None:
        return None if value is None else datetime.fromtimestamp(value, UTC)


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
# SQLite only assigns ids itself if the column's type is exactly INTEGER.
BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, *, null: bool = False, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null, server_default=default)


def _at(name: str) -> sa.Column[datetime]:
    return sa.Column(name, Instant)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")


meta = sa.Table("meta", metadata, sa.Column("key", sa.Text, primary_key=True), _text("value"))
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("delivery_id", sa.Text, unique=True),
    _text("event"),
    sa.Column("body", sa.LargeBinary),
    _at("received_at"),
    _text("state", default="new"),
    _count("attempts"),
    _text("reason", null=True),
    _at("next_at"),
    sa.Index("ix_deliveries_open", "state", "id"),
)
builds = sa.Table(
    "builds",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _text("org"),
    _text("pipeline"),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("build", sa.JSON, nullable=False),
    _text("phase"),
    _at("seen_at"),
    _at("read_at"),
    _count("doubt"),
    _count("settled"),
    _at("doubt_since"),
    _count("revision"),
    _count("episode"),
    _text("read_phase", null=True),
    _at("read_end"),
    sa.Column("gone", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("followed", sa.Boolean, nullable=False, server_default=sa.false()),
    _at("followed_at"),
    _at("read_due"),
    _count("read_failures"),
    sa.Index("ix_builds_address", "pipeline", "number"),
    sa.Index("ix_builds_read_due", "read_due"),
    sa.Index("ix_builds_seen_at", "seen_at"),
)
jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("build_id", sa.Text, nullable=False),
    sa.Column("job", sa.JSON, nullable=False),
    _at("seen_at"),
    sa.Index("ix_jobs_build_id", "build_id"),
)
cards = sa.Table(
    "cards",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("build_id", sa.Text, nullable=False),
    _text("team"),
    _text("channel"),
    _text("thread_ts", default=""),
    _text("ts", null=True),
    _text("asked_by", null=True),
    sa.Column("watching", sa.Boolean, nullable=False, server_default=sa.false()),
    _text("shown", null=True),
    _at("intent_at"),
    _at("due_at"),
    _text("state", default="live"),
    _text("invocation", null=True),
    _count("attempts"),
    _count("reposts"),
    _at("created_at"),
    _text("origin", default="asked"),
    _text("subscription", null=True),
    _text("updates", default="all"),
    sa.Column("broadcast", sa.Boolean, nullable=False, server_default=sa.false()),
    _text("mentions", null=True),
    sa.Column("muted", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("unfurl", sa.JSON),
    sa.UniqueConstraint("build_id", "channel", "thread_ts"),
    sa.Index("ix_cards_due_at", "due_at"),
    sa.Index("ix_cards_place", "channel", "ts"),
)
notices = sa.Table(
    "notices",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    _text("kind"),
    _text("card_id", null=True),
    _count("episode"),
    _text("team"),
    _text("channel"),
    _text("thread_ts", default=""),
    sa.Column("body", sa.JSON),
    _text("asked_by", null=True),
    _at("intent_at"),
    _at("due_at"),
    _text("ts", null=True),
    _text("state", default="due"),
    _count("attempts"),
    _at("created_at"),
    sa.Index("ix_notices_open", "state", "due_at"),
    sa.Index("ix_notices_card_id", "card_id"),
)
invocations = sa.Table(
    "invocations",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    _text("operation"),
    sa.Column("args", sa.LargeBinary, nullable=False),
    _text("user_id"),
    _text("team"),
    _text("channel"),
    _text("thread_ts", default=""),
    _text("via"),
    _text("digest", null=True),
    sa.Column("response_url", sa.LargeBinary),
    _text("state", default="accepted"),
    _text("replica", null=True),
    sa.Column("outcome", sa.JSON),
    _count("attempts"),
    _at("created_at"),
    _at("started_at"),
    _at("closed_at"),
    _at("next_at"),
    sa.Index("ix_invocations_open", "state", "created_at"),
    sa.Index("ix_invocations_digest", "digest", "created_at"),
)
leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    _text("holder"),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("until", sa.Double, nullable=False),
)
choices = sa.Table(
    "choices",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _text("operation"),
    sa.Column("args", sa.LargeBinary, nullable=False),
    sa.Column("confirmed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("form", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("direct", sa.Boolean, nullable=False, server_default=sa.false()),
    _text("user_id", null=True),
    _text("team"),
    _text("channel"),
    _text("thread_ts", default=""),
    _at("created_at"),
    sa.Index("ix_choices_created_at", "created_at"),
)
proposals = sa.Table(
    "proposals",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _text("operation"),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    _text("digest"),
    _text("requester"),
    _text("team"),
    _text("channel"),
    _text("thread_ts", default=""),
    _text("via"),
    sa.Column("ask", sa.JSON, nullable=False),
    _at("expires_at"),
    _text("state", default="open"),
    _text("ended_by", null=True),
    _text("outcome", null=True),
    _text("ts", null=True),
    _text("shown", null=True),
    _at("intent_at"),
    _at("due_at"),
    _count("attempts"),
    _at("created_at"),
    sa.Index("ix_proposals_due_at", "due_at"),
    sa.Index("ix_proposals_open", "state", "expires_at"),
)
votes = sa.Table(
    "votes",
    metadata,
    sa.Column("proposal_id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("approves", sa.Boolean, nullable=False),
    _at("at"),
)
people = sa.Table(
    "people",
    metadata,
    sa.Column("team", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    _text("name"),
    _text("email", null=True),
    _text("standing"),
    _text("zone", null=True),
    _text("handle", null=True),
    _at("fetched_at"),
)
tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("team", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    _text("buildkite_id"),
    _text("name"),
    _text("email"),
    sa.Column("scopes", sa.JSON, nullable=False),
    _at("expires_at"),
    sa.Column("connected_at", Instant, nullable=False),
    sa.Column("checked_at", Instant, nullable=False),
)
locks = sa.Table(
    "locks",
    metadata,
    sa.Column("pipeline", sa.Text, primary_key=True),
    sa.Column("branch", sa.Text, primary_key=True),
    _text("reason"),
    _text("holder"),
    sa.Column("until", Instant, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    _at("at"),
    _text("invocation", null=True),
    _text("user_id", null=True),
    _text("channel", null=True),
    _text("thread_ts", null=True),
    _text("via", null=True),
    _text("operation"),
    _text("transition"),
    sa.Column("detail", sa.JSON),
    sa.Index("ix_audit_at", "at"),
)
