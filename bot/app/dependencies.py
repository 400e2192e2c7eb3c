"""Builds the dependencies that all parts of a workspace share: both vendors' clients, people and rules."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

from slack_sdk.web.async_client import AsyncWebClient

from bot.access.channel_access import ChannelAccess
from bot.access.policy.policy_file import Policy
from bot.app.clients import Clients, SlackClients, open_clients
from bot.app.emoji_cache import EmojiCache
from bot.app.identity import Identity, identify
from bot.app.platform import Platform
from bot.app.prometheus import CounterMetric
from bot.app.workspace import Workspace
from bot.buildkite.agent_api import AgentApi
from bot.buildkite.catalog import Catalog
from bot.buildkite.client import Buildkite
from bot.history import recorder
from bot.notifications.subscriptions.index import SubscriptionCache
from bot.notifications.subscriptions.subscription_file import ListedSubscriptions
from bot.operations.choices import Choices
from bot.operations.registry import Registry
from bot.slack.people import PeopleDirectory
from bot.slack.rate_limits import Pacing
from bot.slack.user_groups import UserGroups
from bot.slack.web_client import SlackClient
from webhooks.allowlist import Allowlist


@dataclass(frozen=True)
class SlackSide:
    """Slack as this workspace's bot sees it."""

    identity: Identity
    web: AsyncWebClient
    api: SlackClient
    pacing: Pacing
    people: PeopleDirectory
    channel_access: ChannelAccess


@dataclass(frozen=True)
class BuildkiteSide:
    """Buildkite with the bot's own token."""

    client: Buildkite
    catalog: Catalog
    agent_api: AgentApi | None
    allowlist: Allowlist | None
    emoji_cache: EmojiCache


class SubscriptionSources(NamedTuple):
    """Subscriptions from the file, and all of them as the fold looks them up."""

    listed: ListedSubscriptions
    cache: SubscriptionCache


@dataclass(frozen=True)
class Dependencies:
    """The dependencies that all parts of a workspace share."""

    platform: Platform
    workspace: Workspace
    slack: SlackSide
    buildkite: BuildkiteSide
    policy: Policy
    operations: Registry
    choices: Choices
    subscriptions: SubscriptionSources


@asynccontextmanager
async def open_dependencies(
    platform: Platform, workspace: Workspace, operations: Registry
) -> AsyncIterator[Dependencies]:
    """Open the clients of a workspace, and find out who its bot is.

    Raise KitestringError if the policy is wrong or a token is refused.
    """
    policy = Policy(workspace.policy, platform.clock)
    count_limited = platform.metrics.counter(CounterMetric.SLACK_LIMITED)
    async with open_clients(workspace, platform.clock, count_limited) as clients:
        slack = await _build_slack_side(platform, clients.slack, policy)
        listed = ListedSubscriptions(workspace.subscriptions, platform.clock)
        yield Dependencies(
            platform,
            workspace,
            slack,
            _build_buildkite_side(platform, workspace, clients),
            policy,
            operations,
            Choices(platform.store, platform.vault, platform.clock),
            SubscriptionSources(listed, SubscriptionCache(listed.get_owners)),
        )


async def _build_slack_side(platform: Platform, clients: SlackClients, policy: Policy) -> SlackSide:
    api, store, clock = clients.api, platform.store, platform.clock
    identity = await identify(api, store, clock)
    await recorder.note_startup(store, clock.now())
    people = PeopleDirectory(api, store, clock, identity.team, UserGroups(api, clock, policy.get_groups))
    channel_access = ChannelAccess(api, clock, policy.get_rules)
    return SlackSide(identity, clients.web, api, Pacing(clock), people, channel_access)


def _build_buildkite_side(platform: Platform, workspace: Workspace, clients: Clients) -> BuildkiteSide:
    client, clock = clients.buildkite, platform.clock
    allowlist = _build_allowlist(client, platform) if workspace.has_allowlist else None
    return BuildkiteSide(client, Catalog(client, clock), clients.agent_api, allowlist, clients.emoji_cache)


def _build_allowlist(buildkite: Buildkite, platform: Platform) -> Allowlist:
    patient = buildkite.for_background()

    async def read() -> tuple[str, ...]:
        return (await patient.meta()).webhook_ips

    return Allowlist(read, platform.clock)
