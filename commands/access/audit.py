"""Command that reads the audit log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, field_validator

from bot.access.audit_log import AuditLog
from bot.access.queries import AuditEntry
from bot.operations.arguments import format_values, read_arguments
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.registry import Registry
from bot.operations.reply import Reply
from bot.operations.search_summary import describe_period, join_phrase
from bot.runtime.clock import Clock
from bot.runtime.durations import parse_duration
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import Mrkdwn, join, local_time, md, mention, strip_markup
from commands.access.results import AuditEntries, AuditEntryData

_TARGET_LIMIT = 80  # characters; the export has it all
START = "The audit log starts with the first command I received."


class AuditArgs(Args):
    """Arguments of `audit`."""

    user: Annotated[str | None, Opt(short="u", hint="@alice"), Field(description="Person")] = None
    pipeline: Annotated[
        str | None, Opt(short="p", suggest="pipeline", target="pipeline"), Field(description="Pipeline")
    ] = None
    since: Annotated[str | None, Opt(value="duration", hint="24h"), Field(description="Entries from the last")] = (
        None
    )

    @field_validator("user")
    @classmethod
    def _parse_mention(cls, user: str | None) -> str | None:
        """Return the id in a mention, which Slack writes as `<@U…>`."""
        found = re.fullmatch(r"<?@?([UW][A-Z0-9]{2,})(?:\|[^>]*)?>?", user or "")
        if user and not found:
            raise ValueError("mention a person: @name")
        return found.group(1) if found else None


@dataclass(frozen=True)
class AuditContext:
    """The audit log, and the commands that its entries are about."""

    audit_log: AuditLog
    clock: Clock
    registry: Registry


@operation(
    "audit",
    needs=Permission.ADMIN,
    token_callable=False,
    effect=Effect.READS,
    examples=("audit --since 24h", "audit --pipeline web --since 7d"),
)
async def audit(args: AuditArgs, ctx: AuditContext) -> Reply[AuditEntries]:
    """Show who did what, newest first, including refused, failed and withdrawn requests."""
    since = ctx.clock.now() - parse_duration(args.since) if args.since else None
    found = await ctx.audit_log.find_newest(user=args.user, pipeline=args.pipeline, since=since)
    who = md("by {who}", who=mention(args.user)) if args.user else ""
    what = join_phrase(_describe_subject(args), who, describe_period(args.since, None))
    table = Table(
        ("When", "Who", "What", "Outcome"),
        tuple(_render_row(entry, ctx.registry) for entry in found),
        _render_caption(args),
        noun="entry",
        empty=md("No {what}.", what=what),
        hint=START,
        newest_first=True,
    )
    entries = tuple(map(AuditEntryData.from_entry, found))
    return Reply(data=AuditEntries(message=table.summary, entries=entries), table=table)


def _describe_subject(args: AuditArgs) -> Mrkdwn:
    return md("entries about {pipeline}", pipeline=args.pipeline) if args.pipeline else Mrkdwn("entries")


def _render_caption(args: AuditArgs) -> str:
    """Return the caption. It's plain text, in which Slack doesn't render mentions, so it names no person."""
    parts = (
        f"E{strip_markup(_describe_subject(args))[1:]}",
        "by one person" if args.user else "",
        describe_period(args.since, None),
    )
    return f"{' '.join(filter(None, parts))}, newest first"


def _render_row(entry: AuditEntry, registry: Registry) -> tuple[str, ...]:
    who = entry.detail.get("agent") or (join([mention(entry.user)]) if entry.user else "–")
    rule = f" ({entry.detail['rule']})" if entry.detail.get("rule") else ""
    moment = local_time(entry.at, "{date_short_pretty} {time}")
    what = f"{entry.operation} {_describe_target(entry, registry)}".strip()
    return (moment, who, what, f"{entry.transition}{rule}")


def _describe_target(entry: AuditEntry, registry: Registry) -> str:
    """Return what a command was about: a pipeline or build, and a branch; else its first argument."""
    args, op = entry.detail.get("args") or {}, registry.find(entry.operation)
    aim = "#".join(str(args[name]) for name in ("pipeline", "number") if name in args)
    branch = f" on {args['branch']}" if aim and isinstance(args.get("branch"), str) else ""
    declared = read_arguments(op.args) if op else ()
    first = next(
        (args[argument.name] for argument in declared if argument.opt.positional and args.get(argument.name)), ""
    )
    return shorten(f"{aim}{branch}" if aim else ", ".join(format_values(first)), _TARGET_LIMIT)
