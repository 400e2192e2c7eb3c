"""Command that shows the bot's own state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot import __version__
from bot.access.policy.service import PolicyService
from bot.execution.bot_status import BotStatus, StatusService
from bot.execution.context import Caller
from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import Mrkdwn, local_time
from commands.general.results import OperatorStatus, StatusResult

_HINT = "To see a build's status, ask in its thread."


@dataclass(frozen=True)
class StatusContext:
    """The bot's own state, and the person's rights."""

    caller: Caller
    status: StatusService
    policy: PolicyService


@operation(
    "status",
    also=("version", "about"),
    needs=Permission.READ,
    effect=Effect.READS,
    in_build_thread="build view",
    examples=("status",),
)
async def status(_args: NoArgs, ctx: StatusContext) -> Reply[StatusResult]:
    """Show the build of this thread; elsewhere the bot's own status, with its queues for those who operate it."""
    found = await ctx.status.read_status()
    fields = _list_connections(found)
    if not ctx.policy.is_allowed(ctx.caller.actor, "readonly"):
        return Reply(data=_describe_status(found, None), title="Bot status", fields=fields, footer=_HINT)
    data = _describe_status(found, OperatorStatus.from_status(found))
    fields = (*fields, *_list_queues(found))
    return Reply(data=data, title="Bot status", fields=fields, footer="; ".join(found.reasons))


def _describe_status(status: BotStatus, backlog: OperatorStatus | None) -> StatusResult:
    return StatusResult(
        message="",
        readonly_by=status.readonly_by,
        last_webhook_at=status.webhook_at,
        events_dropped_at=status.events_dropped_at,
        backlog=backlog,
    )


def _list_connections(state: BotStatus) -> tuple[tuple[str, str], ...]:
    """Return what concerns everyone: whether changes are allowed, and whether Buildkite and Slack are heard."""
    dropped = f"dropped at {_format_moment(state.events_dropped_at, '')}; mentions may have gone unanswered"
    return (
        ("Version", __version__),
        (
            "Changes in Buildkite",
            f"stopped by {state.readonly_by} (read-only mode)" if state.readonly_by else "allowed",
        ),
        ("Last webhook", _format_moment(state.webhook_at, "none yet, so builds are polled")),
        *([("Events from Slack", dropped)] if state.events_dropped_at else []),
    )


def _list_queues(state: BotStatus) -> tuple[tuple[str, str], ...]:
    """Return the bot's own state, most important first."""
    left, limit = state.budget.remaining, state.budget.limit
    budget = f"{left} of {limit} requests left this minute"
    return (
        ("Buildkite budget", f"{budget}; paused for {state.budget.held:.0f} s" if state.budget.held else budget),
        ("Inbox", _describe_queue(state.inbox, state.inbox_since)),
        ("Set aside", str(state.set_aside) if state.set_aside else "nothing"),
        ("Tracked builds", f"{state.tracked}, {state.unconfirmed} unconfirmed"),
        ("Cards to update", _describe_queue(state.cards_due, state.cards_since)),
        ("Requests with unknown outcome", str(state.unknown_invocations) if state.unknown_invocations else "none"),
        ("Leader", state.leader),
    )


def _describe_queue(waiting: int, since: datetime | None) -> str:
    if not waiting or since is None:
        return "empty"
    return Mrkdwn(f"{waiting} waiting, oldest since {local_time(since)}")


def _format_moment(moment: datetime | None, otherwise: str) -> str:
    return local_time(moment, "{date_short_pretty} at {time_secs}") if moment else otherwise
