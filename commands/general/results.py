"""Results of commands about the bot itself."""

from __future__ import annotations

from bot.execution.bot_status import BotStatus
from bot.operations.results import Data, Result, UtcTime


class AliasData(Data, frozen=True):
    """A personal alias."""

    name: str
    command: str


class AliasList(Result, frozen=True):
    """The aliases that a request is about."""

    aliases: tuple[AliasData, ...]


class DefaultPipeline(Result, frozen=True):
    """A channel's default pipeline, by its slug; None if it has none."""

    pipeline: str | None


class OperatorStatus(Data, frozen=True):
    """Numbers of what waits in the bot, for those who operate it; `*_since` is the time of the oldest."""

    requests_left: int
    requests_allowed: int
    paused_seconds: float
    inbox: int
    inbox_since: UtcTime | None
    set_aside: int
    tracked_builds: int
    unconfirmed_builds: int
    cards_due: int
    cards_due_since: UtcTime | None
    unknown_requests: int
    leader: str
    problems: tuple[str, ...]

    @classmethod
    def from_status(cls, status: BotStatus) -> OperatorStatus:
        return cls(
            requests_left=status.budget.remaining,
            requests_allowed=status.budget.limit,
            paused_seconds=status.budget.held,
            inbox=status.inbox,
            inbox_since=status.inbox_since,
            set_aside=status.set_aside,
            tracked_builds=status.tracked,
            unconfirmed_builds=status.unconfirmed,
            cards_due=status.cards_due,
            cards_due_since=status.cards_since,
            unknown_requests=status.unknown_invocations,
            leader=status.leader,
            problems=status.reasons,
        )


class StatusResult(Result, frozen=True):
    """The bot's own status; `backlog` is for those who operate it. `readonly_by` stopped changes in Buildkite."""

    readonly_by: str | None
    last_webhook_at: UtcTime | None
    events_dropped_at: UtcTime | None
    backlog: OperatorStatus | None
