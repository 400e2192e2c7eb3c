"""Fixtures that run operations with a context against a simulated Buildkite over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.access.accounts.service import BuildkiteAccess
from bot.access.api_tokens.agent_switch import AgentSwitch
from bot.access.api_tokens.token_records import TokenRecords
from bot.access.audit_log import AuditLog
from bot.access.locks.service import LockService
from bot.access.policy.decide import DEFAULT
from bot.access.policy.service import PolicyService
from bot.buildkite.catalog import Catalog
from bot.buildkite.client import Buildkite, connect
from bot.buildkite.naming import MayName
from bot.buildkite.webhook_registration import OwnWebhook
from bot.builds.model import TrackedBuild
from bot.errors import NotFound
from bot.execution.aliases import Aliases
from bot.execution.bot_status import StatusService
from bot.execution.context import Caller
from bot.execution.context_factory import ContextFactory
from bot.execution.services import BotServices, ChannelServices, PersonServices
from bot.history.report_data import ReportData
from bot.notifications.agent_watches.service import AgentWatches
from bot.notifications.direct.service import DirectMessageService
from bot.notifications.subscriptions.service import SubscriptionService
from bot.operations.acts.model import Act
from bot.operations.grammar import parse
from bot.operations.operation import Args, Operation
from bot.operations.registry import Registry
from bot.operations.reply import Reply
from bot.operations.validation import validate
from bot.runtime.clock import ManualClock
from bot.slack.blockkit.mrkdwn import Mrkdwn
from bot.slack.types import Actor, Standing, Thread
from bot.store.transactions import Store
from commands import registry
from simulators.buildkite.seed_demo import seed_demo
from simulators.buildkite.sim import BuildkiteSim
from simulators.http_server import Serving

CHANNEL = Thread("T1", "C1")
THREAD = Thread("T1", "C1", "1.0")


class QuickClock(ManualClock):
    """A clock whose sleepers wake immediately, at the time they asked for."""

    async def sleep(self, seconds: float) -> None:
        self.advance(max(seconds, 0))


@dataclass
class Cards:
    """The builds that have a card in the thread `THREAD`, and those in its channel."""

    thread: list[TrackedBuild] = field(default_factory=list)
    channel: list[TrackedBuild] = field(default_factory=list)

    async def find_in_thread(self, thread: Thread) -> tuple[TrackedBuild, ...]:
        return tuple(self.thread) if thread.ts else ()

    async def find_with_card_in_thread(self, thread: Thread) -> tuple[TrackedBuild, ...]:
        return await self.find_in_thread(thread)

    async def find_in_channel(self, channel: str) -> tuple[TrackedBuild, ...]:
        return tuple(self.channel) if channel == CHANNEL.channel else ()


@dataclass
class Bench:
    """Runs commands as a person would: text in, reply out."""

    registry: Registry
    caller: Caller
    access: BuildkiteAccess
    services: tuple[object, ...]
    clock: ManualClock
    cards: Cards
    sim: BuildkiteSim

    async def track(self, pipeline: str, number: int) -> TrackedBuild:
        build = await self.access.buildkite.build(pipeline, number)
        return TrackedBuild(build, self.clock.now())

    async def follow(self, pipeline: str, number: int) -> None:
        """Put the build's card into the thread."""
        self.cards.thread.insert(0, await self.track(pipeline, number))

    def at(self, thread: Thread) -> "Bench":
        return replace(self, caller=replace(self.caller, thread=thread))

    def with_service(self, service: object) -> "Bench":
        """Return a bench with another group of services instead of that of the same class."""
        return replace(self, services=tuple(service if type(s) is type(service) else s for s in self.services))

    def build_context(self, op: Operation) -> object:
        return ContextFactory([op], self.services).build(op, self.caller, self.access)

    async def pin(self, text: str) -> tuple[Operation, Args]:
        """Parse, validate and pin a command."""
        call = parse(text, self.registry)
        op = self.registry[call.operation]
        args = validate(op, call.args)
        return op, await op.pin(args, self.build_context(op)) if op.pin else args

    async def ask(self, text: str) -> Reply:
        op, args = await self.pin(text)
        return await op.run(args, self.build_context(op))

    async def question(self, text: str) -> str | None:
        op, args = await self.pin(text)
        return await op.confirm(args, self.build_context(op)) if op.confirm else None

    async def probe(self, text: str) -> Reply | None:
        op, args = await self.pin(text)
        assert op.probe is not None
        return await op.probe(args, self.build_context(op))


async def _open_direct(user: str) -> Thread:
    return Thread("T1", f"D{user}")


async def _direct_thread(team: str, user: str) -> Thread:
    return Thread(team, f"D{user}")


async def _is_postable(_thread: Thread) -> bool:
    return True


async def _no_email(_user: str) -> str | None:
    return None


class NoApprovals:
    """Approvals without any proposal."""

    async def vote(self, ctx: object, proposal_id: str, *, approves: bool) -> Mrkdwn:
        raise NotFound(f"{proposal_id} is unknown to {ctx} ({approves}).")

    async def withdraw(self, ctx: object, proposal_id: str) -> Mrkdwn:
        raise NotFound(f"{proposal_id} is unknown to {ctx}.")


class NoDefaultPipeline:
    """Channel defaults without any default."""

    async def find(self, _thread: Thread) -> None:
        return None

    async def find_for_person(self, _thread: Thread, _may_name: MayName) -> None:
        return None


class NoActs:
    """Acts of people who haven't done anything yet."""

    async def find_last(self, _operations: object, _about: str) -> None:
        return None

    async def find_last_of_each(self, _operations: object, _abouts: object) -> dict[str, Act]:
        return {}

    async def describe_last(self, _operations: object, _about: str) -> Mrkdwn:
        return Mrkdwn("")


class NoChannelAccess:
    """Channels that nobody asks about."""


class NoApiTokens:
    """API tokens that nobody presents."""


class NoAccounts:
    """Accounts without any connected token."""

    async def find(self, _team: str, _user: str) -> None:
        return None


@pytest.fixture
def clock() -> ManualClock:
    return QuickClock(datetime(2026, 8, 21, 12, 0, tzinfo=UTC))


@pytest.fixture
def sim(clock: ManualClock) -> BuildkiteSim:
    sim = BuildkiteSim(now=lambda: clock.now().timestamp())
    sim.base_url = "https://buildkite.com"  # what links show; requests go to where it is served
    seed_demo(sim)
    return sim


@pytest.fixture
async def buildkite(sim: BuildkiteSim, clock: ManualClock) -> AsyncIterator[Buildkite]:
    async with (
        Serving(sim.app) as endpoint,
        connect(sim.token, sim.org, endpoint=endpoint, clock=clock) as client,
    ):
        yield client


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = Store(f"sqlite+aiosqlite:///{tmp_path}/kitestring.db")
    yield opened
    await opened.close()


@pytest.fixture
def bench(sim: BuildkiteSim, buildkite: Buildkite, clock: ManualClock, store: Store) -> Bench:
    ada = Actor("U1", "Ada Martin", "T1", Standing.MEMBER, "C1", "mention", email="ada@example.com")
    cards, operations = Cards(), registry()
    locks = LockService(store, clock, _open_direct, lambda: None)
    services = (
        ChannelServices(
            tracked_builds=cards,
            subscriptions=SubscriptionService(store, clock, _is_postable, _no_email, lambda: None),
            agent_watches=AgentWatches(store, clock),
            default_pipelines=NoDefaultPipeline(),
            channel_access=NoChannelAccess(),
        ),
        PersonServices(
            accounts=NoAccounts(),
            aliases=Aliases(store, clock),
            direct_messages=DirectMessageService(store, clock, _direct_thread, dict, lambda: None),
            locks=locks,
            approvals=NoApprovals(),
            audit_log=AuditLog(store),
            acts=NoActs(),
            policy=PolicyService(lambda: DEFAULT, operations, locks, clock),
            api_tokens=NoApiTokens(),
            token_records=TokenRecords(store, clock, "T1"),
            agents=AgentSwitch(store, "/bk"),
        ),
        BotServices(
            registry=operations,
            clock=clock,
            status=StatusService(store, clock, buildkite.budget, "r1", None),
            reports=ReportData(store, clock),
            agent_api=None,
            allowlist=None,
            webhook=OwnWebhook(None, None, "signature"),
        ),
    )
    caller = Caller(ada, THREAD, "m1", instance="bot-1")
    access = BuildkiteAccess(buildkite, Catalog(buildkite, clock).for_person(lambda *_: True))
    return Bench(operations, caller, access, services, clock, cards, sim)
