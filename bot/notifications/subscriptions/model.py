"""What a channel or a person wants to be told of, and whether a build is that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from fnmatch import fnmatchcase
from hashlib import sha256
from types import MappingProxyType
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from bot.buildkite.models import JOB_FAILED
from bot.history.model import VERDICTS, Attempt, Run
from bot.operations.git_names import tidy
from bot.runtime.time_windows import DailyWindow, find_end

State = Literal[
    "failed",
    "broken",
    "passed",
    "fixed",
    "blocked",
    "scheduled",
    "running",
    "failing",
    "canceled",
    "skipped",
    "not_run",
]
Source = Literal["ui", "api", "schedule", "webhook", "trigger_job"]
Updates = Literal["all", "important", "end"]
Origin = Literal["chat", "file", "person"]
# Nothing while all is well: what passes is told only when it was broken before, what runs not at all.
DEFAULT_STATES: tuple[State, ...] = ("failed", "fixed", "blocked")
QUIET_LOOKS = "two times such as 18:00-08:00"
_PHASES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "creating": frozenset({"scheduled"}),
        "scheduled": frozenset({"scheduled"}),
        "running": frozenset({"running"}),
        "failing": frozenset({"running", "failing"}),
        "canceling": frozenset({"canceled"}),
        "canceled": frozenset({"canceled"}),
    }
)
_QUIET = re.compile(r"(\d\d?):(\d\d)\s*[-–—]\s*(\d\d?):(\d\d)")
_EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True)
class Subscription:
    """One rule. Empty `creators` (e-mail addresses in lower case) and `sources` mean any; patterns are globs.

    `step` is the key or name of a step: then passed, fixed, failed and broken are those of the step. `quiet` is
    `18:00-08:00` by the clocks of `zone`. `owner` is the person whose own it is; `created_by` is empty for one
    that stands in the file.
    """

    id: str
    team: str
    channel: str
    pipeline: str
    created_by: str
    created_at: datetime
    branch: str | None = None
    states: tuple[str, ...] = DEFAULT_STATES
    creators: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    step: str | None = None
    updates: str = "end"
    quiet: str | None = None
    zone: str | None = None
    broadcast: bool = False
    muted_until: datetime | None = None
    owner: str | None = None
    origin: str = "chat"

    def muted(self, now: datetime) -> bool:
        """Whether it posts nothing for now."""
        return self.muted_until is not None and now < self.muted_until

    def quiet_until(self, now: datetime) -> datetime | None:
        """When the quiet hours that it is now end; None outside of them."""
        if self.quiet is None:
            return None
        begins, until = quiet_hours(self.quiet)
        return find_end(DailyWindow(begins, until, _EVERY_DAY, ZoneInfo(self.zone or "UTC")), now)


@dataclass(frozen=True)
class Seen:
    """What subscriptions look at of a build; `steps` has the states of each step that has a verdict."""

    pipeline: str
    branch: str
    states: frozenset[str]
    people: frozenset[str]
    source: str
    steps: Mapping[str, frozenset[str]] = field(default_factory=dict)


def in_order(states: Iterable[str]) -> tuple[str, ...]:
    """States as people list them, each once."""
    order = get_args(State)
    return tuple(sorted(set(states), key=order.index))


def named(subscription: Subscription) -> Subscription:
    """With its id: the same rule in the same place has the same one, so that saving it twice makes one of it."""
    about = (
        subscription.pipeline,
        subscription.branch,
        sorted(subscription.states),
        sorted(subscription.creators),
        sorted(subscription.sources),
        subscription.step,
    )
    how = (
        (subscription.updates, subscription.quiet, subscription.zone, subscription.broadcast)
        if subscription.origin == "file"
        else ()
    )
    said = repr((subscription.team, subscription.channel, subscription.origin, subscription.owner, about, how))
    return replace(subscription, id=sha256(said.encode()).hexdigest()[:12])


def seen(run: Run, before: str | None, steps: Mapping[str, frozenset[str]] | None = None) -> Seen:
    """A build as subscriptions see it; `before` is how the one before it on its branch ended."""
    people = frozenset(item for item in (run.creator, run.author) if item)
    return Seen(run.pipeline, tidy(run.branch), states_of(run.phase, before), people, run.source, steps or {})


def states_of(phase: str, before: str | None) -> frozenset[str]:
    """The states that a build in this phase is in, when the last one that passed or failed did `before`.

    One that fails is running still; fixed and broken are told by the change from the build before.
    """
    if phase not in VERDICTS:
        return _PHASES.get(phase, frozenset({phase}))
    changed = before in VERDICTS and before != phase
    turned = {"fixed" if phase == "passed" else "broken"} if changed else set()
    return frozenset({phase} | turned)


def steps_of(now: Iterable[Attempt], before: Iterable[Attempt]) -> dict[str, frozenset[str]]:
    """The states of each step by its key and by its name, from the attempts at it; the last attempt counts."""
    then = _verdicts(before)
    return {step: states_of(verdict, then.get(step)) for step, verdict in _verdicts(now).items()}


def _verdicts(attempts: Iterable[Attempt]) -> dict[str, str]:
    verdicts: dict[str, str] = {}
    for attempt in attempts:
        if verdict := _verdict(attempt):
            verdicts |= dict.fromkeys((attempt.step, attempt.name), verdict)
    return verdicts


def _verdict(attempt: Attempt) -> str | None:
    if attempt.state == "passed" or attempt.soft_failed:
        return "passed"
    return "failed" if attempt.state in JOB_FAILED else None


def wants(subscription: Subscription, build: Seen, *, perhaps: bool = False) -> bool:
    """Whether the rule is about this build as it is; with `perhaps` also where its step is not known yet."""
    there = fnmatchcase(build.pipeline, subscription.pipeline) and fnmatchcase(
        build.branch, tidy(subscription.branch or "*")
    )
    theirs = not subscription.creators or not build.people.isdisjoint(subscription.creators)
    by = not subscription.sources or build.source in subscription.sources
    return (
        there
        and theirs
        and by
        and not _states(subscription, build, perhaps=perhaps).isdisjoint(subscription.states)
    )


def _states(subscription: Subscription, build: Seen, *, perhaps: bool) -> frozenset[str]:
    """Of a rule about a step the verdicts are the step's, and all else is the build's."""
    if subscription.step is None:
        return build.states
    rest = build.states - {"passed", "fixed", "failed", "broken"}
    known = build.steps.get(subscription.step)
    if known is None and perhaps and "failed" in build.states:
        return rest | {"failed", "broken"}
    return rest | (known or frozenset())


def quiet_hours(text: str) -> tuple[time, time]:
    """Read `18:00-08:00`. Raises ValueError for anything else."""
    found = _QUIET.fullmatch(text.strip())
    try:
        hours = [int(part) for part in found.groups()] if found else []
        begins, until = time(hours[0], hours[1]), time(hours[2], hours[3])
    except (IndexError, ValueError):
        raise ValueError(f"it should be {QUIET_LOOKS}") from None
    if begins == until:
        raise ValueError("its end must differ from its beginning")
    return begins, until
