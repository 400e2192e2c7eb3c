"""Builds the background work: interrupted and approved requests, old rows, old keys, clock jumps."""

from __future__ import annotations

from dataclasses import dataclass

from bot.access.accounts.upkeep import AccountUpkeep
from bot.app.dependencies import Dependencies
from bot.app.interaction import Interaction
from bot.execution.approved import ApprovedStarter
from bot.execution.recovery import Recovery
from bot.notifications.subscriptions.queries import forget_cached_subscriptions
from bot.runtime.loop import LoopName
from bot.store.clock_jumps import ClockWatch
from bot.store.key_rotation import KeyRotation
from bot.store.retention import Retention


@dataclass
class Maintenance:
    """Services whose `tick` does a bounded amount of work."""

    recovery: Recovery
    approved_proposals: ApprovedStarter
    retention: Retention
    account_upkeep: AccountUpkeep
    clock_watch: ClockWatch


def build_maintenance(deps: Dependencies, interaction: Interaction) -> Maintenance:
    """Build the background work that no person requests."""
    execution = interaction.execution
    rotation = KeyRotation(deps.leader_store, deps.vault) if deps.vault.has_older_keys else None
    return Maintenance(
        recovery=Recovery(
            execution.interrupted,
            deps.operations,
            deps.clock,
            execution.authoriser,
            execution.procedure,
            execution.answering,
            execution.endings,
            deps.leadership.is_leader,
        ),
        approved_proposals=ApprovedStarter(interaction.proposals, execution.procedure),
        retention=Retention(deps.leader_store, deps.clock),
        account_upkeep=AccountUpkeep(
            deps.leader_store, deps.clock, deps.identity.team, deps.people, interaction.accounts, rotation
        ),
        clock_watch=ClockWatch(deps.store, deps.clock, deps.wakeups.waker(*LoopName), forget_cached_subscriptions),
    )
