"""Builds the background work: interrupted and approved requests, old rows, old keys, clock jumps."""

from __future__ import annotations

from dataclasses import dataclass

from bot.access.accounts.upkeep import AccountUpkeep
from bot.access.policy.policy_file import PolicyWatch
from bot.app.dependencies import Dependencies
from bot.app.interaction import Interaction
from bot.execution.approved import ApprovedStarter
from bot.execution.recovery import Recovery
from bot.notifications.subscriptions.queries import forget_cached_subscriptions
from bot.runtime.loop import LoopName
from bot.store.clock_jumps import ClockWatch
from bot.store.key_rotation import KeyRotation
from bot.store.retention import Retention


@dataclass(frozen=True)
class Maintenance:
    """Services whose `tick` does a bounded amount of work."""

    recovery: Recovery
    approved_proposals: ApprovedStarter
    retention: Retention
    account_upkeep: AccountUpkeep
    clock_watch: ClockWatch
    policy_watch: PolicyWatch | None


def build_maintenance(deps: Dependencies, interaction: Interaction) -> Maintenance:
    """Build the background work that no person requests."""
    platform = deps.platform
    execution = interaction.execution
    rotation = KeyRotation(platform.leader_store, platform.vault) if platform.vault.has_older_keys else None
    return Maintenance(
        recovery=Recovery(
            execution.interrupted,
            deps.operations,
            platform.clock,
            execution.authoriser,
            execution.procedure,
            execution.answering,
            execution.endings,
            platform.leadership.is_leader,
        ),
        approved_proposals=ApprovedStarter(interaction.proposals, execution.procedure),
        retention=Retention(platform.leader_store, platform.clock),
        account_upkeep=AccountUpkeep(
            platform.leader_store,
            platform.clock,
            deps.slack.identity.team,
            deps.slack.people,
            interaction.accounts,
            rotation,
        ),
        clock_watch=ClockWatch(
            platform.store,
            platform.clock,
            platform.wakeups.waker(*LoopName),
            forget_cached_subscriptions,
        ),
        policy_watch=PolicyWatch(deps.policy, platform.clock) if deps.policy.is_from_file else None,
    )
