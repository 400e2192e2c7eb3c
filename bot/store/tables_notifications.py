"""Declares the tables behind notifications: the history of all builds, subscriptions, reminders and App Home."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.tables import Instant, metadata


def _text(name: str, *, null: bool = False, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null, server_default=default)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


# One row per build, tracked or not, for reports and for comparisons with the previous build.
runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _text("pipeline"),
    sa.Column("number", sa.Integer, nullable=False),
    _text("branch", default=""),
    _text("commit", default=""),
    _text("phase"),
    _text("source", default=""),
    _text("creator", default=""),
    _text("author", default=""),
    _text("message", default=""),
    _text("web_url", default=""),
    sa.Column("created_at", Instant),
    sa.Column("scheduled_at", Instant),
    sa.Column("started_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Column("heard_at", Instant, nullable=False),
    sa.Index("ix_runs_line", "pipeline", "branch", "number"),
    sa.Index("ix_runs_finished_at", "finished_at"),
    sa.Index("ix_runs_heard_at", "heard_at"),
)
# One row per finished attempt at a command step.
attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _text("build_id"),
    _text("pipeline"),
    _text("branch", default=""),
    _text("commit", default=""),
    _text("step"),
    _text("name", default=""),
    _text("state"),
    _flag("soft_failed"),
    sa.Column("exit_status", sa.Integer),
    _text("retry_of", null=True),
    _text("queue", default=""),
    sa.Column("runnable_at", Instant),
    sa.Column("started_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Column("heard_at", Instant, nullable=False),
    sa.Index("ix_attempts_build_id", "build_id"),
    sa.Index("ix_attempts_finished_at", "pipeline", "finished_at"),
    sa.Index("ix_attempts_commit", "pipeline", "commit"),
    sa.Index("ix_attempts_heard_at", "heard_at"),
)
# `origin` is chat, file or person; a personal subscription (with an `owner`) has the person's DM as its channel.
subscriptions = sa.Table(
    "subscriptions",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _text("team"),
    _text("channel"),
    _text("origin", default="chat"),
    _text("owner", null=True),
    _text("pipeline"),
    _text("branch", null=True),
    sa.Column("states", sa.JSON, nullable=False),
    sa.Column("creators", sa.JSON, nullable=False),
    sa.Column("sources", sa.JSON, nullable=False),
    _text("step", null=True),
    _text("updates", default="end"),
    _text("quiet", null=True),
    _text("zone", null=True),
    _flag("broadcast"),
    sa.Column("muted_until", Instant),
    _text("created_by"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index("ix_subscriptions_channel", "channel"),
    sa.Index("ix_subscriptions_owner", "owner"),
)
channels = sa.Table(
    "channels",
    metadata,
    sa.Column("team", sa.Text, primary_key=True),
    sa.Column("channel", sa.Text, primary_key=True),
    _text("pipeline", null=True),
    _text("updates", null=True),
    _flag("broadcast"),
    sa.Column("muted_until", Instant),
)
aliases = sa.Table(
    "aliases",
    metadata,
    sa.Column("team", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    _text("words"),
    sa.Column("created_at", Instant, nullable=False),
)
# Results of lookups for a build's card, one row per kind: why it failed, why it waits.
findings = sa.Table(
    "findings",
    metadata,
    sa.Column("build_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("episode", sa.Integer, nullable=False, server_default="0"),
    sa.Column("content", sa.JSON),
    sa.Column("due_at", Instant),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("at", Instant),
    sa.Index("ix_findings_due_at", "due_at"),
)
# Things to check and possibly post at a certain time.
reminders = sa.Table(
    "reminders",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _text("kind"),
    _text("about"),
    _text("team"),
    _text("channel"),
    _text("thread_ts", default=""),
    _text("user_id", null=True),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("due_at", Instant),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index("ix_reminders_due_at", "due_at"),
    sa.Index("ix_reminders_about", "about"),
)
agent_watches = sa.Table(
    "agent_watches",
    metadata,
    sa.Column("team", sa.Text, primary_key=True),
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("queue", sa.Text, primary_key=True),
    sa.Column("states", sa.JSON, nullable=False),
    _text("created_by"),
    sa.Column("created_at", Instant, nullable=False),
)
homes = sa.Table(
    "homes",
    metadata,
    sa.Column("team", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    _text("shown", null=True),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("drawn_at", Instant),
    sa.Column("due_at", Instant),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Index("ix_homes_due_at", "due_at"),
)
