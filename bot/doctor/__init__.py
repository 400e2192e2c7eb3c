"""Checks the settings against the live endpoints, and says what to do about each finding."""

from __future__ import annotations

from bot.clock import Clock
from bot.doctor.buildkite import buildkite
from bot.doctor.clocks import Dates, clocks
from bot.doctor.database import database
from bot.doctor.finding import Finding, report, well
from bot.doctor.policy import policy
from bot.doctor.slack import slack
from bot.doctor.subscriptions import subscriptions
from bot.settings import Settings

__all__ = ["Finding", "examine", "report", "well"]


async def examine(settings: Settings, *, clock: Clock) -> tuple[Finding, ...]:
    """Everything that can be checked from here, in the order in which a person would set it up.

    Raises nothing on account of what it finds: an endpoint that does not answer is a finding.
    """
    dates = Dates(clock)
    stored, last = await database(settings)
    return (
        *await slack(settings, dates),
        *await buildkite(settings, dates, clock, last),
        *stored,
        *await policy(settings, clock),
        *await subscriptions(settings),
        clocks(dates),
    )
