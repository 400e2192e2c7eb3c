"""Puts everything together: the only place that builds the bot."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
from slack_sdk.web.async_client import AsyncWebClient

from bot.access.policy.policy_file import Policy
from bot.app.dependencies import Dependencies, build_dependencies
from bot.app.endpoints import Endpoints, build_endpoints
from bot.app.interaction import Interaction, build_interaction
from bot.app.maintenance import Maintenance, build_maintenance
from bot.app.publishers import Publishers, build_publishers
from bot.buildkite.agent_api import AgentApi, PacedAgentApi
from bot.buildkite.client import connect
from bot.builds.ingest.inbox import FEW
from bot.runtime.clock import Clock
from bot.runtime.loop import Loop, Ticking
from bot.settings import Settings
from bot.slack.session import session
from bot.slack.web_client import SlackClient
from bot.store.leader import ElectedLeader, due_if_owned, owned
from bot.store.migrate import check, upgrade
from bot.store.transactions import Store, nothing

SLACK_SECONDS = 10.0
# What is heard is shown first; what else follows from it comes so many seconds later.
BREATH = 0.1
# What follows at once is read and shown together so many seconds later: one by one costs many times as much.
REST = 0.1
# So many webhooks are read before the loop looks whether it is to stop.
AT_ONCE = 5000
Due = Callable[[], Awaitable[datetime | None]]


@dataclass
class Bot(Dependencies, Interaction, Publishers, Maintenance, Endpoints):
    """The bot, built but not running: `web` answers HTTP, `loops` do the rest, `bolt` takes what Slack sends."""

    loops: tuple[Loop, ...] = ()


@asynccontextmanager
async def build_bot(
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
        await (upgrade(url) if migrate else check(url))
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
        agents = await _agent_api(stack, settings, clock)
        slack = SlackClient(client, connections)
        on = await build_dependencies(settings, clock, policy, store, client, slack, buildkite, agents)
        if on.line:
            stack.push_async_callback(on.line.close)
        yield _assembled(on)


async def _agent_api(stack: AsyncExitStack, settings: Settings, clock: Clock) -> AgentApi | None:
    """The Agent API with connections of its own, where there is a token for it."""
    if settings.buildkite_agent_token is None:
        return None
    http = await stack.enter_async_context(httpx.AsyncClient())
    token = settings.buildkite_agent_token.get_secret_value()
    return PacedAgentApi(http, token, settings.buildkite_agent_endpoint, clock=clock)


def _assembled(on: Dependencies) -> Bot:
    asked = build_interaction(on)
    parts = (on, asked, build_publishers(on, asked), build_maintenance(on, asked), build_endpoints(on, asked))
    bot = Bot(**{name: value for part in parts for name, value in vars(part).items()})
    bot.loops = _loops(bot)
    bot.wakes.loops.update({loop.name: loop for loop in bot.loops})
    return bot


def _loops(bot: Bot) -> tuple[Loop, ...]:
    """What ticks: everywhere, or only where this replica writes to the workspace."""

    async def read() -> int:
        """All that has come; what comes meanwhile is read together by the next tick."""
        done = last = await bot.inbox.tick()
        while last >= FEW and done < AT_ONCE:
            last = await bot.inbox.tick()
            done += last
        return done

    async def write() -> int:
        """Cards first; what is said below them waits for no card after that."""
        done = await bot.reconcile.tick()
        bot.wakes.heard("replies")
        return done

    def alone(
        name: str, ticking: Ticking, breath: float = BREATH, tick: Callable[[], Awaitable[int]] | None = None
    ) -> Loop:
        due = due_if_owned(bot.lease, ticking.next_at)
        return Loop(name, owned(bot.lease, tick or ticking.tick), due, bot.clock, breath, 0 if breath else REST)

    def anywhere(name: str, ticking: Ticking) -> Loop:
        return Loop(name, ticking.tick, ticking.next_at, bot.clock)

    return (
        Loop("inbox", read, bot.inbox.next_at, bot.clock, rest=REST),
        alone("sweep", bot.sweep),
        alone("writer", bot.reconcile, 0, write),
        alone("replies", bot.replies, 0),
        alone("findings", bot.findings),
        alone("patrol", bot.patrol),
        alone("subscriptions", bot.subscription_file),
        anywhere("recovery", bot.recovery),
        alone("proposals", bot.proposal_cards),
        alone("approved", bot.approved),
        alone("waiting", bot.waiting),
        alone("reminders", bot.reminders),
        alone("home", bot.homes),
        alone("housekeeping", bot.housekeeping),
        alone("upkeep", bot.upkeep),
        anywhere("clock", bot.timekeeper),
        *([anywhere("origins", bot.origins)] if bot.origins else []),
        *([anywhere("lease", bot.lease)] if isinstance(bot.lease, ElectedLeader) else []),
    )
