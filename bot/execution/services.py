"""Services that contexts are built from, in groups; fields have the types that operations declare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from bot.access.accounts.service import Accounts
from bot.access.api_tokens.agent_switch import AgentSwitch
from bot.access.api_tokens.service import ApiTokens
from bot.access.api_tokens.token_records import TokenRecords
from bot.access.approvals.voting import Approvals
from bot.access.audit_log import AuditLog
from bot.access.channel_access import ChannelAccess
from bot.access.locks.service import LockService
from bot.access.policy.service import PolicyService
from bot.buildkite.agent_api import AgentApi
from bot.buildkite.webhook_registration import OwnWebhook
from bot.execution.aliases import Aliases
from bot.execution.bot_status import StatusService
from bot.execution.context import AllowedNetworks, TrackedBuildLookup
from bot.execution.default_pipeline import DefaultPipelines
from bot.history.report_data import ReportData
from bot.notifications.agent_watches.service import AgentWatches
from bot.notifications.direct.service import DirectMessageService
from bot.notifications.subscriptions.service import SubscriptionService
from bot.operations.acts.service import Acts
from bot.operations.registry import Registry
from bot.runtime.clock import Clock


@dataclass(frozen=True)
class ChannelServices:
    """Services about what a channel sees."""

    tracked_builds: TrackedBuildLookup
    subscriptions: SubscriptionService
    agent_watches: AgentWatches
    default_pipelines: DefaultPipelines
    channel_access: ChannelAccess


@dataclass(frozen=True)
class PersonServices:
    """Services about what people have and may do."""

    accounts: Accounts
    aliases: Aliases
    direct_messages: DirectMessageService
    locks: LockService
    approvals: Approvals
    audit_log: AuditLog
    acts: Acts
    api_tokens: ApiTokens
    token_records: TokenRecords
    agents: AgentSwitch
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


class ContextServices(NamedTuple):
    """All groups."""

    channel: ChannelServices
    person: PersonServices
    bot: BotServices
