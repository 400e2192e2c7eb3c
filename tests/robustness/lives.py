"""A town that outlives the bot: both vendors go on while the bot dies after any commit and is started again."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from bot.app.build import Bot, build_bot
from bot.runtime.clock import ManualClock
from bot.settings import load_settings
from simulators.buildkite.seed_demo import seed_demo
from simulators.buildkite.sim import BuildkiteSim
from simulators.http_server import Serving
from simulators.slack.sim import SlackSim
from tests.conversations.world import SIGNING_SECRET, START, WEBHOOK_SECRET, World, environment, people


class Crash(BaseException):
    """The process is gone: nothing in it may go on."""


class PassingClock(ManualClock):
    """Whoever sleeps finds at once that the time has passed."""

    async def sleep(self, seconds: float) -> None:
        self.advance(max(seconds, 0))


class Wire:
    """Carries requests to a vendor; cut, it resets every connection, as for a process that is gone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.cut = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.cut or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        assert transport is not None, "This server gives no way to reset a connection."
        transport.abort()
        await receive()


@dataclass
class Lives:
    """The bot's lives. What the first one wrote up to its death is all that the next one finds."""

    folder: Path
    world: World
    wires: tuple[Wire, Wire]
    die_after: int | None = None
    number: int = 1
    commits: int = 0
    dead: bool = False
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    before: set[asyncio.Task[object]] = field(default_factory=set)
    more: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """Where this life keeps its database."""
        return self.folder / f"life-{self.number}"

    def committed(self, number: int) -> None:
        """Called after each commit: after the chosen one the process ends, with the files as they are."""
        if self.dead:
            raise Crash
        self.commits = number
        if number == self.die_after:
            self.die()
            raise Crash

    def die(self) -> None:
        """The wires fall silent, and whatever is written from now on is written to a file that nobody reads."""
        self.dead, self.die_after = True, None
        for wire in self.wires:
            wire.cut = True
        after = self.folder / f"life-{self.number + 1}"
        after.mkdir(parents=True)
        for name in ("kitestring.db", "kitestring.db-wal", "kitestring.db.key"):
            if (self.home / name).exists():
                shutil.copy(self.home / name, after / name)

    async def born(self) -> None:
        """Start as `serve` does: whatever was under way is looked after first."""
        self.dead = False
        self.home.mkdir(parents=True, exist_ok=True)
        self.before = asyncio.all_tasks()
        world = self.world
        world.settings = load_settings(environment(world.slack, world.buildkite, self.home) | self.more)
        world.bot = await self.stack.enter_async_context(
            build_bot(world.settings, world.clock, committed=self.committed)
        )
        await world.bot.recovery.begin()
        others = asyncio.all_tasks()
        address = await self.stack.enter_async_context(Serving(world.bot.web))
        self.before |= asyncio.all_tasks() - others  # the server's own: it ends them itself
        world.slack.request_url = f"{address}/slack/events"
        for webhook in world.buildkite.hooks.webhooks:
            webhook.url = f"{address}/buildkite/webhooks"

    async def buried(self) -> None:
        """Nothing of the process is left."""
        gone = asyncio.all_tasks() - self.before - {asyncio.current_task()}
        for task in gone:
            task.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        await self.stack.aclose()
        self.stack = AsyncExitStack()

    async def through(self, act: Callable[[World], Awaitable[object]]) -> None:
        """Let something happen; if the bot dies of it, start it again, and let Slack repeat what it repeats."""
        if self.world.bot is None:
            await self.begun()
        try:
            await act(self.world)
        except Crash:
            assert self.dead, "Only a death may end an act."
        while self.dead:
            await self.reborn()

    async def begun(self) -> None:
        """The first start."""
        try:
            await self.born()
        except Crash:
            await self.reborn()

    async def reborn(self) -> None:
        """The process manager starts it again; Slack delivers once more what was not acknowledged."""
        await self.buried()
        self.number += 1
        for wire in self.wires:
            wire.cut = False
        try:
            await self.born()
            for event in self.world.slack.undelivered:
                await self.world.slack.redeliver(event)
            await settled(self.world)
        except Crash:
            assert self.dead, "Only a death may end a start."


async def settled(world: World, within: float = 30) -> None:
    """Everything that is due within so many seconds happens, each thing at its time."""
    horizon = world.clock.monotonic() + within
    while True:
        while await world.turn():
            continue
        left = horizon - world.clock.monotonic()
        if left <= 0:
            return
        world.clock.advance(min(max(await _until_next(world), 0.25), left))
        world.buildkite.tick()


async def _until_next(world: World) -> float:
    """Seconds until something is due, at the bot or under way from Buildkite."""
    bot: Bot = world.bot
    due = [await part.next_at() for part in (bot.inbox, bot.poller, bot.card_publisher, bot.reply_publisher, bot.recovery)]
    waits = [(when - world.clock.now()).total_seconds() for when in due if when]
    return min([*waits, *(item.due - world.buildkite.now() for item in world.buildkite.outbox)], default=60.0)


@asynccontextmanager
async def town(
    folder: Path, *, die_after: int | None = None, webhooks: bool = True, policy: Path | None = None
) -> AsyncIterator[Lives]:
    """Both vendors behind their wires, people, and a bot that is started by the first act."""
    clock = PassingClock(START)

    def vendors_time() -> float:
        """Nobody sets the vendors' clocks when the bot's is set."""
        return START.timestamp() + clock.monotonic()

    slack = SlackSim(signing_secret=SIGNING_SECRET, now=vendors_time)
    buildkite = BuildkiteSim(now=vendors_time)
    seed_demo(buildkite)
    alice, bob, gwen = people(slack)
    deploys = slack.channel("C0DEPLOYS", "deploys")
    wires = Wire(slack.app), Wire(buildkite.app)
    async with AsyncExitStack() as stack:
        slack.base_url = await stack.enter_async_context(Serving(wires[0]))
        buildkite.base_url = await stack.enter_async_context(Serving(wires[1]))
        if webhooks:
            buildkite.add_webhook("", WEBHOOK_SECRET)
        world = World(slack, buildkite, None, clock, None, alice, bob, gwen, deploys)  # type: ignore[arg-type]
        more = {"KITESTRING_POLICY": str(policy)} if policy else {}
        lives = Lives(folder, world, wires, die_after, more=more)
        try:
            yield lives
        finally:
            await lives.buried()
