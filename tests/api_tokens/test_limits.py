"""An API token takes away from its owner's rights, and never adds to them."""

from __future__ import annotations

import zlib
from dataclasses import replace
from string import ascii_letters, digits

from hypothesis import given
from hypothesis import strategies as st

from bot.access.api_tokens.model import DIGITS, PREFIX, RANDOM_LENGTH, is_well_formed, make_raw_token
from bot.access.policy.decide import decide, find_blanket_refusal, holds_permission, judge_approval, may_read
from bot.access.policy.name_filter import make_name_filter
from bot.access.policy.rules import ApprovalRequirement, Refuse
from bot.operations.operation import Permission
from bot.slack.types import TokenLimits
from commands import registry
from tests.policy.test_decisions import CASES, STRICTNESS, Case
from tests.sampling import many_examples

LIMITS = st.builds(
    TokenLimits,
    st.just("release-bot"),
    st.none() | st.frozensets(st.sampled_from(Permission)),
    st.lists(st.sampled_from(["web", "deploy-*", "other"]), max_size=2).map(tuple),
)
FOR_PEOPLE = {
    "admin agent-token list",
    "admin token",
    "alias",
    "agents-off",
    "agents-on",
    "api-token create",
    "api-token list",
    "api-token revoke",
    "audit",
    "connect",
    "disconnect",
    "proposal approve",
    "proposal refuse",
    "readonly",
    "unalias",
}


@many_examples(600)
@given(CASES, LIMITS, st.sampled_from(tuple(registry())))
def test_a_token_never_allows_more_than_its_owner_may(case: Case, limits: TokenLimits, real: object) -> None:
    """Whatever the rules, the person and the token: allowed, to be approved or refused, never less strict."""
    for op in (case.op, real):
        owner, agent = case.actor, replace(case.actor, limits=limits)
        own = decide(case.rules, owner, op, case.target, case.now)  # type: ignore[arg-type]
        with_token = decide(case.rules, agent, op, case.target, case.now)  # type: ignore[arg-type]
        assert STRICTNESS[type(with_token)] >= STRICTNESS[type(own)]
        if find_blanket_refusal(case.rules, owner, op):  # type: ignore[arg-type]
            assert find_blanket_refusal(case.rules, agent, op)  # type: ignore[arg-type]
        if find_blanket_refusal(case.rules, agent, op):  # type: ignore[arg-type]
            assert isinstance(with_token, Refuse)


@many_examples(200)
@given(CASES, LIMITS, st.sampled_from(Permission))
def test_a_token_reads_and_names_no_more_than_its_owner(
    case: Case, limits: TokenLimits, permission: Permission
) -> None:
    """The names in lists and menus follow from the same rights; nor does its vote ever count."""
    agent = replace(case.actor, limits=limits)
    assert may_read(case.rules, case.actor, case.target) or not may_read(case.rules, agent, case.target)
    assert holds_permission(case.rules, case.actor, permission) or not holds_permission(
        case.rules, agent, permission
    )
    for kind, name in (("pipeline", "web"), ("branch", "main"), ("agent", "linux-1")):
        own, with_token = (make_name_filter(case.rules, actor) for actor in (case.actor, agent))
        assert own(kind, name, "web") or not with_token(kind, name, "web")  # type: ignore[arg-type]
    verdict = decide(case.rules, case.actor, case.op, case.target, case.now)
    if isinstance(verdict, ApprovalRequirement):
        vote = judge_approval(case.rules, verdict, agent, "U0SOMEONE", case.op, case.target)
        assert isinstance(vote, Refuse)


def test_what_decides_over_others_is_for_people() -> None:
    """No token can call these, whatever it carries."""
    assert {op.name for op in registry() if not op.token_callable} == FOR_PEOPLE


@given(st.text(ascii_letters + digits, min_size=RANDOM_LENGTH, max_size=RANDOM_LENGTH), st.integers(0, 39))
def test_a_mistyped_token_is_recognized(random_part: str, at: int) -> None:
    """A token has the checksum of its random part; another character anywhere breaks it."""
    raw = make_raw_token(random_part)
    assert is_well_formed(raw)
    value = sum(DIGITS.index(digit) * 62**place for place, digit in enumerate(reversed(raw[-6:])))
    assert value == zlib.crc32(random_part.encode())
    other = "0" if raw[at] != "0" else "1"
    assert not is_well_formed(raw[:at] + other + raw[at + 1 :])
    assert not is_well_formed(raw.removeprefix(PREFIX))
    assert not is_well_formed(f"{raw}\n")
