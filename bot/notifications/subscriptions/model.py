"""Subscriptions: rules that select the builds to post in a channel or a direct message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fnmatch import fnmatchcase
from hashlib import sha256
from types import MappingProxyType
from typing import Literal, get_args

from bot.buildkite.models import JOB_FAILED
from bot.history.model import VERDICTS, Attempt, Run
from bot.notifications.subscriptions.quiet_hours import find_end_of_quiet_hours
from bot.operations.git_names import normalise_reported_branch

SubscriptionState = Literal[
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
# Quiet while all is well: a pass is posted only after a failure, and a start never.
DEFAULT_STATES: tuple[SubscriptionState, ...] = ("failed", "fixed", "blocked")
_PHASE_STATES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "creating": frozenset({"scheduled"}),
        "scheduled": frozenset({"scheduled"}),
        "running": frozenset({"running"}),
        "failing": frozenset({"running", "failing"}),
        "canceling": frozenset({"canceled"}),
        "canceled": frozenset({"canceled"}),
    }
)


@dataclass(frozen=True)
class Subscription:
    """A rule. Empty `creators` (email addresses in lower case) and `sources` mean any; patterns are globs.

    `step` is the key or name of a step; passed, fixed, failed and broken then refer to the step. `quiet` is
    `18:00-08:00` in the time zone `zone`. `owner` is set for a personal rule; `created_by` is empty for a rule
    from the file.
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

    def is_muted(self, now: datetime) -> bool:
        """Return whether it is muted now."""
        return self.muted_until is not None and now < self.muted_until

    def find_quiet_end(self, now: datetime) -> datetime | None:
        """Return when the current quiet hours end; None outside of quiet hours."""
        return find_end_of_quiet_hours(self.quiet, self.zone, now) if self.quiet else None


@dataclass(frozen=True)
class ObservedBuild:
    """The facts of a build that subscriptions match; `steps` has the states of each finished step."""

    pipeline: str
    branch: str
    states: frozenset[str]
    people: frozenset[str]
    source: str
    steps: Mapping[str, frozenset[str]] = field(default_factory=dict)


def sort_states(states: Iterable[str]) -> tuple[str, ...]:
    """Return the states in display order, each once."""
    order = get_args(SubscriptionState)
    return tuple(sorted(set(states), key=order.index))


def assign_id(subscription: Subscription) -> Subscription:
    """Return the subscription with an id made from its rule and place, so that saving it twice makes only one."""
    about = (
        subscription.pipeline,
        subscription.branch,
        sorted(subscription.states),
        sorted(subscription.creators),
        sorted(subscription.sources),
        subscription.step,
    )
    delivery = (
        (subscription.updates, subscription.quiet, subscription.zone, subscription.broadcast)
        if subscription.origin == "file"
        else ()
    )
    identity = repr(
        (subscription.team, subscription.channel, subscription.origin, subscription.owner, about, delivery)
    )
    return replace(subscription, id=sha256(identity.encode()).hexdigest()[:12])


def observe_build(
    run: Run, before: str | None, steps: Mapping[str, frozenset[str]] | None = None
) -> ObservedBuild:
    """Return the facts of a build that subscriptions match; `before` is the verdict before it on its branch.

    Branches are normalised, because Buildkite may report `refs/heads/main` for `main`.
    """
    people = frozenset(address for address in (run.creator, run.author) if address)
    return ObservedBuild(
        run.pipeline,
        normalise_reported_branch(run.branch),
        derive_states(run.phase, before),
        people,
        run.source,
        steps or {},
    )


def derive_states(phase: str, before: str | None) -> frozenset[str]:
    """Return the states of a build in this phase; `before` is the last verdict on its branch.

    A failing build also counts as running. Fixed and broken mean that the verdict differs from the one before.
    """
    if phase not in VERDICTS:
        return _PHASE_STATES.get(phase, frozenset({phase}))
    changed = before in VERDICTS and before != phase
    turned = {"fixed" if phase == "passed" else "broken"} if changed else set()
    return frozenset({phase} | turned)


def derive_step_states(now: Iterable[Attempt], before: Iterable[Attempt]) -> dict[str, frozenset[str]]:
    """Return the states of each step, by its key and by its name; the last attempt counts."""
    then = _find_verdicts(before)
    return {step: derive_states(verdict, then.get(step)) for step, verdict in _find_verdicts(now).items()}


def _find_verdicts(attempts: Iterable[Attempt]) -> dict[str, str]:
    verdicts: dict[str, str] = {}
    for attempt in attempts:
        if verdict := _judge_attempt(attempt):
            verdicts |= dict.fromkeys((attempt.step, attempt.name), verdict)
    return verdicts


def _judge_attempt(attempt: Attempt) -> str | None:
    if attempt.state == "passed" or attempt.soft_failed:
        return "passed"
    return "failed" if attempt.state in JOB_FAILED else None


def matches_build(subscription: Subscription, build: ObservedBuild, *, assume_step: bool = False) -> bool:
    """Return whether a rule matches this build.

    With `assume_step`, a rule about a step also matches a failed build whose jobs haven't been read: the build has
    to be read before it is certain.
    """
    in_place = fnmatchcase(build.pipeline, subscription.pipeline) and fnmatchcase(
        build.branch, normalise_reported_branch(subscription.branch or "*")
    )
    by_person = not subscription.creators or not build.people.isdisjoint(subscription.creators)
    from_source = not subscription.sources or build.source in subscription.sources
    return (
        in_place
        and by_person
        and from_source
        and not _select_states(subscription, build, assume_step=assume_step).isdisjoint(subscription.states)
    )


def _select_states(subscription: Subscription, build: ObservedBuild, *, assume_step: bool) -> frozenset[str]:
    """Return the states to match; for a rule about a step, the verdict is the step's."""
    if subscription.step is None:
        return build.states
    rest = build.states - {"passed", "fixed", "failed", "broken"}
    known = build.steps.get(subscription.step)
    if known is None and assume_step and "failed" in build.states:
        return rest | {"failed", "broken"}
    return rest | (known or frozenset())
