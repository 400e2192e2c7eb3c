"""Builds the dependencies shared by all parts: both vendors' clients, the store, people and rules."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from slack_sdk.web.async_client import AsyncWebClient

from bot.access.channel_access import ChannelAccess
from bot.access.policy.policy_file import Policy
from bot.app.clients import Clients
from bot.app.identity import Identity, identify
from bot.app.prometheus import BotMetrics
from bot.app.wakeups import Wakeups
from bot.buildkite.agent_api import AgentApi
from bot.buildkite.catalog import Catalog
from bot.buildkite.client import Buildkite
from bot.buildkite.webhook_registration import OwnWebhook
from bot.execution.bot_status import StatusService
from bot.history import recorder
from bot.notifications.subscriptions.index import SubscriptionCache
from bot.notifications.subscriptions.subscription_file import ListedSubscriptions
from bot.operations.choices import Choices
from bot.operations.operation import Registry
from bot.runtime.clock import Clock
from bot.runtime.loop import LoopName
from bot.settings import Settings
from bot.slack.people import PeopleDirectory
from bot.slack.rate_limits import Pacing
from bot.slack.user_groups import UserGroups
from bot.slack.web_client import SlackClient
from bot.store.leader import ElectedLeader, FencedStore, Leadership, SingleProcess
from bot.store.postgres_session import PostgresSession
from bot.store.transactions import Store, Transactions
from bot.store.vault import Vault, load_or_create_key
from commands import registry
from webhooks.allowlist import Allowlist
from webhooks.events import OPTIONAL_EVENTS, REQUIRED_EVENTS

LEADER = "writer"


@dataclass
class Dependencies:
    """`leader_store` is the store for work of the leader: every write checks that this replica still leads."""

    settings: Settings
    clock: Clock
    policy: Policy
    store: Store
    leader_store: Transactions
    leadership: Leadership
    postgres_session: PostgresSession | None
    slack_client: AsyncWebClient
    slack: SlackClient
    buildkite: Buildkite
    agent_api: AgentApi | None
    allowlist: Allowlist | None
    identity: Identity
    vault: Vault
    wakeups: Wakeups
    metrics: BotMetrics
    slack_pacing: Pacing
    operations: Registry
    catalog: Catalog
    channel_access: ChannelAccess
    people: PeopleDirectory
    choices: Choices
    listed_subscriptions: ListedSubscriptions
    subscription_cache: SubscriptionCache
    status_service: StatusService
    replica: str


async def build_dependencies(
    settings: Settings,
    clock: Clock,
    policy: Policy,
    store: Store,
    clients: Clients,
    metrics: BotMetrics,
) -> Dependencies:
    """Identify the bot and build all that depends on it. Raise KitestringError if a token is refused."""
    api, buildkite = clients.slack.api, clients.buildkite
    identity = await identify(api, store, clock)
    await recorder.note_startup(store, clock.now())
    vault, wakes, replica = Vault(_find_secret_keys(settings)), Wakeups(), secrets.token_hex(4)
    lease, mine = _build_leadership(settings, store, wakes, replica, clock)
    listed = ListedSubscriptions(_optional_path(settings.kitestring_subscriptions), clock)
    return Dependencies(
        settings=settings,
        clock=clock,
        policy=policy,
        store=store,
        leader_store=mine,
        leadership=lease,
        postgres_session=wakes.postgres_session,
        slack_client=clients.slack.web,
        slack=api,
        buildkite=buildkite,
        agent_api=clients.agent_api,
        allowlist=_build_allowlist(settings, buildkite, clock),
        identity=identity,
        vault=vault,
        wakeups=wakes,
        metrics=metrics,
        slack_pacing=Pacing(clock),
        operations=registry(),
        catalog=Catalog(buildkite, clock),
        channel_access=ChannelAccess(api, clock, policy.get_rules),
        people=PeopleDirectory(api, store, clock, identity.team, UserGroups(api, clock, policy.get_groups)),
        choices=Choices(store, vault, clock),
        listed_subscriptions=listed,
        subscription_cache=SubscriptionCache(listed.get_owners),
        status_service=StatusService(
            store, clock, buildkite.budget, replica, LEADER if settings.postgresql else None
        ),
        replica=replica,
    )


def _build_leadership(
    settings: Settings, store: Store, wakes: Wakeups, replica: str, clock: Clock
) -> tuple[Leadership, Transactions]:
    """Return the leadership of this replica, and the store for work of the leader."""
    if not settings.postgresql:
        return SingleProcess(), store
    line = wakes.postgres_session = PostgresSession(store.url, wakes.handle_notification)
    # All loops, because those limited to the leader had nothing to do until now.
    lease = ElectedLeader(LEADER, replica, store, line, clock, lambda: wakes.wake_local(*LoopName))
    wakes.is_only_writer = lease.is_leader
    return lease, FencedStore(store, lease)


def _optional_path(named: str | None) -> Path | None:
    return Path(named) if named else None


def _find_secret_keys(settings: Settings) -> tuple[str, ...]:
    if settings.secret_keys:
        return settings.secret_keys
    return (load_or_create_key(find_database_file(settings)),)


def find_database_file(settings: Settings) -> Path:
    """Return the path of the SQLite database."""
    return Path(settings.database_url.get_secret_value().partition(":///")[2])


def _build_allowlist(settings: Settings, buildkite: Buildkite, clock: Clock) -> Allowlist | None:
    """Return the allowlist for webhooks; None if they may come from anywhere."""
    if settings.buildkite_webhook_allowlist == "off":
        return None
    patient = buildkite.for_background()

    async def read() -> tuple[str, ...]:
        return (await patient.meta()).webhook_ips

    return Allowlist(read, clock)


def describe_own_webhook(settings: Settings) -> OwnWebhook:
    """Return the webhook that Buildkite should send to this bot, as the settings describe it."""
    return OwnWebhook(
        settings.kitestring_url,
        settings.buildkite_webhook_token,
        settings.buildkite_webhook_mode,
        REQUIRED_EVENTS,
        OPTIONAL_EVENTS,
    )
