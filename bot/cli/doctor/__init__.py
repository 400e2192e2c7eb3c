"""Checks the settings against the live services; each finding comes with a remedy."""

from __future__ import annotations

from bot.cli.doctor.check_buildkite import check_buildkite
from bot.cli.doctor.check_clock import ClockOffsets, check_clock
from bot.cli.doctor.check_database import check_database
from bot.cli.doctor.check_policy import check_policy
from bot.cli.doctor.check_slack import check_slack
from bot.cli.doctor.check_subscriptions import check_subscriptions
from bot.cli.doctor.finding import Finding, is_healthy, render_report
from bot.runtime.clock import Clock
from bot.settings import Settings

__all__ = ["Finding", "examine", "is_healthy", "render_report"]


async def examine(settings: Settings, *, clock: Clock) -> tuple[Finding, ...]:
    """Run all checks, in the order in which a person would set things up.

    A service that doesn't answer is a finding, not an error.
    """
    dates = ClockOffsets(clock)
    stored, last = await check_database(settings, clock.now())
    return (
        *await check_slack(settings, dates),
        *await check_buildkite(settings, dates, clock, last),
        *stored,
        *await check_policy(settings, clock),
        *await check_subscriptions(settings),
        check_clock(dates),
    )
