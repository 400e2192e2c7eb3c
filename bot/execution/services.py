"""Services that all operations share, and the groups that contexts are built from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.access.accounts.service import Accounts
from bot.access.approvals.proposals import Proposals
from bot.access.approvals.voting import Approvals
from bot.access.audit_log import AuditLog
from bot.access.locks.service import LockService
from bot.access.policy.rules import Rules
from bot.access.policy.service import PolicyService
from bot.buildkite.agent_api import AgentApi
from bot.buildkite.catalog import Catalog
from bot.buildkite.client import Buildkite
from bot.buildkite.webhook_registration import OwnWebhook
from bot.builds.tracked_builds import TrackedBuilds
from bot.execution.aliases import Aliases
from bot.execution.bot_status import StatusService
from bot.execution.context import AllowedNetworks, TrackedBuildLookup
from bot.execution.default_pipeline import DefaultPipelines
from bot.history.report_data import ReportData
from bot.notifications.agent_watches.service import AgentWatches
from bot.notifications.direct.service import DirectMessageService
from bot.notifications.subscriptions.service import SubscriptionService
from bot.operations.operation import Registry
from bot.runtime.clock import Clock
from bot.store.transactions import Store


@dataclass(frozen=True)
class Services:
    """Services that all operations share.

    `instance` marks this bot's builds in Buildkite; `replica` names this process.
    """

    buildkite: Buildkite
    catalog: Catalog
    registry: Registry
    rules: Callable[[], Rules]
    locks: LockService
    tracked_builds: TrackedBuilds
    subscriptions: SubscriptionService
    aliases: Aliases
    default_pipelines: DefaultPipelines
    direct_messages: DirectMessageService
    accounts: Accounts
    proposals: Proposals
    approvals: Approvals
    status: StatusService
    agent_api: AgentApi | None
    allowlist: AllowedNetworks | None
    webhook: OwnWebhook
    instance: str
    replica: str
    command: str

    def group(self, store: Store, clock: Clock) -> tuple[object, ...]:
        """Return the services that contexts are built from, grouped, with the types that operations declare."""
        return (
            ChannelServices(
                self.tracked_builds, self.subscriptions, AgentWatches(store, clock), self.default_pipelines
            ),
            PersonServices(
                self.accounts,
                self.aliases,
                self.direct_messages,
                self.locks,
                self.approvals,
                AuditLog(store),
                PolicyService(self.rules, self.registry, self.locks, clock),
            ),
            BotServices(
                self.registry,
                clock,
                self.status,
                ReportData(store, clock),
                self.agent_api,
                self.allowlist,
                self.webhook,
            ),
        )


@dataclass(frozen=True)
class ChannelServices:
    """Services about what a channel sees."""

    tracked_builds: TrackedBuildLookup
    subscriptions: SubscriptionService
    agent_watches: AgentWatches
    default_pipelines: DefaultPipelines


@dataclass(frozen=True)
class PersonServices:
    """Services about what people have and may do."""

    accounts: Accounts
    aliases: Aliases
    direct_messages: DirectMessageService
    locks: LockService
    approvals: Approvals
    audit_log: AuditLog
    policy: PolicyService


@dataclass(frozen=True)
class BotServices:
    """Services about the bot itself.

    `agent_api` is set where the bot has an agent token, `allowlist` where webhooks are accepted from certain
    networks only.
    """

    registry: Registry
    clock: Clock
    status: StatusService
    reports: ReportData
    agent_api: AgentApi | None
    allowlist: AllowedNetworks | None
    webhook: OwnWebhook
