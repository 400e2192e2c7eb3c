"""What all operations share, and the context of one that is made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.access.accounts.service import Accounts
from bot.access.approvals.proposals import Proposals
from bot.access.approvals.voting import Approvals
from bot.access.audit_log import AuditLog
from bot.access.locks.service import LockService
from bot.access.policy.decide import hopeless
from bot.access.policy.rules import Rules
from bot.buildkite.agent_api import AgentApi
from bot.buildkite.catalog import Catalog
from bot.buildkite.client import Buildkite
from bot.buildkite.webhook_registration import OwnWebhook
from bot.builds.tracked_builds import FollowedBuilds
from bot.execution.aliases import Aliases
from bot.execution.bot_status import StatusService
from bot.execution.context import Admitted, Context
from bot.execution.default_pipeline import Defaults
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
    """What all operations share: the vendors, the words, the rules.

    `instance` marks our builds at Buildkite; `replica` names this process.
    """

    buildkite: Buildkite
    catalog: Catalog
    registry: Registry
    rules: Callable[[], Rules]
    locks: LockService
    followed: FollowedBuilds
    subscribing: SubscriptionService
    aliases: Aliases
    defaults: Defaults
    notifying: DirectMessageService
    accounts: Accounts
    proposals: Proposals
    approvals: Approvals
    condition: StatusService
    agent_api: AgentApi | None
    origins: Admitted | None
    webhook: OwnWebhook
    instance: str
    replica: str
    command: str

    def context(self, store: Store, clock: Clock, asked: Invocation, actor: Actor) -> Context:
        """What one operation may use, with the bot's token."""
        return Context(
            buildkite=self.buildkite,
            catalog=self.catalog,
            followed=self.followed,
            actor=actor,
            thread=asked.thread,
            clock=clock,
            registry=self.registry,
            allowed=lambda op: hopeless(self.rules(), actor, op) is None,
            mark=asked.id,
            instance=self.instance,
            condition=self.condition,
            journal=AuditLog(store),
            reports=ReportData(store, clock),
            approvals=self.approvals,
            locks=self.locks,
            subscribing=self.subscribing,
            aliases=self.aliases,
            defaults=self.defaults,
            notifying=self.notifying,
            watches=AgentWatches(store, clock),
            accounts=self.accounts,
            rules=self.rules,
            webhook=self.webhook,
            agent_api=self.agent_api,
            origins=self.origins,
            command=self.command,
            page=asked.args.get("page", 1),
        )
