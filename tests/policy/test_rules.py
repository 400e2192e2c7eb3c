"""The default policy, without a file."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from bot.access.policy.decide import DEFAULT, decide
from bot.access.policy.rules import Allow, Refuse, Rules, Target
from bot.operations.operation import Operation, Permission
from bot.slack.types import Actor, Standing
from tests.operations.sample import sample

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
REGISTRY = sample()
MEMBERS = {Standing.MEMBER, Standing.ADMIN}
ACTORS = st.builds(
    Actor,
    id=st.just("U0ANN"),
    name=st.text(max_size=8),
    team=st.just("T1"),
    standing=st.sampled_from(Standing),
    channel=st.just("C1"),
    via=st.sampled_from(["slash", "mention", "button", "form", "mcp", "rest"]),
    groups=st.frozensets(st.text(max_size=4)),
)
TARGETS = st.builds(
    Target, st.none() | st.text(max_size=8), st.none() | st.text(max_size=8), st.none(), st.booleans()
)
NEEDS = st.builds(
    Operation,
    name=st.just("noun verb"),
    args=st.just(REGISTRY["help"].args),
    run=st.just(REGISTRY["help"].run),
    needs=st.sampled_from(Permission),
)


def someone(standing: Standing) -> Actor:
    """A person of this standing."""
    return Actor("U0ANN", "ann", "T1", standing, "C1", "slash")


@given(ACTORS, NEEDS, TARGETS)
def test_only_full_members_get_anything(actor: Actor, op: Operation, target: Target) -> None:
    """Guests, strangers, bots and deactivated accounts are refused whatever they ask for, however they ask."""
    verdict = decide(DEFAULT, actor, op, target, NOW)
    if actor.standing not in MEMBERS:
        assert isinstance(verdict, Refuse)


@given(ACTORS.filter(lambda actor: actor.standing in MEMBERS), NEEDS, TARGETS)
def test_members_read_and_build_and_admins_do_the_rest(actor: Actor, op: Operation, target: Target) -> None:
    """Agents, pipelines and administration are for workspace admins, all else for every full member."""
    rest = {Permission.AGENTS, Permission.ADMIN, Permission.PIPELINES}
    may = actor.standing is Standing.ADMIN or op.needs not in rest
    assert isinstance(decide(DEFAULT, actor, op, target, NOW), Allow if may else Refuse)


@given(ACTORS, NEEDS, TARGETS)
def test_every_decision_names_its_rule(actor: Actor, op: Operation, target: Target) -> None:
    """The audit can say why, and a refusal says who can help."""
    verdict = decide(DEFAULT, actor, op, target, NOW)
    assert verdict.rule.startswith("default: ")
    assert isinstance(verdict, Allow) or (verdict.message and verdict.hint)


@given(ACTORS, NEEDS, TARGETS)
def test_rules_that_grant_nothing_allow_nothing(actor: Actor, op: Operation, target: Target) -> None:
    """Anything that no grant allows is refused, even to admins."""
    assert isinstance(decide(Rules(), actor, op, target, NOW), Refuse)


def test_refusals_say_why() -> None:
    """Each excluded standing gets a reason, and who can help."""
    op = REGISTRY["build create"]
    refused = {
        standing: decide(DEFAULT, someone(standing), op, Target(), NOW)
        for standing in Standing
        if standing not in MEMBERS
    }
    answer = {str(who): f"{no.message} {no.hint}" for who, no in refused.items() if isinstance(no, Refuse)}
    assert answer == snapshot(
        {
            "guest": "Guests of this workspace cannot use Kitestring. Ask a full member to do it for you, or a workspace admin to make you a full member.",
            "stranger": "You belong to another workspace, and Kitestring answers only members of this one. Ask someone in this workspace to do it for you.",
            "bot": "Kitestring doesn't take commands from other bots. Only people can run commands.",
            "deactivated": "This account is deactivated. Ask a workspace admin.",
            "service": 'No rule of the policy names this service. Ask a workspace admin to add a grant with its group, such as groups = ["service:release-bot"].',
        }
    )


def test_a_member_who_pauses_an_agent_learns_whom_to_ask() -> None:
    """A refused operation is named, and so is who may run it."""
    assert decide(DEFAULT, someone(Standing.MEMBER), REGISTRY["agent pause"], Target(), NOW) == snapshot(
        Refuse(
            rule="default: agents is for workspace admins",
            message="`agent pause` is for workspace admins.",
            hint="Ask a workspace admin to do it.",
        )
    )


@pytest.mark.parametrize("name", ["build create", "job log", "help", "build list"])
def test_a_member_may_build_and_read(name: str) -> None:
    """The rule that allows has a name, too."""
    verdict = decide(DEFAULT, someone(Standing.MEMBER), REGISTRY[name], Target(pipeline="web"), NOW)
    assert verdict == Allow("default: full members read and build")
