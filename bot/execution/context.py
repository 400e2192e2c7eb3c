"""The context of an operation: Buildkite, the builds of this thread, the person, the clock."""

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
from bot.buildkite.webhook_registration import NO_WEBHOOK, OwnWebhook
from bot.builds.model import TrackedBuild
from bot.execution.aliases import Aliases
from bot.execution.bot_status import StatusService
from bot.execution.default_pipeline import DefaultPipelines
from bot.history.report_data import ReportData
from bot.notifications.agent_watches.service import AgentWatches
from bot.notifications.direct.service import DirectMessageService
from bot.notifications.subscriptions.model import Subscription
from bot.notifications.subscriptions.service import SubscriptionService
from bot.operations.operation import Operation, Registry
from bot.runtime.clock import Clock
from bot.slack.blockkit.mrkdwn import Mrkdwn
from bot.slack.types import Actor, Thread


class TrackedBuildLookup(Protocol):
    """Finds tracked builds by their cards."""

    async def find_in_thread(self, thread: Thread) -> tuple[TrackedBuild, ...]:
        """Return builds whose card is in this thread or is its root, newest first; none for a bare channel."""

    async def find_with_card_in_thread(self, thread: Thread) -> tuple[TrackedBuild, ...]:
        """Return builds with a card in this thread, without those shown only as link previews."""

    async def find_in_channel(self, channel: str) -> tuple[TrackedBuild, ...]:
        """Return builds whose card is in this channel, newest first, at most ten."""

    async def mute(self, thread: Thread, pipeline: str, number: int) -> tuple[bool, Subscription | None]:
        """Stop replies below the cards of a build in this channel; return whether it has one, and its rule."""


class ApprovalVotes(Protocol):
    """Votes on proposals."""

    async def vote(self, ctx: Context, proposal_id: str, *, approves: bool) -> Mrkdwn:
        """Count the person's vote and return the answer."""

    async def find_counted_vote(self, ctx: Context, proposal_id: str, *, approves: bool) -> Mrkdwn | None:
        """Return the answer to the person's vote if it was counted, else None."""

    async def find_withdrawal(self, ctx: Context, proposal_id: str) -> Mrkdwn | None:
        """Return the answer to a withdrawal if the proposal was withdrawn, else None."""

    async def withdraw(self, ctx: Context, proposal_id: str) -> Mrkdwn:
        """Withdraw a proposal and return the answer."""


class AllowedNetworks(Protocol):
    """The networks that webhooks are accepted from."""

    @property
    def networks(self) -> tuple[str, ...]:
        """CIDR blocks; empty until the list has been read."""


@dataclass(frozen=True)
class Context:
    """The services and the request that an operation gets besides its arguments.

    `invocation_id` goes into the metadata of a created build, so that the build can be found after a crash.
    `is_allowed` says which operations this person may run here. `buildkite` and `catalog` use the person's own
    token where `account` is set, the bot's otherwise. `page` is the page of a list, from 1, for lists that
    Buildkite itself pages. `agent_api` is set where the bot has an agent token, `allowlist` where webhooks are
    accepted from certain networks only.
    """

    buildkite: Buildkite
    catalog: Catalog
    tracked_builds: TrackedBuildLookup
    actor: Actor
    thread: Thread
    clock: Clock
    registry: Registry
    is_allowed: Callable[[Operation], bool]
    invocation_id: str
    instance: str
    status: StatusService
    audit_log: AuditLog
    reports: ReportData
    approvals: ApprovalVotes
    locks: LockService
    subscriptions: SubscriptionService
    aliases: Aliases
    default_pipelines: DefaultPipelines
    direct_messages: DirectMessageService
    accounts: Accounts
    agent_watches: AgentWatches
    rules: Callable[[], Rules]
    account: Account | None = None
    command: str = "/bk"
    agent_api: AgentApi | None = None
    allowlist: AllowedNetworks | None = None
    webhook: OwnWebhook = NO_WEBHOOK
    page: int = 1
