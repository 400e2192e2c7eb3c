"""Add the history of all builds, subscriptions, and the origin of each card."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Only add to the schema: the previous version ignores these tables, and all its cards were requested."""
    _history()
    _wishes()
    _looks()
    op.add_column("cards", sa.Column("origin", sa.Text(), server_default="asked", nullable=False))
    op.add_column("cards", sa.Column("subscription", sa.Text(), nullable=True))
    op.add_column("cards", sa.Column("updates", sa.Text(), server_default="all", nullable=False))
    op.add_column("cards", sa.Column("broadcast", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("cards", sa.Column("mentions", sa.Text(), nullable=True))
    op.add_column("cards", sa.Column("muted", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("cards", sa.Column("unfurl", sa.JSON(), nullable=True))


def _history() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("branch", sa.Text(), server_default="", nullable=False),
        sa.Column("commit", sa.Text(), server_default="", nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("creator", sa.Text(), server_default="", nullable=False),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("web_url", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.Double(), nullable=True),
        sa.Column("scheduled_at", sa.Double(), nullable=True),
        sa.Column("started_at", sa.Double(), nullable=True),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.Column("heard_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index("ix_runs_finished_at", "runs", ["finished_at"])
    op.create_index("ix_runs_heard_at", "runs", ["heard_at"])
    op.create_index("ix_runs_line", "runs", ["pipeline", "branch", "number"])
    op.create_table(
        "attempts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("build_id", sa.Text(), nullable=False),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text(), server_default="", nullable=False),
        sa.Column("commit", sa.Text(), server_default="", nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("soft_failed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("exit_status", sa.Integer(), nullable=True),
        sa.Column("retry_of", sa.Text(), nullable=True),
        sa.Column("queue", sa.Text(), server_default="", nullable=False),
        sa.Column("runnable_at", sa.Double(), nullable=True),
        sa.Column("started_at", sa.Double(), nullable=True),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.Column("heard_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index("ix_attempts_build_id", "attempts", ["build_id"])
    op.create_index("ix_attempts_commit", "attempts", ["pipeline", "commit"])
    op.create_index("ix_attempts_finished_at", "attempts", ["pipeline", "finished_at"])
    op.create_index("ix_attempts_heard_at", "attempts", ["heard_at"])


def _wishes() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), server_default="chat", nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=True),
        sa.Column("states", sa.JSON(), nullable=False),
        sa.Column("creators", sa.JSON(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("updates", sa.Text(), server_default="end", nullable=False),
        sa.Column("quiet", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("broadcast", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("muted_until", sa.Double(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
    )
    op.create_index("ix_subscriptions_channel", "subscriptions", ["channel"])
    op.create_index("ix_subscriptions_owner", "subscriptions", ["owner"])
    op.create_table(
        "channels",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("pipeline", sa.Text(), nullable=True),
        sa.Column("updates", sa.Text(), nullable=True),
        sa.Column("broadcast", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("muted_until", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("team", "channel", name=op.f("pk_channels")),
    )
    op.create_table(
        "aliases",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("team", "user_id", "name", name=op.f("pk_aliases")),
    )


def _looks() -> None:
    op.create_table(
        "findings",
        sa.Column("build_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("episode", sa.Integer(), server_default="0", nullable=False),
        sa.Column("content", sa.JSON(), nullable=True),
        sa.Column("due_at", sa.Double(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("build_id", "kind", name=op.f("pk_findings")),
    )
    op.create_index("ix_findings_due_at", "findings", ["due_at"])
    op.create_table(
        "reminders",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("thread_ts", sa.Text(), server_default="", nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminders")),
    )
    op.create_index("ix_reminders_about", "reminders", ["about"])
    op.create_index("ix_reminders_due_at", "reminders", ["due_at"])
    op.create_table(
        "homes",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("drawn_at", sa.Double(), nullable=True),
        sa.Column("due_at", sa.Double(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("team", "user_id", name=op.f("pk_homes")),
    )
    op.create_index("ix_homes_due_at", "homes", ["due_at"])


def downgrade() -> None:
    """Remove them."""
    for column in ("unfurl", "muted", "mentions", "broadcast", "updates", "subscription", "origin"):
        op.drop_column("cards", column)
    for table in (
        "homes",
        "reminders",
        "findings",
        "aliases",
        "channels",
        "subscriptions",
        "attempts",
        "runs",
    ):
        op.drop_table(table)
