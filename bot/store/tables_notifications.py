"""Declares the tables behind notifications: the history of all builds, subscriptions, reminders and App Home."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from bot.store.columns import DUE_SOON, FIXED, PAST, DueTime, make_count, make_flag, make_text, make_time
from bot.store.retention_rules import DeletedAfter, DeletedWith, KeptUntil, declare_retention, is_sent
from bot.store.tables import metadata

# One row per build, tracked or not, for reports and for comparisons with the previous build.
runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    make_text("pipeline"),
    sa.Column("number", sa.Integer, nullable=False),
    make_text("branch", default=""),
    make_text("commit", default=""),
    make_text("phase"),
    make_text("source", default=""),
    make_text("creator", default=""),
    make_text("author", default=""),
    make_text("message", default=""),
    make_text("web_url", default=""),
    make_time("created_at", FIXED),
    make_time("scheduled_at", FIXED),
    make_time("started_at", FIXED),
    make_time("finished_at", FIXED),
    make_time("heard_at", PAST, null=False),
    sa.Index("ix_runs_line", "pipeline", "branch", "number"),
    sa.Index("ix_runs_finished_at", "finished_at"),
    sa.Index("ix_runs_heard_at", "heard_at"),
    info=declare_retention(DeletedAfter(timedelta(days=90), "heard_at", "they were last heard of")),
)
# One row per finished attempt at a command step.
attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    make_text("build_id"),
    make_text("pipeline"),
    make_text("branch", default=""),
    make_text("commit", default=""),
    make_text("step"),
    make_text("name", default=""),
    make_text("state"),
    make_flag("soft_failed"),
    sa.Column("exit_status", sa.Integer),
    make_text("retry_of", null=True),
    make_text("queue", default=""),
    make_time("runnable_at", FIXED),
    make_time("started_at", FIXED),
    make_time("finished_at", FIXED),
    make_time("heard_at", PAST, null=False),
    sa.Index("ix_attempts_build_id", "build_id"),
    sa.Index("ix_attempts_finished_at", "pipeline", "finished_at"),
    sa.Index("ix_attempts_commit", "pipeline", "commit"),
    sa.Index("ix_attempts_heard_at", "heard_at"),
    info=declare_retention(DeletedAfter(timedelta(days=90), "heard_at", "they were last heard of")),
)
# `origin` is chat, file or person; a personal subscription (with an `owner`) has the person's DM as its channel.
subscriptions = sa.Table(
    "subscriptions",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    make_text("team"),
    make_text("channel"),
    make_text("origin", default="chat"),
    make_text("owner", null=True),
    make_text("pipeline"),
    make_text("branch", null=True),
    sa.Column("states", sa.JSON, nullable=False),
    sa.Column("creators", sa.JSON, nullable=False),
    sa.Column("sources", sa.JSON, nullable=False),
    make_text("step", null=True),
    make_text("updates", default="end"),
    make_text("quiet", null=True),
    make_text("zone", null=True),
    make_flag("broadcast"),
    make_time("muted_until", FIXED),
    make_text("created_by"),
    make_time("created_at", PAST, null=False),
    sa.Index("ix_subscriptions_channel", "channel"),
    sa.Index("ix_subscriptions_owner", "owner"),
    info=declare_retention(KeptUntil("by `/bk subscribe remove`, or when they leave the subscriptions file")),
)
channels = sa.Table(
    "channels",
    metadata,
    sa.Column("team", sa.Text, primary_key=True),
    sa.Column("channel", sa.Text, primary_key=True),
    make_text("pipeline", null=True),
    make_text("updates", null=True),
    make_flag("broadcast"),
    make_time("muted_until", FIXED),
    info=declare_retention(KeptUntil("never: the settings of a channel")),
)
aliases = sa.Table(
    "aliases",
    metadata,
    sa.Column("team", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    make_text("words"),
    make_time("created_at", FIXED, null=False),
    info=declare_retention(KeptUntil("by their owner")),
)
# Results of lookups for a build's card, one row per kind: why it failed, why it waits.
findings = sa.Table(
    "findings",
    metadata,
    sa.Column("build_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    make_count("episode"),
    sa.Column("content", sa.JSON),
    make_time("due_at", DUE_SOON),
    make_count("attempts"),
    make_time("at", PAST),
    sa.Index("ix_findings_due_at", "due_at"),
    info=declare_retention(DeletedWith("builds", "build_id")),
)
# Things to check and possibly post at a certain time, such as the end of a pause, which lasts a day at most.
reminders = sa.Table(
    "reminders",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    make_text("kind"),
    make_text("about"),
    make_text("team"),
    make_text("channel"),
    make_text("thread_ts", default=""),
    make_text("user_id", null=True),
    sa.Column("body", sa.JSON, nullable=False),
    make_time("due_at", DueTime(furthest=timedelta(hours=25))),
    make_count("attempts"),
    make_time("created_at", FIXED, null=False),
    sa.Index("ix_reminders_due_at", "due_at"),
    sa.Index("ix_reminders_about", "about"),
    info=declare_retention(
        DeletedAfter(timedelta(days=7), "created_at", "they were made, once they are sent", is_sent)
    ),
)
agent_watches = sa.Table(
    "agent_watches",
    metadata,
    sa.Column("team", sa.Text, primary_key=True),
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("queue", sa.Text, primary_key=True),
    sa.Column("states", sa.JSON, nullable=False),
    make_text("created_by"),
    make_time("created_at", FIXED, null=False),
    info=declare_retention(KeptUntil("by `/bk agent unwatch`")),
)
homes = sa.Table(
    "homes",
    metadata,
    sa.Column("team", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    make_text("shown", null=True),
    make_time("opened_at", PAST, null=False),
    make_time("drawn_at", PAST),
    make_time("due_at", DUE_SOON),
    make_count("attempts"),
    sa.Index("ix_homes_due_at", "due_at"),
    info=declare_retention(KeptUntil("when Slack refuses the view, or the account is deactivated")),
)
