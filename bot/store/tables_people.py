"""Declares the tables of people and their rights: profiles, tokens, proposals, locks and the audit log."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from bot.store.columns import CACHED, DUE_SOON, FIXED, PAST, Sealed, make_count, make_text, make_time
from bot.store.retention_rules import DeletedAfter, DeletedWith, KeptUntil, declare_retention, is_over
from bot.store.tables import BigId, metadata

proposals = sa.Table(
    "proposals",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    make_text("operation"),
    sa.Column("sealed", Sealed, nullable=False),
    make_text("digest"),
    make_text("requester"),
    make_text("team"),
    make_text("channel"),
    make_text("thread_ts", default=""),
    make_text("via"),
    sa.Column("ask", sa.JSON, nullable=False),
    make_time("expires_at", FIXED),
    make_text("state", default="open"),
    make_time("decided_at", FIXED),
    make_text("ended_by", null=True),
    make_text("outcome", null=True),
    make_text("ts", null=True),
    make_text("shown", null=True),
    make_time("intent_at", PAST),
    make_time("due_at", DUE_SOON),
    make_count("attempts"),
    make_time("created_at", FIXED),
    make_text("build", null=True),
    make_text("result", null=True),
    make_text("card_channel", null=True),
    make_text("card_thread_ts", null=True),
    sa.Index("ix_proposals_due_at", "due_at"),
    sa.Index("ix_proposals_build", "build"),
    sa.Index("ix_proposals_result", "result"),
    sa.Index("ix_proposals_open", "state", "expires_at"),
    info=declare_retention(
        DeletedAfter(
            timedelta(days=30), "created_at", "they were made, once they are decided and carried out", is_over
        )
    ),
)
votes = sa.Table(
    "votes",
    metadata,
    sa.Column("proposal_id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("approves", sa.Boolean, nullable=False),
    make_text("name", null=True),
    make_time("at", FIXED),
    info=declare_retention(DeletedWith("proposals", "proposal_id")),
)
proposal_copies = sa.Table(
    "proposal_copies",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    make_text("proposal_id"),
    make_text("user_id", null=True),
    make_text("channel"),
    make_text("ts", null=True),
    make_text("shown", null=True),
    make_time("intent_at", PAST),
    make_time("due_at", DUE_SOON),
    make_count("attempts"),
    sa.Index("ix_proposal_copies_due_at", "due_at"),
    sa.Index("ix_proposal_copies_proposal_id", "proposal_id"),
    info=declare_retention(DeletedWith("proposals", "proposal_id")),
)
people = sa.Table(
    "people",
    metadata,
    sa.Column("team", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    make_text("name"),
    make_text("email", null=True),
    make_text("standing"),
    make_text("zone", null=True),
    make_text("handle", null=True),
    make_time("fetched_at", CACHED),
    info=declare_retention(DeletedAfter(timedelta(days=30), "fetched_at", "they were last needed")),
)
tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("team", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("sealed", Sealed, nullable=False),
    make_text("buildkite_id"),
    make_text("name"),
    make_text("email"),
    sa.Column("scopes", sa.JSON, nullable=False),
    make_time("expires_at", FIXED),
    make_time("connected_at", FIXED, null=False),
    make_time("checked_at", PAST, null=False),
    info=declare_retention(KeptUntil("by `/bk disconnect`, or when the account is deactivated")),
)
api_tokens = sa.Table(
    "api_tokens",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    make_text("team"),
    make_text("digest"),
    make_text("name"),
    make_text("owner"),
    make_text("service", null=True),
    sa.Column("permissions", sa.JSON(none_as_null=True)),
    sa.Column("pipelines", sa.JSON, nullable=False),
    make_text("channel", null=True),
    make_time("expires_at", FIXED, null=False),
    make_time("created_at", FIXED, null=False),
    make_time("used_at", PAST),
    make_time("revoked_at", FIXED),
    make_text("revoked_by", null=True),
    sa.Index("ix_api_tokens_digest", "digest", unique=True),
    sa.Index("ix_api_tokens_owner", "owner"),
    info=declare_retention(DeletedAfter(timedelta(days=90), "expires_at", "they expired, or would have")),
)
locks = sa.Table(
    "locks",
    metadata,
    sa.Column("pipeline", sa.Text, primary_key=True),
    sa.Column("branch", sa.Text, primary_key=True),
    make_text("reason"),
    make_text("holder"),
    make_time("until", FIXED, null=False),
    make_time("created_at", FIXED, null=False),
    info=declare_retention(KeptUntil("when they are released or have run out")),
)
acts = sa.Table(
    "acts",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    make_text("operation"),
    make_text("verb"),
    make_text("about"),
    make_text("build", null=True),
    make_text("team"),
    make_text("user_id"),
    make_text("agent", null=True),
    make_text("channel", null=True),
    make_text("thread_ts", null=True),
    sa.Column("result", sa.JSON),
    make_time("at", FIXED, null=False),
    sa.Index("ix_acts_about", "about"),
    sa.Index("ix_acts_build", "build"),
    sa.Index("ix_acts_at", "at"),
    info=declare_retention(DeletedAfter(timedelta(days=60), "at", "they happened")),
)
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    make_time("at", FIXED),
    make_text("invocation", null=True),
    make_text("user_id", null=True),
    make_text("channel", null=True),
    make_text("thread_ts", null=True),
    make_text("via", null=True),
    make_text("operation"),
    make_text("transition"),
    sa.Column("detail", sa.JSON),
    sa.Index("ix_audit_at", "at"),
    info=declare_retention(KeptUntil("by `kitestring audit export --prune` only")),
)
