"""Puts everything together: the only place that builds objects."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from bot import memory
from bot.accounts import Accounts
from bot.admission import Admission
from bot.answers import Answers
from bot.approvals import Approvals
from bot.approved import Approved
from bot.buildkite.catalog import Catalog
from bot.buildkite.client import Buildkite, connect
from bot.clock import Clock
from bot.condition import Condition
from bot.errors import Unavailable
from bot.findings import Findings
from bot.guard import Guard
from bot.housekeeping import Housekeeping
from bot.http import Front, figures, rest
from bot.identity import Identity, identify
from bot.inbox import Inbox, Keeper
from bot.lease import Alone, Fenced, Lease, Shared, due_if_owned, owned
from bot.locks import Locks
from bot.mentions import Mentions
from bot.metrics import Metrics
from bot.offers import Offers
from bot.outcome import BOT_NAME, Outcomes
from bot.patrol import Patrol
from bot.pictures import Pictures
from bot.places import Places
from bot.policy_file import Policy
from bot.posting import Posting
from bot.proposal_cards import ProposalCards
from bot.proposals import Proposals
from bot.readers import Readers
from bot.readiness import Link, Readiness
from bot.reconcile import Reconcile
from bot.recovery import Recovery
from bot.reminders import Reminders
from bot.replies import Replies
from bot.rotation import Rotation
from bot.runner import Runner, Surroundings
from bot.settings import Settings
from bot.slack.api import SlackApi
from bot.slack.app import Listeners, bolt
from bot.slack.authors import Authors
from bot.slack.forms import Forms
from bot.slack.groups import Groups
from bot.slack.intake import Intake
from bot.slack.pacing import Pacing
from bot.slack.people import People
from bot.slack.session import session
from bot.store import migrate as migrations
from bot.store.line import Line
from bot.store.store import Store, Transactions, nothing
from bot.store.vault import Vault, key_beside
from bot.subscribers import Subscribers
from bot.subscribing import Subscribing
from bot.subscription_file import SubscriptionFile
from bot.sweep import Sweep
from bot.timekeeper import Timekeeper
from bot.upkeep import Upkeep
from bot.waiting import Waiting
from bot.wakes import Wakes
from bot.worker import Loop
from commands import registry
from webhooks.observe import observe
from webhooks.origin import Gate, Origins
from webhooks.receiver import Receiver

SLACK_SECONDS = 10.0
WRITER = "writer"


@dataclass
class Bot:
    """The bot, built but not running: `web` answers HTTP, `loops` do the rest, `bolt` takes what Slack sends."""

    web: ASGIApp
    loops: tuple[Loop, ...]
    bolt: AsyncApp
    client: AsyncWebClient
    store: Store
    runner: Runner
    recovery: Recovery
    inbox: Inbox
    sweep: Sweep
    reconcile: Reconcile
    replies: Replies
    patrol: Patrol
    subscription_file: SubscriptionFile
    findings: Findings
    proposal_cards: ProposalCards
    approved: Approved
    upkeep: Upkeep
    waiting: Waiting
    reminders: Reminders
    identity: Identity
    lease: Lease
    line: Line | None
    link: Link
    figures: ASGIApp
    origins: Origins | None


@asynccontextmanager
async def built(
    settings: Settings, clock: Clock, *, migrate: bool = True, committed: Callable[[int], None] = nothing
) -> AsyncIterator[Bot]:
    """The bot for these settings; everything it opened is closed at the end.

    Raises KitestringError when it cannot be started: the policy is wrong, the token is refused, the schema is
    too new.
    """
    policy = Policy(Path(settings.kitestring_policy) if settings.kitestring_policy else None, clock)
    url = settings.database_url.get_secret_value()
    async with AsyncExitStack() as stack:
        store = Store(url, committed=committed)
        stack.push_async_callback(store.close)
        await (migrations.upgrade(url) if migrate else migrations.check(url))
        connections = await stack.enter_async_context(session(SLACK_SECONDS))
        client = AsyncWebClient(
            token=settings.slack_bot_token.get_secret_value(), base_url=settings.slack_api_url, session=connections
        )
        client.retry_handlers.clear()
        buildkite = await stack.enter_async_context(
            connect(
                settings.buildkite_api_token.get_secret_value(),
                settings.buildkite_organization_slug,
                endpoint=settings.buildkite_rest_api_endpoint,
                clock=clock,
            )
        )
        bot = await _assembled(settings, policy, clock, store, client, SlackApi(client, connections), buildkite)
        if bot.line:
            stack.push_async_callback(bot.line.close)
        yield bot


async def _assembled(
    settings: Settings,
    policy: Policy,
    clock: Clock,
    store: Store,
    client: AsyncWebClient,
    api: SlackApi,
    buildkite: Buildkite,
) -> Bot:
    identity = await identify(api, store, clock)
    vault, wakes, metrics, pacing = Vault(_keys(settings)), Wakes(), Metrics(), Pacing(clock)
    operations, catalog, places = registry(), Catalog(buildkite, clock), Places(api, clock, policy.rules)
    people = People(api, store, clock, identity.team, Groups(api, clock, policy.groups))
    pictures = Pictures(store, clock, api)
    await memory.wake(store, clock.now())
    made, answers = Offers(store, vault, clock), Answers(api, pacing, pictures)
    outcomes = Outcomes(
        store,
        clock,
        operations,
        made,
        answers,
        places,
        wakes.of("writer", "sweep", "recovery", "proposals", "findings"),
    )
    replica, command = secrets.token_hex(4), settings.kitestring_command
    locks = Locks(store, clock, partial(places.direct, identity.team), wakes.of("writer"))
    subscribers = Subscribers()
    subscribing = Subscribing(store, clock, places.postable, people.email, wakes.of("writer", "patrol"))
    condition = Condition(store, clock, buildkite.budget, replica, WRITER if settings.postgresql else None)
    accounts = Accounts(store, vault, clock, buildkite, command)
    proposals = Proposals(store, vault, clock, wakes.of("proposals", "approved"))
    approvals = Approvals(proposals, people, policy.rules, operations, command)
    shared = Surroundings(
        buildkite=buildkite,
        catalog=catalog,
        registry=operations,
        rules=policy.rules,
        locks=locks,
        subscribing=subscribing,
        accounts=accounts,
        proposals=proposals,
        approvals=approvals,
        condition=condition,
        instance=identity.instance,
        replica=replica,
        command=command,
    )
    runner = Runner(store, vault, clock, people, places, outcomes, shared)
    forms = Forms(api, people, made, runner)

    async def names(user: str) -> Catalog:
        own = await accounts.of(identity.team, user)
        return own.catalog if own else catalog

    intake = Intake(store, runner, made, forms)
    secret = settings.slack_signing_secret.get_secret_value() if settings.slack_signing_secret else ""
    listeners = Listeners(intake, answers, names, operations, identity.team, identity.user)
    slack = bolt(client, secret, listeners)
    lease, mine = _seat(settings, store, wakes, replica, clock)
    posting = Posting(api, pacing, lambda: identity.bot, lease.sure, places.shut, pictures)
    recovery = Recovery(store, vault, clock, people, runner, outcomes, lease.mine)
    inbox = Inbox(store, clock, observe, wakes.of("writer", "sweep", "findings"), metrics.folded, subscribers)
    sweep = Sweep(mine, clock, buildkite, identity.instance, wakes.of("writer", "findings"), subscribers)
    admission = Admission(
        mine, clock, subscribers, people.actor, policy.rules, operations["subscribe"], places.direct, BOT_NAME
    )
    reconcile = Reconcile(mine, clock, api, posting, pacing, metrics.shown, admission)
    replies = Replies(mine, clock, api, posting, pacing, admission)
    patrol = Patrol(mine, clock, buildkite, subscribers, wakes.of("writer", "sweep"))
    listed = Path(settings.kitestring_subscriptions) if settings.kitestring_subscriptions else None
    subscription_file = SubscriptionFile(listed, mine, clock, identity.team, wakes.of("patrol"))
    readers = Readers(mine, people, policy.rules, clock, operations["job log"])
    mentions = Mentions(mine, clock, Authors(api, people, mine, clock, identity.team))
    findings = Findings(mine, clock, buildkite, readers, mentions, wakes.of("writer"))
    proposal_cards = ProposalCards(mine, vault, clock, api, posting, pacing, proposals, answers)
    approved = Approved(proposals, runner)
    waiting = Waiting(mine, clock, buildkite, made, identity.team, wakes.of("writer"))
    reminders = Reminders(mine, clock, buildkite, wakes.of("writer"))
    housekeeping = Housekeeping(mine, clock)
    rotation = Rotation(mine, vault) if vault.several else None
    upkeep = Upkeep(mine, clock, identity.team, people, accounts, rotation)
    timekeeper = Timekeeper(store, clock, wakes.of("inbox", "sweep", "writer", "findings", "recovery"))
    origins = _origins(settings, buildkite, clock)
    receiver = _receiver(settings, Keeper(store, wakes.here("inbox")), clock, metrics, origins)
    link = Link(clock)
    readiness = Readiness(store, api, link if settings.socket_mode else None)
    own_port = settings.metrics_port is not None
    page = partial(measured, metrics, condition, lease)
    at_slack = _slack(settings, slack, secret, clock)
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else ""
    rest_of_it = rest(readiness.wrong, None if own_port else page, token)
    front = Front(at_slack, receiver, rest_of_it, metrics.acked)

    async def write() -> int:
        return await reconcile.tick() + await replies.tick()

    loops = (
        Loop("inbox", inbox.tick, inbox.next_at, clock),
        Loop("sweep", owned(lease, sweep.tick), due_if_owned(lease, sweep.next_at), clock),
        Loop("writer", owned(lease, write), due_if_owned(lease, reconcile.next_at), clock),
        Loop("findings", owned(lease, findings.tick), due_if_owned(lease, findings.next_at), clock),
        Loop("patrol", owned(lease, patrol.tick), due_if_owned(lease, patrol.next_at), clock),
        Loop("subscriptions", owned(lease, subscription_file.tick), subscription_file.next_at, clock),
        Loop("recovery", recovery.tick, recovery.next_at, clock),
        Loop("proposals", owned(lease, proposal_cards.tick), due_if_owned(lease, proposal_cards.next_at), clock),
        Loop("approved", owned(lease, approved.tick), approved.next_at, clock),
        Loop("waiting", owned(lease, waiting.tick), due_if_owned(lease, waiting.next_at), clock),
        Loop("reminders", owned(lease, reminders.tick), due_if_owned(lease, reminders.next_at), clock),
        Loop("housekeeping", owned(lease, housekeeping.tick), housekeeping.next_at, clock),
        Loop("upkeep", owned(lease, upkeep.tick), upkeep.next_at, clock),
        Loop("clock", timekeeper.tick, timekeeper.next_at, clock),
        *([Loop("origins", origins.tick, origins.next_at, clock)] if origins else []),
        *([Loop("lease", lease.tick, lease.next_at, clock)] if isinstance(lease, Shared) else []),
    )
    wakes.loops.update({loop.name: loop for loop in loops})
    return Bot(
        front,
        loops,
        slack,
        client,
        store,
        runner,
        recovery,
        inbox,
        sweep,
        reconcile,
        replies,
        patrol,
        subscription_file,
        findings,
        proposal_cards,
        approved,
        upkeep,
        waiting,
        reminders,
        identity,
        lease,
        wakes.line,
        link,
        figures(page, token),
        origins,
    )


def _seat(
    settings: Settings, store: Store, wakes: Wakes, replica: str, clock: Clock
) -> tuple[Lease, Transactions]:
    """Whether this replica writes to the workspace, and the store as the writer may use it."""
    if not settings.postgresql:
        return Alone(), store
    line = wakes.line = Line(store.url, wakes.heard)
    lease = Shared(
        WRITER, replica, store, line, clock, lambda: wakes.heard("sweep writer recovery proposals approved")
    )
    wakes.alone = lease.mine
    return lease, Fenced(store, lease)


async def measured(metrics: Metrics, condition: Condition, lease: Lease) -> bytes:
    """The page for Prometheus; while the database does not answer, without what stands there."""
    with suppress(Unavailable):
        metrics.look(await condition.status(), writer=lease.mine())
    return metrics.page()


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


def _receiver(
    settings: Settings, keeper: Keeper, clock: Clock, metrics: Metrics, origins: Origins | None
) -> ASGIApp | None:
    if settings.buildkite_webhook_token is None:
        return None
    secret = settings.buildkite_webhook_token.get_secret_value()
    receiver = Receiver(secret, settings.buildkite_webhook_mode, keeper.keep, clock, metrics)
    return Gate(receiver, origins, metrics) if origins else receiver


def _slack(settings: Settings, app: AsyncApp, secret: str, clock: Clock) -> ASGIApp | None:
    if settings.socket_mode:
        return None
    handler = AsyncSlackRequestHandler(app)

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handler.handle(Request(scope, receive))
        await response(scope, receive, send)

    return Guard(handle, secret, clock)
