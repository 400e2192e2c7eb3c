"""Every spelling of a branch is normalised to one form, which all rules see."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.access.locks.rules import Lock, find_lock_refusal
from bot.access.policy.decide import decide
from bot.access.policy.parse import InvalidPolicy, parse_policy
from bot.access.policy.rules import (
    FULL_MEMBERS,
    Allow,
    ApprovalRequirement,
    Grant,
    Principals,
    Protection,
    Refuse,
    Rules,
    Target,
)
from bot.errors import UsageError
from bot.operations.git_names import (
    find_commit_reach,
    normalise_branch,
    normalise_commit,
    normalise_pattern,
    normalise_reported_branch,
    normalise_slug,
)
from bot.operations.operation import Permission
from bot.slack.types import Actor, Standing
from commands import registry
from tests.policy import spellings

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
OPERATIONS = registry()
ANN = Actor(id="U0ANN", name="Ann", team="T1", standing=Standing.MEMBER, channel="C1", via="slash")
BUILDERS = Grant("everybody builds", Principals(standings=FULL_MEMBERS), frozenset(Permission))
MAIN = Protection("main", ("deploy-*",), branches=("main", "größe", "a/b.c"))
RELEASE = Protection("releases", ("deploy-*",), branches=("release/*",), approvals=2)
RULES = Rules(grants=(BUILDERS,), protections=(MAIN, RELEASE))
ANY = st.text(st.characters(codec="utf-8"), max_size=30) | st.text("main/refshd.@{~^:\u200b\u0308", max_size=20)


@given(ANY)
@example("refs/heads/heads/main")
@example("heads/\u0308")
def test_normalising_twice_changes_nothing(text: str) -> None:
    """Normalising a name twice changes nothing, because approvals read stored arguments again."""
    for normalise in (normalise_branch, normalise_pattern, normalise_commit, normalise_slug):
        try:
            once = normalise(text)
        except UsageError:
            continue
        assert normalise(once) == once
    assert normalise_reported_branch(normalise_reported_branch(text)) == normalise_reported_branch(text)


@given(ANY)
def test_rules_see_the_name_that_is_sent(text: str) -> None:
    """Rules see exactly the accepted name."""
    try:
        name = normalise_branch(text)
    except UsageError:
        return
    assert Target("web", name).branch == name
    assert Target("web", name).branches == {name}


@given(ANY)
def test_the_policy_decides_on_any_reported_branch(text: str) -> None:
    """The policy decides on any branch name that Buildkite reports."""
    verdict = decide(RULES, ANN, OPERATIONS["build rebuild"], Target("deploy-prod", text), NOW)
    assert isinstance(verdict, Allow | ApprovalRequirement)


@pytest.mark.parametrize("name", spellings.REFUSED)
def test_a_refusal_shows_the_wrong_part(name: str) -> None:
    """The message shows the character or the part, and what to do."""
    with pytest.raises(UsageError) as caught:
        normalise_branch(name)
    assert caught.value.field == "branch"
    assert caught.value.hint
    assert "`" in caught.value.message or "without a name" in caught.value.message


def test_an_abbreviated_sha_is_a_commit_and_may_be_a_branch() -> None:
    """A protected branch with the name of a short SHA is protected, because git prefers the branch."""
    rules = Rules(
        (Grant("main", Principals(standings=FULL_MEMBERS), frozenset(Permission), branches=("main",)),),
        (Protection("odd", ("web",), branches=("abc1234",)),),
    )
    create = OPERATIONS["build create"]
    assert isinstance(decide(rules, ANN, create, Target("web", "main", "abc1234"), NOW), ApprovalRequirement)
    assert isinstance(decide(rules, ANN, create, Target("web", "main", "abc1235"), NOW), Allow)
    assert isinstance(decide(rules, ANN, create, Target("web", "main", "refs/heads/x"), NOW), Refuse)
    assert isinstance(decide(rules, ANN, create, Target("web", "main", "refs/heads/main"), NOW), Allow)
    assert find_commit_reach("abc1234").names == {"abc1234"}


def test_a_lock_is_compared_in_the_same_form() -> None:
    """Locks stored before names were normalised still apply."""
    lock = Lock("WEB", "refs/heads/release/*", "why", "U0BOB", NOW + timedelta(hours=1), NOW)
    create = OPERATIONS["build create"]
    assert find_lock_refusal(create, Target("web", "heads/release/1"), (lock,), ANN, NOW)
    assert find_lock_refusal(create, Target("web", "x", "refs/heads/release/1"), (lock,), ANN, NOW)
    assert find_lock_refusal(create, Target("web", "main"), (lock,), ANN, NOW) is None


POLICY = """
[[grant]]
name = "all"
standings = ["member"]
permissions = ["build"]

[[protect]]
name = "p"
pipelines = ["Deploy-*"]
branches = ["{}"]
"""


def test_the_patterns_of_a_policy_file_have_the_same_form() -> None:
    """`refs/heads/`, another case of the slug and a decomposed letter don't weaken a protection."""
    rules, _ = parse_policy(POLICY.format("refs/heads/" + unicodedata.normalize("NFD", "grö*")))
    assert (rules.protections[0].pipelines, rules.protections[0].branches) == (("deploy-*",), ("grö*",))
    for fine in ("*", "release/*", "[mM]ain", "v?", "octocat:*"):
        assert parse_policy(POLICY.format(fine))[0].protections[0].branches == (fine,)


@pytest.mark.parametrize("pattern", ["main\u200b", "ma in", "main/", "a..b", "ｍain", "main~1"])
def test_a_pattern_that_fits_no_branch_is_a_mistake_of_the_file(pattern: str) -> None:
    """A pattern that can match no branch is reported with its line, because it would protect nothing."""
    with pytest.raises(InvalidPolicy, match=r"line 10.*branch"):
        parse_policy(POLICY.format(pattern))
