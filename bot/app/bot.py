"""Builds the bot: the only place where all its parts meet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.access.policy.policy_file import Policy
from bot.app.clients import open_clients
from bot.app.dependencies import Dependencies, build_dependencies
from bot.app.endpoints import Endpoints, build_endpoints
from bot.app.interaction import Interaction, build_interaction
from bot.app.maintenance import Maintenance, build_maintenance
from bot.app.prometheus import BotMetrics, CounterMetric
from bot.app.publishers import Publishers, build_publishers
from bot.builds.ingest.inbox import BATCH_WHILE_WRITING
from bot.runtime.clock import Clock
from bot.runtime.loop import Loop, LoopName, Ticking
from bot.settings import Settings
from bot.store.leader import ElectedLeader, due_if_leader, run_if_leader
from bot.store.migrate import check_schema, upgrade
from bot.store.transactions import Store, ignore_commit

# Seconds that follow-up loops wait after a wake, so that the card of a change is updated before anything else.
FOLLOW_UP_DELAY = 0.1
# Seconds between two ticks of a loop: changes that arrive together are handled together, because handling them
# one at a time costs many times as much.
BATCH_INTERVAL = 0.1
# Deliveries that one tick of the inbox may read; between ticks the loop checks whether to stop.
MAX_DELIVERIES_PER_TICK = 5000
Due = Callable[[], Awaitable[datetime | None]]


@dataclass
class Bot(Dependencies, Interaction, Publishers, Maintenance, Endpoints):
    """The bot, built but not running: `web` answers HTTP, `bolt` handles Slack's requests, `loops` do the rest."""

    loops: tuple[Loop, ...] = ()


@asynccontextmanager
async def build_bot(
    settings: Settings, clock: Clock, *, migrate: bool = True, committed: Callable[[int], None] = ignore_commit
) -> AsyncIterator[Bot]:
    """Build the bot for these settings; everything it opened is closed at the end.

    Raise KitestringError if it can't start: the policy is wrong, a token is refused, the schema is too new.
    """
    policy = Policy(Path(settings.kitestring_policy) if settings.kitestring_policy else None, clock)
    url = settings.database_url.get_secret_value()
    async with AsyncExitStack() as stack:
        store = Store(url, on_commit=committed)
        stack.push_async_callback(store.close)
        await (upgrade(url) if migrate else check_schema(url))
        metrics = BotMetrics()
        count_limited = metrics.counter(CounterMetric.SLACK_LIMITED)
        clients = await stack.enter_async_context(open_clients(settings, clock, count_limited))
        deps = await build_dependencies(settings, clock, policy, store, clients, metrics)
        if deps.postgres_session:
            stack.push_async_callback(deps.postgres_session.close)
        yield _assemble(deps)


def _assemble(deps: Dependencies) -> Bot:
    interaction = build_interaction(deps)
    parts = (
        deps,
        interaction,
        build_publishers(deps, interaction),
        build_maintenance(deps, interaction),
        build_endpoints(deps, interaction),
    )
    bot = Bot(**{name: value for part in parts for name, value in vars(part).items()})
    bot.loops = _build_loops(bot)
    bot.wakeups.loops.update({loop.name: loop for loop in bot.loops})
    return bot


def _build_loops(bot: Bot) -> tuple[Loop, ...]:
    """Return the loops, those that write to Slack limited to the leader.

    Tests tick the same loops, in this order.
    """

    async def read() -> int:
        """Read all waiting deliveries; those that arrive meanwhile are read together by the next tick."""
        done = last = await bot.inbox.tick()
        while last >= BATCH_WHILE_WRITING and done < MAX_DELIVERIES_PER_TICK:
            last = await bot.inbox.tick()
            done += last
        return done

    async def write() -> int:
        """Update the cards, then wake the replies, which must not be posted before their card."""
        done = await bot.card_publisher.tick()
        bot.wakeups.wake_local(LoopName.REPLIES)
        return done

    def leader_loop(
        name: LoopName,
        ticking: Ticking,
        delay: float = FOLLOW_UP_DELAY,
        tick: Callable[[], Awaitable[int]] | None = None,
    ) -> Loop:
        due = due_if_leader(bot.leadership, ticking.next_at)
        return Loop(
            name,
            run_if_leader(bot.leadership, tick or ticking.tick),
            due,
            bot.clock,
            delay,
            0 if delay else BATCH_INTERVAL,
        )

    def replica_loop(name: LoopName, ticking: Ticking) -> Loop:
        return Loop(name, ticking.tick, ticking.next_at, bot.clock)

    return (
        Loop(LoopName.INBOX, read, bot.inbox.next_at, bot.clock, min_interval=BATCH_INTERVAL),
        leader_loop(LoopName.POLLER, bot.poller),
        leader_loop(LoopName.CARDS, bot.card_publisher, 0, write),
        leader_loop(LoopName.REPLIES, bot.reply_publisher, 0),
        leader_loop(LoopName.FAILURES, bot.failure_lookup),
        leader_loop(LoopName.CATCH_UP, bot.catch_up),
        leader_loop(LoopName.SUBSCRIPTION_FILE, bot.subscription_file),
        replica_loop(LoopName.RECOVERY, bot.recovery),
        leader_loop(LoopName.PROPOSALS, bot.proposal_publisher),
        leader_loop(LoopName.APPROVED_PROPOSALS, bot.approved_proposals),
        leader_loop(LoopName.WAITING_STEPS, bot.waiting_lookup),
        leader_loop(LoopName.REMINDERS, bot.reminders),
        leader_loop(LoopName.HOME, bot.home_publisher),
        leader_loop(LoopName.RETENTION, bot.retention),
        leader_loop(LoopName.ACCOUNT_UPKEEP, bot.account_upkeep),
        replica_loop(LoopName.CLOCK_WATCH, bot.clock_watch),
        *([replica_loop(LoopName.ALLOWLIST, bot.allowlist)] if bot.allowlist else []),
        *(
            [replica_loop(LoopName.LEADERSHIP, bot.leadership)]
            if isinstance(bot.leadership, ElectedLeader)
            else []
        ),
    )
