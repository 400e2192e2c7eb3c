"""Builds a world with several bots: one database, one manual clock, and requests that reach any of them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from cryptography.fernet import Fernet
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.app.bot import Bot, build_bot
from bot.runtime.clock import ManualClock
from bot.runtime.loop import Loop, LoopName
from bot.settings import Settings, load_settings
from bot.store.leader import RENEW_SECONDS
from simulators.buildkite.sim import BuildkiteSim
from simulators.http_server import Serving
from simulators.slack.sim import SlackSim
from tests.conversations.world import (
    START,
    WEBHOOK_SECRET,
    World,
    add_people,
    make_buildkite,
    make_environment,
    make_slack,
)

_RENEWAL = timedelta(seconds=RENEW_SECONDS)


class InTurn:
    """A balancer: each request goes to the next bot."""

    def __init__(self, apps: list[ASGIApp]) -> None:
        self._apps = itertools.cycle(apps)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await next(self._apps)(scope, receive, send)


@dataclass
class Replicas(World):
    """A world in which all bots do at the same time what one bot does alone."""

    bots: list[Bot] = field(default_factory=list)
    hung: set[int] = field(default_factory=set)

    async def turn(self) -> int:
        """Run every loop once, of every bot that doesn't hang, at the same time."""
        working = [bot for number, bot in enumerate(self.bots) if number not in self.hung]
        done = sum(await asyncio.gather(*(bot.drain() for bot in working)))
        done += len(await self.buildkite.deliver())
        for together in zip(*(bot.loops for bot in working), strict=True):
            done += sum(await asyncio.gather(*(loop.tick() for loop in together)))
        return done

    async def tick_due_loops(self, idle: dict[LoopName, datetime]) -> int:
        """Let loops tick that are due in any bot, in all bots at the same time; return how much they did."""
        working = [bot for number, bot in enumerate(self.bots) if number not in self.hung]
        before, done = self._count_commits(), sum(await asyncio.gather(*(bot.drain() for bot in working)))
        done += len(await self.buildkite.deliver())
        for together in zip(*(bot.loops for bot in working), strict=True):
            if any([await self._is_due(loop, idle) for loop in together]):
                done += await self._tick_together(together, idle)
        return done + self._count_commits() - before

    async def _tick_together(self, loops: tuple[Loop, ...], idle: dict[LoopName, datetime]) -> int:
        name = loops[0].name
        self.ticked[name] = self.clock.now()
        work = sum(await asyncio.gather(*(loop.tick() for loop in loops)))
        idle[name] = self.clock.now() if work else min([await self._find_due_time(loop) for loop in loops])
        return work

    async def _find_due_time(self, loop: Loop) -> datetime:
        # Leases are renewed by the process's own clock, whatever else is due.
        is_leadership = loop.name is LoopName.LEADERSHIP
        return self.clock.now() + _RENEWAL if is_leadership else await super()._find_due_time(loop)

    def _count_commits(self) -> int:
        return sum(bot.platform.store.commits for bot in self.bots)

    @property
    def leaders(self) -> list[Bot]:
        """The bots that consider themselves the leader."""
        return [bot for bot in self.bots if bot.platform.leadership.is_leader()]


def shared_environment(database: sa.URL, slack: SlackSim, buildkite: BuildkiteSim, key: str) -> dict[str, str]:
    """Return the environment of every replica."""
    return {
        **make_environment(slack, buildkite, Path()),
        "DATABASE_URL": database.render_as_string(hide_password=False),
        "KITESTRING_SECRET_KEY": key,
    }


@asynccontextmanager
async def open_replicas(database: sa.URL, count: int) -> AsyncIterator[Replicas]:
    """Run both vendors and this many bots over real HTTP on loopback."""
    clock = ManualClock(START)
    slack = make_slack(lambda: clock.now().timestamp())
    buildkite = make_buildkite(lambda: clock.now().timestamp())
    alice, bob, gwen = add_people(slack)
    deploys = slack.channel("C0DEPLOYS", "deploys")
    async with AsyncExitStack() as stack:
        slack.base_url = await stack.enter_async_context(Serving(slack.app))
        buildkite.base_url = await stack.enter_async_context(Serving(buildkite.app))
        settings: Settings = load_settings(
            shared_environment(database, slack, buildkite, Fernet.generate_key().decode())
        )
        bots = [await stack.enter_async_context(build_bot(settings, clock)) for _ in range(count)]
        address = await stack.enter_async_context(Serving(InTurn([bot.endpoints.web for bot in bots])))
        slack.request_url = f"{address}/slack/events"
        buildkite.add_webhook(f"{address}/buildkite/webhooks", WEBHOOK_SECRET)
        yield Replicas(slack, buildkite, bots[0], clock, settings, alice, bob, gwen, deploys, bots=bots)
