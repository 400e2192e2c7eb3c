"""What all operations share, and the context of one that is made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.accounts import Accounts
from bot.agent_watches import AgentWatches
from bot.aliases import Aliases
from bot.approvals import Approvals
from bot.buildkite.agent_api import AgentApi
from bot.buildkite.catalog import Catalog
from bot.buildkite.client import Buildkite
from bot.clock import Clock
from bot.condition import Condition
from bot.context import Admitted, Context
from bot.core.operation import Registry
from bot.core.policy import Rules, hopeless
from bot.defaults import Defaults
from bot.followed import FollowedBuilds
from bot.journal import Journal
from bot.locks import Locks
from bot.model import Actor, Invocation
from bot.notifying import Notifying
from bot.own_webhook import OwnWebhook
from bot.proposals import Proposals
from bot.reports import Reports
from bot.store.store import Store
from bot.subscribing import Subscribing


@dataclass(frozen=True)
class Surroundings:
    """What all operations share: the vendors, the words, the rules.

    `instance` marks our builds at Buildkite; `replica` names this process.
    """

    buildkite: Buildkite
    catalog: Catalog
    registry: Registry
    rules: Callable[[], Rules]
    locks: Locks
    subscribing: Subscribing
    aliases: Aliases
    defaults: Defaults
    notifying: Notifying
    accounts: Accounts
    proposals: Proposals
    approvals: Approvals
    condition: Condition
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
            followed=FollowedBuilds(store),
            actor=actor,
            thread=asked.thread,
            clock=clock,
            registry=self.registry,
            allowed=lambda op: hopeless(self.rules(), actor, op) is None,
            mark=asked.id,
            instance=self.instance,
            condition=self.condition,
            journal=Journal(store),
            reports=Reports(store, clock),
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
