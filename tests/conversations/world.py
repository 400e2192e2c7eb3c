"""The world of a conversation, and how time passes in it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.app.bot import Bot, build_bot
from bot.runtime.clock import ManualClock
from bot.runtime.loop import IDLE_SECONDS, Loop, LoopName
from bot.settings import Settings, load_settings
from bot.store.transactions import ignore_commit
from commands import registry
from simulators.buildkite.seed_demo import seed_demo
from simulators.buildkite.sim import BuildkiteSim
from simulators.http_server import Serving
from simulators.slack.models import Channel, Message
from simulators.slack.person import Person
from simulators.slack.sim import SlackSim
from tests.conversations.ready_database import copy_ready_database
from tests.conversations.results import ResultWatch

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
_DATE = re.compile(r"<!date\^[^|>]*\|([^>]*)>")
WEBHOOK_SECRET = "whsec-made-up-for-tests"
# Real seconds after which something hangs: a busy machine may take long for what is usually done at once.
HANGING_SECONDS = 300.0
SIGNING_SECRET = "0123456789abcdef0123456789abcdef"


@dataclass
class World:
    """Both vendors, the bot, the clock and the people."""

    slack: SlackSim
    buildkite: BuildkiteSim
    bot: Bot
    clock: ManualClock
    settings: Settings
    alice: Person
    bob: Person
    gwen: Person
    deploys: Channel
    notes: list[str] = field(default_factory=list)
    ticked: dict[LoopName, datetime] = field(default_factory=dict)
    idle_seconds: float = IDLE_SECONDS
    results: ResultWatch = field(default_factory=ResultWatch)

    async def settle(self, within: float = 30, step: float = 0.5) -> None:
        """Let everything happen that is due within this many seconds: deliveries, reads, cards, replies.

        Time passes in steps. Loops tick in those in which something is due, or else as often as idle loops do.
        """
        passed = 0.0
        idle: dict[LoopName, datetime] = {}
        self.ticked.pop(LoopName.SUBSCRIPTION_FILE, None)  # nothing announces that a test changed the file
        while True:
            if await self.tick_due_loops(idle):
                continue
            due = min(idle.values())
            while passed < within:
                self.clock.advance(step)
                self.buildkite.tick()
                passed += step
                if self.clock.now() >= due or self._is_delivery_due():
                    break
            else:
                return

    async def tick_due_loops(self, idle: dict[LoopName, datetime]) -> int:
        """Let loops tick that were woken, have something due or were idle for long; return how much they did.

        As in the process, a loop that did nothing is asked when something is due, and then waits for that time or
        until it's woken. `idle` holds those times.
        """
        commits, done = self.bot.platform.store.commits, await self.bot.drain()
        done += len(await self.buildkite.deliver())
        for loop in self.bot.loops:
            if await self._is_due(loop, idle):
                self.ticked[loop.name] = self.clock.now()
                work = await loop.tick()
                idle[loop.name] = self.clock.now() if work else await self._find_due_time(loop)
                done += work
        return done + self.bot.platform.store.commits - commits

    async def _is_due(self, loop: Loop, idle: dict[LoopName, datetime]) -> bool:
        if loop.is_woken or loop.name not in self.ticked:
            return True
        if loop.name not in idle:
            idle[loop.name] = await self._find_due_time(loop)
        return idle[loop.name] <= self.clock.now()

    async def _find_due_time(self, loop: Loop) -> datetime:
        latest = self.ticked[loop.name] + timedelta(seconds=self.idle_seconds)
        return min(await loop.next_at() or latest, latest)

    def _is_delivery_due(self) -> bool:
        return any(delivery.due <= self.buildkite.now() for delivery in self.buildkite.outbox)

    async def turn(self) -> int:
        """Let each of the process's loops tick once, in its order; return how much they did."""
        done = await self.bot.drain()
        done += len(await self.buildkite.deliver())
        for loop in self.bot.loops:
            self.ticked[loop.name] = self.clock.now()
            done += await loop.tick()
        return done

    def card(self, channel: Channel | None = None) -> Message:
        """Return the bot's newest message in a channel."""
        return self.slack.messages(channel or self.deploys)[-1]

    def replies(self, card: Message) -> list[str]:
        """Return the replies to a message, as people read them."""
        return [format_message(reply) for reply in self.slack.thread(card.channel, card)[1:]]

    def whispers(self, person: Person) -> list[str]:
        """Return what only that person sees."""
        return [format_message(message) for message in self.slack.ephemerals(person)]

    def transcript(self, channel: Channel | None = None) -> str:
        """Return everything that can be read in a channel, or in all, with private messages marked."""
        return _DATE.sub(r"\1", self.slack.transcript(channel))


def format_message(message: Message) -> str:
    """Return a message as people read it, with dates as plain text."""
    return _DATE.sub(r"\1", message.plain())


def make_environment(slack: SlackSim, buildkite: BuildkiteSim, folder: Path) -> dict[str, str]:
    """Return the bot's settings, pointed at the simulators."""
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "SLACK_API_URL": f"{slack.base_url}/api/",
        "BUILDKITE_API_TOKEN": buildkite.token,
        "BUILDKITE_ORGANIZATION_SLUG": buildkite.org,
        "BUILDKITE_REST_API_ENDPOINT": buildkite.base_url,
        "BUILDKITE_WEBHOOK_TOKEN": WEBHOOK_SECRET,
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'kitestring.db'}",
    }


def make_agent_environment(buildkite: BuildkiteSim) -> dict[str, str]:
    """Return the settings for the Agent API."""
    return {
        "BUILDKITE_AGENT_TOKEN": buildkite.agent_token,
        "BUILDKITE_AGENT_ENDPOINT": f"{buildkite.base_url}/v3",
    }


def make_slack(now: Callable[[], float]) -> SlackSim:
    """Return a Slack that waits for answers as long as a busy machine may need, not just 3 seconds."""
    slack = SlackSim(signing_secret=SIGNING_SECRET, now=now)
    slack.patience = HANGING_SECONDS
    return slack


def make_buildkite(now: Callable[[], float]) -> BuildkiteSim:
    """Return a Buildkite with pipelines and agents, which waits as long for answers."""
    buildkite = BuildkiteSim(now=now)
    buildkite.hooks.patience = HANGING_SECONDS
    seed_demo(buildkite)
    return buildkite


def add_people(slack: SlackSim) -> tuple[Person, Person, Person]:
    """Add an admin, a member and a guest."""
    return (
        slack.person("U0ALICE01", "alice", "alice@acme.example", admin=True),
        slack.person("U0BOB0001", "bob", "bob@acme.example"),
        slack.person("U0GWEN001", "gwen", "gwen@partner.example", guest="restricted"),
    )


@asynccontextmanager
async def open_world(
    folder: Path,
    *,
    committed: Callable[[int], None] = ignore_commit,
    webhooks: bool = True,
    policy: Path | None = None,
    subscriptions: Path | None = None,
    agents: bool = False,
    allowlist: str = "off",
    more: Mapping[str, str] | None = None,
) -> AsyncIterator[World]:
    """Provide a world with everything running in this process, over real HTTP on loopback.

    `agents`: the bot has an agent token. `allowlist`: where it accepts webhooks from. `more`: further settings.
    """
    clock = ManualClock(START)
    slack = make_slack(lambda: clock.now().timestamp())
    buildkite = make_buildkite(lambda: clock.now().timestamp())
    alice, bob, gwen = add_people(slack)
    deploys = slack.channel("C0DEPLOYS", "deploys")
    async with AsyncExitStack() as stack:
        slack.base_url = await stack.enter_async_context(Serving(slack.app))
        buildkite.base_url = await stack.enter_async_context(Serving(buildkite.app))
        environment = make_environment(slack, buildkite, folder) | {"BUILDKITE_WEBHOOK_ALLOWLIST": allowlist}
        environment |= (make_agent_environment(buildkite) if agents else {}) | dict(more or {})
        files = {"KITESTRING_POLICY": policy, "KITESTRING_SUBSCRIPTIONS": subscriptions}
        settings = load_settings(environment | {name: str(path) for name, path in files.items() if path})
        await copy_ready_database(folder / "kitestring.db")
        results = ResultWatch()
        operations = results.watch(registry())
        bot = await stack.enter_async_context(
            build_bot(settings, clock, committed=committed, operations=operations)
        )
        address = await stack.enter_async_context(Serving(bot.endpoints.web))
        slack.request_url = f"{address}/slack/events"
        if webhooks:
            buildkite.add_webhook(f"{address}/buildkite/webhooks", WEBHOOK_SECRET)
        yield World(slack, buildkite, bot, clock, settings, alice, bob, gwen, deploys, results=results)
        assert results.faults == [], results.faults
