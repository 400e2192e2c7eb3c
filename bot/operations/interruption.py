"""Decides how to go on with an invocation that was interrupted, so that what people are told is never false."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from bot.operations.invocation import Invocation
from bot.operations.operation import Effect, Operation

# An invocation older than this is reported, not run: a build that starts so late would surprise people.
LATEST_START = timedelta(minutes=10)
# The same failure may interrupt every run. Twice is enough to get past a short outage.
_RUNS_LIMIT = 3


class RecoveryStep(StrEnum):
    """A way to go on with an interrupted invocation.

    run: it hasn't begun, or may be run twice; probe: find out whether it happened; report_unchanged: say that
    nothing has changed; report_unknown: say that it may have happened.
    """

    RUN = "run"
    PROBE = "probe"
    REPORT_UNCHANGED = "report_unchanged"
    REPORT_UNKNOWN = "report_unknown"


def plan_recovery(op: Operation | None, invocation: Invocation, now: datetime) -> RecoveryStep:
    """Return the next step for an interrupted invocation; `op` is None if this version doesn't know its operation.

    "Accepted" proves that nothing happened, because an operation that changes something records its start first.
    """
    if invocation.state == "accepted":
        return RecoveryStep.RUN if op and _is_young(invocation, now) else RecoveryStep.REPORT_UNCHANGED
    if op is None:
        return RecoveryStep.REPORT_UNKNOWN
    if op.effect is Effect.READS:
        return RecoveryStep.REPORT_UNCHANGED
    if op.probe:
        return RecoveryStep.PROBE
    return RecoveryStep.RUN if may_run_again(op, invocation, now) else RecoveryStep.REPORT_UNKNOWN


def may_run_again(op: Operation, invocation: Invocation, now: datetime) -> bool:
    """Return whether an operation that has begun may be run again without asking the person."""
    return op.repeatable and _is_young(invocation, now) and invocation.attempts < _RUNS_LIMIT


def _is_young(invocation: Invocation, now: datetime) -> bool:
    return now - (invocation.created_at or now) < LATEST_START
