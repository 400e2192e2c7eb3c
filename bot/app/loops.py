"""Builds the loops of a process, those that write to Slack limited to the leader."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.app.maintenance import Maintenance
from bot.app.platform import Platform
from bot.app.publishers import Publishers
from bot.app.readers import Readers
from bot.builds.ingest.inbox import BATCH_WHILE_WRITING, Inbox
from bot.runtime.loop import Loop, LoopName, Ticking
from bot.store.leader import ElectedLeader, due_if_leader, run_if_leader
from webhooks.allowlist import Allowlist

# Seconds that follow-up loops wait after a wake, so that the card of a change is updated before anything else.
FOLLOW_UP_DELAY = 0.1
# Seconds between two ticks of a loop: changes that arrive together are handled together, because handling them
# one at a time costs many times as much.
BATCH_INTERVAL = 0.1
# Deliveries that one tick of the inbox may read; between ticks the loop checks whether to stop.
MAX_DELIVERIES_PER_TICK = 5000


def build_loops(
    platform: Platform,
    readers: Readers,
    publishers: Publishers,
    maintenance: Maintenance,
    allowlist: Allowlist | None,
) -> tuple[Loop, ...]:
    """Return the loops. Tests tick the same ones, in this order."""
    leader, replica = _LeaderLoops(platform), _ReplicaLoops(platform)
    leadership, tick_cards = platform.leadership, _tick_cards(platform, publishers.card_publisher)
    return (
        replica.build(LoopName.INBOX, readers.inbox, _tick_inbox(readers.inbox), BATCH_INTERVAL),
        leader.build(LoopName.POLLER, readers.poller),
        replica.build(LoopName.READ_INTAKE, readers.read_intake),
        leader.build(LoopName.CARDS, publishers.card_publisher, 0, tick_cards),
        leader.build(LoopName.REPLIES, publishers.reply_publisher, 0),
        leader.build(LoopName.CATCH_UP, readers.catch_up),
        leader.build(LoopName.JOB_DETAILS, readers.job_details),
        leader.build(LoopName.FAILURES, readers.failure_lookup),
        leader.build(LoopName.SUBSCRIPTION_FILE, readers.subscription_file),
        replica.build(LoopName.RECOVERY, maintenance.recovery),
        leader.build(LoopName.PROPOSALS, publishers.proposal_publisher),
        leader.build(LoopName.APPROVED_PROPOSALS, maintenance.approved_proposals),
        leader.build(LoopName.WAITING_STEPS, readers.waiting_lookup),
        leader.build(LoopName.REMINDERS, publishers.reminders),
        leader.build(LoopName.HOME, publishers.home_publisher),
        leader.build(LoopName.RETENTION, maintenance.retention),
        leader.build(LoopName.ACCOUNT_UPKEEP, maintenance.account_upkeep),
        replica.build(LoopName.CLOCK_WATCH, maintenance.clock_watch),
        *([replica.build(LoopName.ALLOWLIST, allowlist)] if allowlist else []),
        *([replica.build(LoopName.POLICY_FILE, maintenance.policy_watch)] if maintenance.policy_watch else []),
        *([replica.build(LoopName.LEADERSHIP, leadership)] if isinstance(leadership, ElectedLeader) else []),
    )


def _tick_inbox(inbox: Inbox) -> Callable[[], Awaitable[int]]:
    async def read() -> int:
        """Read all waiting deliveries; those that arrive meanwhile are read together by the next tick."""
        done = last = await inbox.tick()
        while last >= BATCH_WHILE_WRITING and done < MAX_DELIVERIES_PER_TICK:
            last = await inbox.tick()
            done += last
        return done

    return read


def _tick_cards(platform: Platform, publisher: Ticking) -> Callable[[], Awaitable[int]]:
    async def write() -> int:
        """Update the cards, then wake the replies, which must not be posted before their card."""
        done = await publisher.tick()
        platform.wakeups.wake_local(LoopName.REPLIES)
        return done

    return write


class _LeaderLoops:
    """Builds loops that run on the leader only."""

    def __init__(self, platform: Platform) -> None:
        self._clock = platform.clock
        self._leadership = platform.leadership

    def build(
        self,
        name: LoopName,
        ticking: Ticking,
        delay: float = FOLLOW_UP_DELAY,
        tick: Callable[[], Awaitable[int]] | None = None,
    ) -> Loop:
        due = due_if_leader(self._leadership, ticking.next_at)
        run = run_if_leader(self._leadership, tick or ticking.tick)
        return Loop(name, run, due, self._clock, delay, 0 if delay else BATCH_INTERVAL)


class _ReplicaLoops:
    """Builds loops that run on every replica."""

    def __init__(self, platform: Platform) -> None:
        self._clock = platform.clock

    def build(
        self,
        name: LoopName,
        ticking: Ticking,
        tick: Callable[[], Awaitable[int]] | None = None,
        min_interval: float = 0,
    ) -> Loop:
        run = tick or ticking.tick
        return Loop(name, run, ticking.next_at, self._clock, min_interval=min_interval)
