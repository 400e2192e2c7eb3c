"""Values and narrow interfaces that the contexts of operations are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bot.access.accounts.model import Account
from bot.access.accounts.service import Accounts
from bot.access.approvals.voting import Approvals
from bot.access.audit_log import AuditLog
from bot.access.locks.service import LockService
from bot.access.policy.rules import Rules
from bot.access.policy.service import PolicyService
from bot.buildkite.agent_api import AgentApi
from bot.buildkite.catalog import Catalog
from bot.buildkite.client import Buildkite
from bot.buildkite.webhook_registration import OwnWebhook
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


class AllowedNetworks(Protocol):
    """The networks that webhooks are accepted from."""

    @property
    def networks(self) -> tuple[str, ...]:
        """CIDR blocks; empty until the list has been read."""


@dataclass(frozen=True)
class Caller:
    """The person, the place and the invocation that an operation is carried out for.

    `invocation_id` goes into the metadata of a created build, so that the build can be found after a crash, and so
    does `instance`, which marks the builds of this bot. `command` is the slash command that hints quote. `page` is
    the page of a list, from 1, for lists that Buildkite itself pages.
    """

    actor: Actor
    thread: Thread
    invocation_id: str
    command: str = "/bk"
    instance: str = ""
    page: int = 1


@dataclass(frozen=True)
class Context:
    """Everything that an operation may need besides its arguments."""

    caller: Caller
    buildkite: Buildkite
    catalog: Catalog
    account: Account | None
    tracked_builds: TrackedBuildLookup
    clock: Clock
    registry: Registry
    status: StatusService
    audit_log: AuditLog
    reports: ReportData
    approvals: Approvals
    locks: LockService
    subscriptions: SubscriptionService
    aliases: Aliases
    default_pipelines: DefaultPipelines
    direct_messages: DirectMessageService
    accounts: Accounts
    agent_watches: AgentWatches
    policy: PolicyService
    agent_api: AgentApi | None
    allowlist: AllowedNetworks | None
    webhook: OwnWebhook

    @property
    def actor(self) -> Actor:
        return self.caller.actor

    @property
    def thread(self) -> Thread:
        return self.caller.thread

    @property
    def invocation_id(self) -> str:
        return self.caller.invocation_id

    @property
    def command(self) -> str:
        return self.caller.command

    @property
    def instance(self) -> str:
        return self.caller.instance

    @property
    def page(self) -> int:
        return self.caller.page

    @property
    def rules(self) -> Callable[[], Rules]:
        return self.policy.get_rules

    def is_allowed(self, op: Operation) -> bool:
        return self.policy.find_blanket_refusal(self.actor, op) is None
