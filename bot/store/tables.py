"""Declares the tables, for both SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from bot.store.columns import (
    DUE_SOON,
    FIXED,
    PAST,
    DueTime,
    Sealed,
    declare_time,
    make_count,
    make_flag,
    make_text,
    make_time,
)
from bot.store.retention_rules import (
    DeletedAfter,
    DeletedWith,
    KeptUntil,
    declare_retention,
    is_answered,
    is_ended_answer,
    is_read,
    is_unread,
    previews_pipeline,
)

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


meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    make_text("value"),
    info=declare_retention(KeptUntil("never: the bot's notes about itself")),
)
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("delivery_id", sa.Text, unique=True),
    make_text("event"),
    sa.Column("body", sa.LargeBinary),
    make_time("received_at", PAST),
    make_text("state", default="new"),
    make_count("attempts"),
    make_text("reason", null=True),
    make_time("next_at", DUE_SOON),
    sa.Index("ix_deliveries_open", "state", "id"),
    info=declare_retention(
        DeletedAfter(
            timedelta(hours=24), "received_at", "they arrived, once they are read", is_read, oldest_first=True
        )
    ),
)
builds = sa.Table(
    "builds",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    make_text("org"),
    make_text("pipeline"),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("build", sa.JSON, nullable=False),
    make_text("phase"),
    make_time("seen_at", PAST),
    make_time("read_at", PAST),
    make_count("doubt"),
    make_count("settled"),
    make_time("doubt_since", PAST),
    make_count("revision"),
    make_count("episode"),
    make_text("read_phase", null=True),
    make_time("read_end", FIXED),
    make_flag("gone"),
    make_flag("followed"),
    make_time("followed_at", PAST),
    make_time("read_due", DueTime(furthest=timedelta(hours=13))),
    make_count("read_failures"),
    sa.Index("ix_builds_address", "pipeline", "number"),
    sa.Index("ix_builds_read_due", "read_due"),
    sa.Index("ix_builds_seen_at", "seen_at"),
    info=declare_retention(
        DeletedAfter(
            timedelta(days=60), "seen_at", "they were last heard of, once they are no longer read", is_unread
        )
    ),
)
jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("build_id", sa.Text, nullable=False),
    sa.Column("job", sa.JSON, nullable=False),
    make_time("seen_at", PAST),
    sa.Index("ix_jobs_build_id", "build_id"),
    info=declare_retention(DeletedWith("builds", "build_id")),
)
cards = sa.Table(
    "cards",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("build_id", sa.Text, nullable=False),
    make_text("team"),
    make_text("channel"),
    make_text("thread_ts", default=""),
    make_text("ts", null=True),
    make_text("asked_by", null=True),
    make_text("agent", null=True),
    make_flag("watching"),
    make_text("shown", null=True),
    make_time("intent_at", PAST),
    make_time("due_at", DUE_SOON),
    make_text("state", default="live"),
    make_text("invocation", null=True),
    make_count("attempts"),
    make_count("reposts"),
    make_time("created_at", PAST),
    make_text("origin", default="asked"),
    make_text("subscription", null=True),
    make_text("updates", default="all"),
    make_flag("broadcast"),
    make_text("mentions", null=True),
    make_flag("muted"),
    sa.Column("unfurl", sa.JSON),
    sa.UniqueConstraint("build_id", "channel", "thread_ts"),
    sa.Index("ix_cards_due_at", "due_at"),
    sa.Index("ix_cards_place", "channel", "ts"),
    info=declare_retention(
        DeletedWith("builds", "build_id"),
        DeletedAfter(
            timedelta(days=60), "created_at", "they were made, if they preview a pipeline", previews_pipeline
        ),
    ),
)
notices = sa.Table(
    "notices",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    make_text("kind"),
    make_text("card_id", null=True),
    make_count("episode"),
    make_text("team"),
    make_text("channel"),
    make_text("thread_ts", default=""),
    sa.Column("body", sa.JSON),
    make_text("asked_by", null=True),
    make_time("intent_at", PAST),
    make_time("due_at", DUE_SOON),
    make_text("ts", null=True),
    make_text("state", default="due"),
    make_count("attempts"),
    make_time("created_at", PAST),
    make_text("about", null=True),
    sa.Index("ix_notices_open", "state", "due_at"),
    sa.Index("ix_notices_card_id", "card_id"),
    sa.Index("ix_notices_about", "about"),
    info=declare_retention(
        DeletedWith("cards", "card_id"),
        DeletedAfter(
            timedelta(days=30),
            "created_at",
            "they were made, if they have no card and were posted or dropped",
            is_ended_answer,
        ),
    ),
)
invocations = sa.Table(
    "invocations",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    make_text("operation"),
    sa.Column("args", Sealed, nullable=False),
    make_text("user_id"),
    make_text("team"),
    make_text("channel"),
    make_text("thread_ts", default=""),
    make_text("via"),
    make_text("digest", null=True),
    sa.Column("response_url", Sealed),
    make_text("state", default="accepted"),
    make_text("replica", null=True),
    sa.Column("outcome", sa.JSON),
    make_count("attempts"),
    make_time("created_at", PAST),
    make_time("started_at", PAST),
    make_time("closed_at", PAST),
    make_time("next_at", DUE_SOON),
    sa.Index("ix_invocations_open", "state", "created_at"),
    sa.Index("ix_invocations_digest", "digest", "created_at"),
    info=declare_retention(
        DeletedAfter(timedelta(days=30), "closed_at", "they ended, once they are answered", is_answered)
    ),
)
leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    make_text("holder"),
    sa.Column("fence", sa.BigInteger, nullable=False),
    # Seconds by the database's clock, which all replicas share.
    sa.Column("until", sa.Double, nullable=False, info=declare_time(FIXED)),
    info=declare_retention(KeptUntil("an hour after their replica ended")),
)
choices = sa.Table(
    "choices",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    make_text("operation"),
    sa.Column("args", Sealed, nullable=False),
    make_flag("confirmed"),
    make_flag("form"),
    make_flag("direct"),
    make_text("user_id", null=True),
    make_text("team"),
    make_text("channel"),
    make_text("thread_ts", default=""),
    make_time("created_at", PAST),
    sa.Index("ix_choices_created_at", "created_at"),
    info=declare_retention(DeletedAfter(timedelta(days=30), "created_at", "they were offered")),
)
