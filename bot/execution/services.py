"""Services that all operations share, and the context that is built from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.access.accounts.service import Accounts
from bot.access.approvals.proposals import Proposals
from bot.access.approvals.voting import Approvals
from bot.access.audit_log import AuditLog
from bot.access.locks.service import LockService
from bot.access.policy.decide import find_blanket_refusal
from bot.access.policy.rules import Rules
from bot.buildkite.agent_api import AgentApi
from bot.buildkite.catalog import Catalog
from bot.buildkite.client import Buildkite
from bot.buildkite.webhook_registration import OwnWebhook
from bot.builds.tracked_builds import TrackedBuilds
from bot.execution.aliases import Aliases
from bot.execution.bot_status import StatusService
from bot.execution.context import AllowedNetworks, Context
from bot.execution.default_pipeline import DefaultPipelines
from bot.history.report_data import ReportData
from bot.notifications.agent_watches.service import AgentWatches
from bot.notifications.direct.service import DirectMessageService
from bot.notifications.subscriptions.service import SubscriptionService
from bot.operations.invocation import Invocation
from bot.operations.operation import Registry
from bot.runtime.clock import Clock
from bot.slack.types import Actor
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

    def build_context(self, store: Store, clock: Clock, invocation: Invocation, actor: Actor) -> Context:
        """Return the context of one operation, with the bot's token."""
        return Context(
            buildkite=self.buildkite,
            catalog=self.catalog,
            tracked_builds=self.tracked_builds,
            actor=actor,
            thread=invocation.thread,
            clock=clock,
            registry=self.registry,
            is_allowed=lambda op: find_blanket_refusal(self.rules(), actor, op) is None,
            invocation_id=invocation.id,
            instance=self.instance,
            status=self.status,
            audit_log=AuditLog(store),
            reports=ReportData(store, clock),
            approvals=self.approvals,
            locks=self.locks,
            subscriptions=self.subscriptions,
            aliases=self.aliases,
            default_pipelines=self.default_pipelines,
            direct_messages=self.direct_messages,
            agent_watches=AgentWatches(store, clock),
            accounts=self.accounts,
            rules=self.rules,
            webhook=self.webhook,
            agent_api=self.agent_api,
            allowlist=self.allowlist,
            command=self.command,
            page=invocation.flags.page or 1,
        )
