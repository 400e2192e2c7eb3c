"""What everything stands on: both vendors, the store, the people, the rules."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from slack_sdk.web.async_client import AsyncWebClient

from bot.access.channel_access import ChannelAccess
from bot.access.policy.policy_file import Policy
from bot.app.identity import Identity, identify
from bot.app.prometheus import Metrics
from bot.app.wakeups import Wakeups
from bot.buildkite.agent_api import AgentApi
from bot.buildkite.catalog import Catalog
from bot.buildkite.client import Buildkite
from bot.buildkite.webhook_registration import OwnWebhook
from bot.execution.bot_status import StatusService
from bot.history import recorder
from bot.notifications.subscriptions.index import SubscriptionCache
from bot.notifications.subscriptions.subscription_file import Listed
from bot.operations.choices import Choices
from bot.operations.operation import Registry
from bot.runtime.clock import Clock
from bot.settings import Settings
from bot.slack.people import People
from bot.slack.rate_limits import Pacing
from bot.slack.user_groups import Groups
from bot.slack.web_client import SlackClient
from bot.store.leader import ElectedLeader, Fenced, Leadership, SingleProcess
from bot.store.postgres_session import PostgresSession
from bot.store.transactions import Store, Transactions
from bot.store.vault import Vault, key_beside
from commands import registry
from webhooks.allowlist import Allowlist

WRITER = "writer"
# The loops that begin at once when this replica becomes the one that writes.
_WRITERS = "sweep writer findings patrol recovery proposals approved waiting reminders home"


@dataclass
class Dependencies:
    """`mine` is the store as the writer may use it: every write checks that this replica still is the one."""

    settings: Settings
    clock: Clock
    policy: Policy
    store: Store
    mine: Transactions
    lease: Leadership
    line: PostgresSession | None
    client: AsyncWebClient
    api: SlackClient
    buildkite: Buildkite
    agent_api: AgentApi | None
    origins: Allowlist | None
    identity: Identity
    vault: Vault
    wakes: Wakeups
    metrics: Metrics
    pacing: Pacing
    operations: Registry
    catalog: Catalog
    places: ChannelAccess
    people: People
    made: Choices
    listed: Listed
    subscribers: SubscriptionCache
    condition: StatusService
    replica: str


async def build_dependencies(
    settings: Settings,
    clock: Clock,
    policy: Policy,
    store: Store,
    client: AsyncWebClient,
    api: SlackClient,
    buildkite: Buildkite,
    agent_api: AgentApi | None,
) -> Dependencies:
    """Find out who we are, and stand everything else on it. Raises KitestringError where a token is refused."""
    identity = await identify(api, store, clock)
    await recorder.note_startup(store, clock.now())
    vault, wakes, replica = Vault(_keys(settings)), Wakeups(), secrets.token_hex(4)
    lease, mine = _seat(settings, store, wakes, replica, clock)
    listed = Listed(_file(settings.kitestring_subscriptions), clock)
    return Dependencies(
        settings=settings,
        clock=clock,
        policy=policy,
        store=store,
        mine=mine,
        lease=lease,
        line=wakes.line,
        client=client,
        api=api,
        buildkite=buildkite,
        agent_api=agent_api,
        origins=_origins(settings, buildkite, clock),
        identity=identity,
        vault=vault,
        wakes=wakes,
        metrics=Metrics(),
        pacing=Pacing(clock),
        operations=registry(),
        catalog=Catalog(buildkite, clock),
        places=ChannelAccess(api, clock, policy.rules),
        people=People(api, store, clock, identity.team, Groups(api, clock, policy.groups)),
        made=Choices(store, vault, clock),
        listed=listed,
        subscribers=SubscriptionCache(listed.owners),
        condition=StatusService(store, clock, buildkite.budget, replica, WRITER if settings.postgresql else None),
        replica=replica,
    )


def _seat(
    settings: Settings, store: Store, wakes: Wakeups, replica: str, clock: Clock
) -> tuple[Leadership, Transactions]:
    """Whether this replica writes to the workspace, and the store as the writer may use it."""
    if not settings.postgresql:
        return SingleProcess(), store
    line = wakes.line = PostgresSession(store.url, wakes.heard)
    lease = ElectedLeader(WRITER, replica, store, line, clock, lambda: wakes.heard(_WRITERS))
    wakes.alone = lease.mine
    return lease, Fenced(store, lease)


def _file(named: str | None) -> Path | None:
    return Path(named) if named else None


def _keys(settings: Settings) -> tuple[str, ...]:
    if settings.secret_keys:
        return settings.secret_keys
    return (key_beside(database_file(settings)),)


def database_file(settings: Settings) -> Path:
    """The SQLite file of these settings."""
    return Path(settings.database_url.get_secret_value().partition(":///")[2])


def _origins(settings: Settings, buildkite: Buildkite, clock: Clock) -> Allowlist | None:
    """Where webhooks may come from; None: from anywhere."""
    if settings.buildkite_webhook_allowlist == "off":
        return None
    patient = buildkite.patient()

    async def read() -> tuple[str, ...]:
        return (await patient.meta()).webhook_ips

    return Allowlist(read, clock)


def own_webhook(settings: Settings) -> OwnWebhook:
    """Return the webhook that Buildkite should send to this bot, as the settings describe it."""
    return OwnWebhook(settings.kitestring_url, settings.buildkite_webhook_token, settings.buildkite_webhook_mode)
