"""What an operation may use: Buildkite, the builds of this thread, the person, the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bot.access.accounts.model import Account
from bot.access.accounts.service import Accounts
from bot.access.audit_log import AuditLog
from bot.access.locks.service import LockService
from bot.access.policy.rules import Rules
from bot.buildkite.agent_api import AgentApi
from bot.buildkite.catalog import Catalog
from bot.buildkite.client import Buildkite
from bot.buildkite.webhook_registration import NOWHERE, OwnWebhook
from bot.builds.model import TrackedBuild
from bot.execution.aliases import Aliases
from bot.execution.bot_status import StatusService
from bot.execution.default_pipeline import Defaults
from bot.history.report_data import ReportData
from bot.notifications.agent_watches.service import AgentWatches
from bot.notifications.direct.service import DirectMessageService
from bot.notifications.subscriptions.model import Subscription
from bot.notifications.subscriptions.service import SubscriptionService
from bot.operations.operation import Operation, Registry
from bot.runtime.clock import Clock
from bot.slack.blockkit.mrkdwn import Mrkdwn
from bot.slack.types import Actor, Thread


class Followed(Protocol):
    """The builds that have a card somewhere."""

    async def here(self, thread: Thread) -> tuple[TrackedBuild, ...]:
        """Builds whose card is in this thread (or is its root), newest first; none for a bare channel."""

    async def kept(self, thread: Thread) -> tuple[TrackedBuild, ...]:
        """The same without what is only shown below a link."""

    async def recent(self, channel: str) -> tuple[TrackedBuild, ...]:
        """Builds whose card is in this channel, newest first, at most ten."""

    async def mute(self, thread: Thread, pipeline: str, number: int) -> tuple[bool, Subscription | None]:
        """Stop replies below the cards of a build in this channel; return whether it has one, and its rule."""


class Votes(Protocol):
    """What may be said to a protected operation that waits."""

    async def vote(self, ctx: Context, proposal_id: str, *, approves: bool) -> Mrkdwn:
        """Count somebody's word; gives what is answered."""

    async def noted(self, ctx: Context, proposal_id: str, *, approves: bool) -> Mrkdwn | None:
        """What was answered, if somebody's word was counted."""

    async def withdrawn(self, ctx: Context, proposal_id: str) -> Mrkdwn | None:
        """What was answered, if somebody has taken it back."""

    async def withdraw(self, ctx: Context, proposal_id: str) -> Mrkdwn:
        """Take it back; gives what is answered."""


class Admitted(Protocol):
    """The addresses that webhooks are let through from."""

    @property
    def networks(self) -> tuple[str, ...]:
        """As CIDR blocks; none while no list was read."""


@dataclass(frozen=True)
class Context:
    """Everything an operation is given beside its arguments.

    `mark` is the id of this invocation: it goes into the meta-data of a build that is created, so that a
    build can be found again after a crash. `allowed` says what this person may run here. `buildkite` and
    `catalog` are the person's own where `account` is set, the bot's otherwise. `page`: which page of a listing is
    wanted, from 1; only what Buildkite itself cuts into pages needs it. `agent_api` is there where the bot has an
    agent token, `origins` where webhooks are let through from some addresses only.
    """

    buildkite: Buildkite
    catalog: Catalog
    followed: Followed
    actor: Actor
    thread: Thread
    clock: Clock
    registry: Registry
    allowed: Callable[[Operation], bool]
    mark: str
    instance: str
    condition: StatusService
    journal: AuditLog
    reports: ReportData
    approvals: Votes
    locks: LockService
    subscribing: SubscriptionService
    aliases: Aliases
    defaults: Defaults
    notifying: DirectMessageService
    accounts: Accounts
    watches: AgentWatches
    rules: Callable[[], Rules]
    account: Account | None = None
    command: str = "/bk"
    agent_api: AgentApi | None = None
    origins: Admitted | None = None
    webhook: OwnWebhook = NOWHERE
    page: int = 1
