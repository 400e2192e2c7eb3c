"""Checks the settings against the live endpoints, and says what to do about each finding."""

from __future__ import annotations

from bot.cli.doctor.check_buildkite import buildkite
from bot.cli.doctor.check_clock import Dates, clocks
from bot.cli.doctor.check_database import database
from bot.cli.doctor.check_policy import policy
from bot.cli.doctor.check_slack import slack
from bot.cli.doctor.check_subscriptions import subscriptions
from bot.cli.doctor.finding import Finding, report, well
from bot.runtime.clock import Clock
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
