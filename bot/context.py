"""What an operation may use: Buildkite, the builds of this thread, the person, the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bot.accounts import Accounts
from bot.agent_watches import AgentWatches
from bot.aliases import Aliases
from bot.buildkite.agent_api import AgentApi
from bot.buildkite.catalog import Catalog
from bot.buildkite.client import Buildkite
from bot.clock import Clock
from bot.condition import Condition
from bot.core.account import Account
from bot.core.markup import Mrkdwn
from bot.core.operation import Operation, Registry
from bot.core.policy import Rules
from bot.defaults import Defaults
from bot.journal import Journal
from bot.locks import Locks
from bot.model import Actor, Known, Thread
from bot.notifying import Notifying
from bot.own_webhook import NOWHERE, OwnWebhook
from bot.reports import Reports
from bot.subscribing import Subscribing


class Followed(Protocol):
    """The builds that have a card somewhere."""

    async def here(self, thread: Thread) -> tuple[Known, ...]:
        """Builds whose card is in this thread (or is its root), newest first; none for a bare channel."""

    async def kept(self, thread: Thread) -> tuple[Known, ...]:
        """The same without what is only shown below a link."""

    async def recent(self, channel: str) -> tuple[Known, ...]:
        """Builds whose card is in this channel, newest first, at most ten."""


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
    condition: Condition
    journal: Journal
    reports: Reports
    approvals: Votes
    locks: Locks
    subscribing: Subscribing
    aliases: Aliases
    defaults: Defaults
    notifying: Notifying
    accounts: Accounts
    watches: AgentWatches
    rules: Callable[[], Rules]
    account: Account | None = None
    command: str = "/bk"
    agent_api: AgentApi | None = None
    origins: Admitted | None = None
    webhook: OwnWebhook = NOWHERE
    page: int = 1
