"""Properties of every policy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bot.access.locks.rules import Lock, find_lock_refusal
from bot.access.policy.decide import decide, explain, find_blanket_refusal, judge_approval
from bot.access.policy.rules import (
    GUARDABLE_VERBS,
    Allow,
    ApprovalRequirement,
    Freeze,
    Grant,
    Principals,
    Protection,
    Refuse,
    Rules,
    Target,
    applies_in_channel,
    applies_to_target,
    matches_actor,
)
from bot.operations.operation import Operation, Permission
from bot.runtime.time_windows import DailyWindow, OneTimeWindow, WeeklyWindow
from bot.slack.types import Actor, Standing
from tests.operations.sample import sample

UTC_ZONE = ZoneInfo("UTC")
IDS = st.sampled_from(["U0ANN", "U0BOB", "U0CAT"])
NAMES = st.sampled_from(["@ann", "@bob"])
GROUPS = st.sampled_from(["S0REL", "@release", "@ops"])
SLUGS = st.sampled_from(["web", "deploy-prod", "deploy-dev"])
PIPELINES = st.lists(st.sampled_from(["web", "deploy-*", "*"]), min_size=1, max_size=2).map(tuple)
BRANCHES = st.lists(st.sampled_from(["main", "release/*", "*"]), min_size=1, max_size=2).map(tuple)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
TIMES = st.times(timezones=st.none())
OPS = st.sampled_from(list(sample()))
WHO = st.builds(
    Principals,
    st.frozensets(IDS | NAMES, max_size=2),
    st.frozensets(GROUPS, max_size=2),
    st.frozensets(st.sampled_from(Standing)),
)
GRANTS = st.builds(
    Grant,
    st.sampled_from(["one", "two", "three"]),
    WHO,
    st.frozensets(st.sampled_from(Permission), min_size=1),
    st.none() | PIPELINES,
    st.none() | BRANCHES,
    st.none() | st.frozensets(st.sampled_from(["C1", "C2"]), min_size=1),
)
VERBS = st.frozensets(st.sampled_from(GUARDABLE_VERBS), min_size=1)
PROTECTS = st.builds(
    Protection, st.just("protected"), PIPELINES, st.none() | WHO, VERBS, st.none() | BRANCHES, st.integers(1, 3)
)
WINDOWS = (
    st.builds(OneTimeWindow, MOMENTS, MOMENTS)
    | st.builds(WeeklyWindow, st.integers(0, 6), TIMES, st.integers(0, 6), TIMES, st.just(UTC_ZONE))
    | st.builds(DailyWindow, TIMES, TIMES, st.frozensets(st.integers(0, 6)), st.just(UTC_ZONE))
)
FREEZES = st.builds(Freeze, st.just("frozen"), PIPELINES, WINDOWS, WHO, st.text(max_size=9), VERBS)
RULES = st.builds(
    Rules,
    st.lists(GRANTS, max_size=4).map(tuple),
    st.lists(PROTECTS, max_size=2).map(tuple),
    st.lists(FREEZES, max_size=2).map(tuple),
)
ACTORS = st.builds(
    Actor,
    id=IDS,
    name=st.just("ann"),
    team=st.just("T1"),
    standing=st.sampled_from(Standing),
    channel=st.sampled_from(["C1", "C3"]),
    via=st.just("slash"),
    groups=st.frozensets(GROUPS),
    handle=st.sampled_from(["ann", "bob", None]),
    unresolved_groups=st.frozensets(GROUPS, max_size=1),
)
TARGETS = st.builds(
    Target,
    st.none() | SLUGS,
    st.none() | st.sampled_from(["main", "release/1", "x"]),
    st.sampled_from([None, "HEAD", "1234567"]),
    st.booleans(),
)
STRICTNESS = {Allow: 0, ApprovalRequirement: 1, Refuse: 2}


class Case(NamedTuple):
    """A question to a policy."""

    rules: Rules
    actor: Actor
    op: Operation
    target: Target
    now: datetime


CASES = st.builds(Case, RULES, ACTORS, OPS, TARGETS, MOMENTS)


@given(CASES)
def test_without_a_grant_nothing_is_allowed(case: Case) -> None:
    """Protections, freezes and being an admin give no rights."""
    rules, actor, op, target, now = case
    assert isinstance(decide(replace(rules, grants=()), actor, op, target, now), Refuse)


@given(CASES, GRANTS)
def test_a_grant_more_takes_no_right_away(case: Case, more: Grant) -> None:
    """An added grant never makes a verdict stricter."""
    rules, actor, op, target, now = case
    before = decide(rules, actor, op, target, now)
    for grants in ((*rules.grants, more), (more, *rules.grants)):
        after = decide(replace(rules, grants=grants), actor, op, target, now)
        assert STRICTNESS[type(after)] <= STRICTNESS[type(before)]


@given(CASES, FREEZES | PROTECTS)
def test_a_freeze_or_protection_more_gives_no_right(case: Case, more: Freeze | Protection) -> None:
    """They only ever make it harder."""
    rules, actor, op, target, now = case
    before = decide(rules, actor, op, target, now)
    stricter = (
        replace(rules, freezes=(*rules.freezes, more))
        if isinstance(more, Freeze)
        else replace(rules, protections=(*rules.protections, more))
    )
    after = decide(stricter, actor, op, target, now)
    assert STRICTNESS[type(after)] >= STRICTNESS[type(before)]


@given(CASES)
def test_only_a_protection_asks(case: Case) -> None:
    """Approval is asked for by the name of a protection of this pipeline, and nowhere else."""
    rules, actor, op, target, now = case
    verdict = decide(rules, actor, op, target, now)
    if isinstance(verdict, ApprovalRequirement):
        assert verdict.rule in {protect.name for protect in rules.protections}
        assert verdict.count == max(
            protect.approvals for protect in rules.protections if op.verb in protect.operations
        )
    assert not isinstance(decide(replace(rules, protections=()), actor, op, target, now), ApprovalRequirement)


@given(CASES)
def test_a_decision_is_total_and_always_the_same(case: Case) -> None:
    """Every question has an answer with a rule's name, a refusal says why, and asking twice changes nothing."""
    rules, actor, op, target, now = case
    verdict = decide(rules, actor, op, target, now)
    assert verdict == decide(rules, actor, op, target, now)
    assert verdict.rule
    assert not isinstance(verdict, Refuse) or (verdict.message and verdict.hint)
    assert verdict.rule in explain(verdict, op, target)


@given(CASES)
def test_outsiders_get_nothing(case: Case) -> None:
    """Strangers, bots and deactivated people never; guests only by their id, services only by their group."""
    rules, actor, op, target, now = case
    named = any(actor.id in grant.principals.users for grant in rules.grants)
    grouped = any(grant.principals.groups & actor.groups for grant in rules.grants)
    inside = actor.standing in {Standing.MEMBER, Standing.ADMIN} or (actor.standing is Standing.GUEST and named)
    inside = inside or (actor.standing is Standing.SERVICE and grouped)
    if not inside:
        assert isinstance(decide(rules, actor, op, target, now), Refuse)
        assert find_blanket_refusal(rules, actor, op)


@given(CASES)
def test_a_blanket_refusal_refuses_every_target(case: Case) -> None:
    """The look before anything is looked up refuses nothing that would be allowed."""
    rules, actor, op, target, now = case
    if find_blanket_refusal(rules, actor, op):
        assert isinstance(decide(rules, actor, op, target, now), Refuse)


@given(CASES)
def test_an_allowed_operation_has_a_grant(case: Case) -> None:
    """One that names the person, the permission, the pipeline, the branch and the channel; no other is needed."""
    rules, actor, op, target, now = case
    if isinstance(decide(rules, actor, op, target, now), Refuse):
        return
    fitting = [
        grant
        for grant in rules.grants
        if matches_actor(grant.principals, actor)
        and applies_in_channel(grant, actor)
        and applies_to_target(grant, op.needs, target)
    ]
    plain = replace(target, commit=None, has_env=False)
    assert fitting
    assert not isinstance(decide(replace(rules, grants=tuple(fitting)), actor, op, plain, now), Refuse)


@given(CASES, st.randoms())
def test_the_order_of_rules_does_not_matter(case: Case, chance: Random) -> None:
    """A policy shuffled says the same: allowed, asked for or refused."""
    rules, actor, op, target, now = case
    grants, protects, freezes = list(rules.grants), list(rules.protections), list(rules.freezes)
    for each in (grants, protects, freezes):
        chance.shuffle(each)
    shuffled = replace(rules, grants=tuple(grants), protections=tuple(protects), freezes=tuple(freezes))
    before, after = decide(rules, actor, op, target, now), decide(shuffled, actor, op, target, now)
    assert type(after) is type(before)
    if isinstance(before, ApprovalRequirement) and isinstance(after, ApprovalRequirement):
        assert after.count == before.count


@given(CASES)
def test_an_unresolved_group_gives_no_rights(case: Case) -> None:
    """A person in groups that couldn't be read gets no more than a person in none."""
    rules, actor, op, target, now = case
    lost = replace(actor, groups=frozenset(), unresolved_groups=actor.groups | actor.unresolved_groups)
    before, after = decide(rules, actor, op, target, now), decide(rules, lost, op, target, now)
    assert STRICTNESS[type(after)] >= STRICTNESS[type(before)]


@given(CASES)
def test_people_cannot_approve_their_own_request(case: Case) -> None:
    """The requester's approval never counts; nor does an outsider's."""
    rules, actor, op, target, _ = case
    for who in (None, Principals(users=frozenset({actor.id, "@ann"}))):
        ask = ApprovalRequirement("protected", who, 1, timedelta(minutes=30))
        assert isinstance(judge_approval(rules, ask, actor, actor.id, op, target), Refuse)
        if actor.standing in {Standing.STRANGER, Standing.BOT, Standing.DEACTIVATED}:
            assert isinstance(judge_approval(rules, ask, actor, "U0DAN", op, target), Refuse)


@given(ACTORS, OPS, TARGETS, MOMENTS, IDS, st.timedeltas(timedelta(hours=-2), timedelta(hours=2)))
def test_a_lock_keeps_others_out_while_it_lasts(
    actor: Actor, op: Operation, target: Target, now: datetime, holder: str, left: timedelta
) -> None:
    """Never its holder, never after its end, and of operations only those that change builds there."""
    lock = Lock("web", None, "why", holder, now + left, now)
    guarded = op.name in {"build create", "build retry", "job retry", "job unblock"}
    wanted = guarded and target.pipeline in {"web", None} and left > timedelta(0) and holder != actor.id
    assert (find_lock_refusal(op, target, [lock], actor, now) is not None) == wanted


def test_a_branch_lock_covers_an_unknown_branch() -> None:
    """An unknown branch counts as locked."""
    now = datetime(2026, 11, 2, tzinfo=UTC)
    lock = Lock("web", "release/*", "why", "U0BOB", now + timedelta(hours=1), now)
    ann, op = Actor("U0ANN", "ann", "T1", Standing.MEMBER, "C1", "slash"), sample()["build create"]
    branches = ("main", "release/1", None)
    refused = [branch for branch in branches if find_lock_refusal(op, Target("web", branch), [lock], ann, now)]
    assert refused == ["release/1", None]
