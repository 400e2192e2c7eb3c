"""What everything stands on: both vendors, the store, the people, the rules."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from slack_sdk.web.async_client import AsyncWebClient

from bot import memory
from bot.buildkite.agent_api import AgentApi
from bot.buildkite.catalog import Catalog
from bot.buildkite.client import Buildkite
from bot.clock import Clock
from bot.condition import Condition
from bot.core.operation import Registry
from bot.identity import Identity, identify
from bot.lease import Alone, Fenced, Lease, Shared
from bot.metrics import Metrics
from bot.offers import Offers
from bot.places import Places
from bot.policy_file import Policy
from bot.settings import Settings
from bot.slack.api import SlackApi
from bot.slack.groups import Groups
from bot.slack.pacing import Pacing
from bot.slack.people import People
from bot.store.line import Line
from bot.store.store import Store, Transactions
from bot.store.vault import Vault, key_beside
from bot.subscribers import Subscribers
from bot.subscription_file import Listed
from bot.wakes import Wakes
from commands import registry
from webhooks.origin import Origins

WRITER = "writer"
# The loops that begin at once when this replica becomes the one that writes.
_WRITERS = "sweep writer findings patrol recovery proposals approved waiting reminders home"


@dataclass
class Ground:
    """`mine` is the store as the writer may use it: every write checks that this replica still is the one."""

    settings: Settings
    clock: Clock
    policy: Policy
    store: Store
    mine: Transactions
    lease: Lease
    line: Line | None
    client: AsyncWebClient
    api: SlackApi
    buildkite: Buildkite
    agent_api: AgentApi | None
    origins: Origins | None
    identity: Identity
    vault: Vault
    wakes: Wakes
    metrics: Metrics
    pacing: Pacing
    operations: Registry
    catalog: Catalog
    places: Places
    people: People
    made: Offers
    listed: Listed
    subscribers: Subscribers
    condition: Condition
    replica: str


async def ground(
    settings: Settings,
    clock: Clock,
    policy: Policy,
    store: Store,
    client: AsyncWebClient,
    api: SlackApi,
    buildkite: Buildkite,
    agent_api: AgentApi | None,
) -> Ground:
    """Find out who we are, and stand everything else on it. Raises KitestringError where a token is refused."""
    identity = await identify(api, store, clock)
    await memory.wake(store, clock.now())
    vault, wakes, replica = Vault(_keys(settings)), Wakes(), secrets.token_hex(4)
    lease, mine = _seat(settings, store, wakes, replica, clock)
    listed = Listed(_file(settings.kitestring_subscriptions), clock)
    return Ground(
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
        places=Places(api, clock, policy.rules),
        people=People(api, store, clock, identity.team, Groups(api, clock, policy.groups)),
        made=Offers(store, vault, clock),
        listed=listed,
        subscribers=Subscribers(listed.owners),
        condition=Condition(store, clock, buildkite.budget, replica, WRITER if settings.postgresql else None),
        replica=replica,
    )


def _seat(
    settings: Settings, store: Store, wakes: Wakes, replica: str, clock: Clock
) -> tuple[Lease, Transactions]:
    """Whether this replica writes to the workspace, and the store as the writer may use it."""
    if not settings.postgresql:
        return Alone(), store
    line = wakes.line = Line(store.url, wakes.heard)
    lease = Shared(WRITER, replica, store, line, clock, lambda: wakes.heard(_WRITERS))
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


def _origins(settings: Settings, buildkite: Buildkite, clock: Clock) -> Origins | None:
    """Where webhooks may come from; None: from anywhere."""
    if settings.buildkite_webhook_allowlist == "off":
        return None
    patient = buildkite.patient()

    async def read() -> tuple[str, ...]:
        return (await patient.meta()).webhook_ips

    return Origins(read, clock)
