"""Runs a world that outlives the bot: the vendors continue while it dies after any commit and is restarted."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.fernet import Fernet
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.app.bot import build_bot
from bot.errors import Unavailable
from bot.runtime.clock import ManualClock
from bot.runtime.loop import LoopName
from bot.settings import load_settings
from simulators.http_server import Serving
from tests.conversations.ready_database import copy_ready_database
from tests.conversations.world import (
    START,
    WEBHOOK_SECRET,
    World,
    add_people,
    make_buildkite,
    make_environment,
    make_slack,
)
from tests.robustness.database_wire import DatabaseWire


class Crash(BaseException):
    """The process has ended: nothing in it may run on."""


class PassingClock(ManualClock):
    """A clock on which every sleep ends at once, with the time passed."""

    async def sleep(self, seconds: float) -> None:
        self.advance(max(seconds, 0))


class Wire:
    """Carries requests to a vendor; once cut, it resets every connection, as if the process were gone."""

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
    """The lives of the bot: each starts from what the previous one had written when it died."""

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
    database: DatabaseWire | None = None

    @property
    def home(self) -> Path:
        """The folder of this life's database."""
        return self.folder / f"life-{self.number}"

    @property
    def _all_wires(self) -> list[Wire | DatabaseWire]:
        return [*self.wires, *([self.database] if self.database else [])]

    def on_commit(self, number: int) -> None:
        """End the process after the chosen commit, leaving the files as they are."""
        if self.dead:
            raise Crash
        self.commits = number
        if number == self.die_after:
            self.die()
            raise Crash

    def die(self) -> None:
        """Cut the wires and copy the files: what this life writes from now on is never read."""
        self.dead, self.die_after = True, None
        for wire in self._all_wires:
            wire.cut = True
        after = self.folder / f"life-{self.number + 1}"
        after.mkdir(parents=True)
        for name in ("kitestring.db", "kitestring.db-wal", "kitestring.db.key"):
            if (self.home / name).exists():
                shutil.copy(self.home / name, after / name)

    async def start_bot(self) -> None:
        """Start the bot as `serve` does, beginning with the recovery of interrupted invocations."""
        self.dead = False
        self.home.mkdir(parents=True, exist_ok=True)
        await copy_ready_database(self.home / "kitestring.db")
        self.before = asyncio.all_tasks()
        world = self.world
        world.settings = load_settings(make_environment(world.slack, world.buildkite, self.home) | self.more)
        world.bot = await self.stack.enter_async_context(
            build_bot(world.settings, world.clock, committed=self.on_commit)
        )
        world.ticked.clear()
        await world.bot.workspace.maintenance.recovery.begin()
        others = asyncio.all_tasks()
        address = await self.stack.enter_async_context(Serving(world.bot.endpoints.web))
        self.before |= asyncio.all_tasks() - others  # the server's own: it ends them itself
        world.slack.request_url = f"{address}/slack/events"
        for webhook in world.buildkite.hooks.webhooks:
            webhook.url = f"{address}/buildkite/webhooks"

    async def bury(self) -> None:
        """Cancel everything that is left of the process."""
        tasks = asyncio.all_tasks() - self.before - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.stack.aclose()
        self.stack = AsyncExitStack()

    async def play(self, act: Callable[[World], Awaitable[object]]) -> None:
        """Run `act`; if the bot dies, restart it, and let Slack repeat what wasn't acknowledged."""
        if self.world.bot is None:
            await self.start_first_life()
        try:
            await act(self.world)
        except (Crash, Unavailable):  # a dead process finds its database gone
            assert self.dead, "Only a death may end an act."
        while self.dead:
            await self.restart()

    async def start_first_life(self) -> None:
        """Start the bot for the first time."""
        try:
            await self.start_bot()
        except Crash:
            await self.restart()

    async def restart(self) -> None:
        """Start the bot again, as a process manager would, and let Slack repeat what wasn't acknowledged."""
        await self.bury()
        self.number += 1
        for wire in self._all_wires:
            wire.cut = False
        if self.database:
            await self.database.expire_leases()
        try:
            await self.start_bot()
            for event in self.world.slack.undelivered:
                await self.world.slack.redeliver(event)
            await settle(self.world)
        except (Crash, Unavailable):
            assert self.dead, "Only a death may end a start."


async def settle(world: World, within: float = 30, idle: dict[LoopName, datetime] | None = None) -> None:
    """Let everything happen that is due within this many seconds, each thing at its time.

    `idle` remembers between calls when each loop has something to do next.
    """
    horizon = world.clock.monotonic() + within
    idle = {} if idle is None else idle
    while True:
        while await world.tick_due_loops(idle):
            continue
        left = horizon - world.clock.monotonic()
        if left <= 0:
            return
        world.clock.advance(min(max(_seconds_until_next(world, idle), 0.25), left))
        world.buildkite.tick()


def _seconds_until_next(world: World, idle: Mapping[LoopName, datetime]) -> float:
    """Return the seconds until something is due, in the bot or on its way from Buildkite."""
    waits = [(due - world.clock.now()).total_seconds() for due in idle.values()]
    return min([*waits, *(item.due - world.buildkite.now() for item in world.buildkite.outbox)])


@asynccontextmanager
async def open_town(
    folder: Path,
    *,
    die_after: int | None = None,
    webhooks: bool = True,
    policy: Path | None = None,
    database: DatabaseWire | None = None,
) -> AsyncIterator[Lives]:
    """Run both vendors behind their wires; the first act starts the bot, on SQLite unless a database is given."""
    clock = PassingClock(START)

    def vendors_time() -> float:
        """Return the vendors' time, which doesn't jump when the bot's clock is set."""
        return START.timestamp() + clock.monotonic()

    slack = make_slack(vendors_time)
    buildkite = make_buildkite(vendors_time)
    alice, bob, gwen = add_people(slack)
    deploys = slack.channel("C0DEPLOYS", "deploys")
    wires = Wire(slack.app), Wire(buildkite.app)
    async with AsyncExitStack() as stack:
        slack.base_url = await stack.enter_async_context(Serving(wires[0]))
        buildkite.base_url = await stack.enter_async_context(Serving(wires[1]))
        if webhooks:
            buildkite.add_webhook("", WEBHOOK_SECRET)
        world = World(slack, buildkite, None, clock, None, alice, bob, gwen, deploys)  # type: ignore[arg-type]
        world.idle_seconds = 300  # stories last for hours
        more = {"KITESTRING_POLICY": str(policy)} if policy else {}
        if database:
            url = database.url.render_as_string(hide_password=False)
            more |= {"DATABASE_URL": url, "KITESTRING_SECRET_KEY": Fernet.generate_key().decode()}
        lives = Lives(folder, world, wires, die_after, more=more, database=database)
        try:
            yield lives
        finally:
            await lives.bury()
