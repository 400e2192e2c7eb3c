"""What keeps the bot in order: interrupted work, approved work, old rows, old keys, the clock."""

from __future__ import annotations

from dataclasses import dataclass

from bot.approved import Approved
from bot.assembly.asking import Asking
from bot.assembly.ground import Ground
from bot.housekeeping import Housekeeping
from bot.recovery import Recovery
from bot.rotation import Rotation
from bot.timekeeper import Timekeeper
from bot.upkeep import Upkeep


@dataclass
class Keeping:
    """Each has a `tick` that does bounded work."""

    recovery: Recovery
    approved: Approved
    housekeeping: Housekeeping
    upkeep: Upkeep
    timekeeper: Timekeeper


def keeping(on: Ground, asked: Asking) -> Keeping:
    """Everything that nobody asks for."""
    rotation = Rotation(on.mine, on.vault) if on.vault.several else None
    return Keeping(
        recovery=Recovery(on.store, on.vault, on.clock, on.people, asked.runner, asked.outcomes, on.lease.mine),
        approved=Approved(asked.proposals, asked.runner),
        housekeeping=Housekeeping(on.mine, on.clock),
        upkeep=Upkeep(on.mine, on.clock, on.identity.team, on.people, asked.accounts, rotation),
        timekeeper=Timekeeper(on.store, on.clock, on.wakes.of("inbox", "sweep", "writer", "findings", "recovery")),
    )
