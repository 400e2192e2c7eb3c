"""What keeps the bot in order: interrupted work, approved work, old rows, old keys, the clock."""

from __future__ import annotations

from dataclasses import dataclass

from bot.access.accounts.upkeep import AccountUpkeep
from bot.app.dependencies import Dependencies
from bot.app.interaction import Interaction
from bot.execution.approved import Approved
from bot.execution.recovery import Recovery
from bot.store.clock_jumps import ClockWatch
from bot.store.key_rotation import Rotation
from bot.store.retention import Retention


@dataclass
class Maintenance:
    """Each has a `tick` that does bounded work."""

    recovery: Recovery
    approved: Approved
    housekeeping: Retention
    upkeep: AccountUpkeep
    timekeeper: ClockWatch


def build_maintenance(on: Dependencies, asked: Interaction) -> Maintenance:
    """Everything that nobody asks for."""
    rotation = Rotation(on.mine, on.vault) if on.vault.several else None
    return Maintenance(
        recovery=Recovery(on.store, on.vault, on.clock, on.people, asked.runner, asked.outcomes, on.lease.mine),
        approved=Approved(asked.proposals, asked.runner),
        housekeeping=Retention(on.mine, on.clock),
        upkeep=AccountUpkeep(on.mine, on.clock, on.identity.team, on.people, asked.accounts, rotation),
        timekeeper=ClockWatch(on.store, on.clock, on.wakes.of("inbox", "sweep", "writer", "findings", "recovery")),
    )
