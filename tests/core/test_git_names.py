"""Whatever names a branch comes to one form, and every rule sees that form."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.access.locks.rules import Lock, locked
from bot.access.policy.decide import decide
from bot.access.policy.parse import WrongPolicy, read
from bot.access.policy.rules import FULL, Allow, Ask, Grant, Protect, Refuse, Rules, Target, Who
from bot.errors import UsageError
from bot.operations.git_names import (
    normalise_branch,
    normalise_commit,
    normalise_pattern,
    normalise_slug,
    reach_of,
    tidy,
)
from bot.operations.operation import Permission
from bot.slack.types import Actor, Standing
from commands import registry
from tests.policy import spellings

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
OPERATIONS = registry()
ANN = Actor(id="U0ANN", name="Ann", team="T1", standing=Standing.MEMBER, channel="C1", via="slash")
BUILDERS = Grant("everybody builds", Who(standings=FULL), frozenset(Permission))
MAIN = Protect("main", ("deploy-*",), branches=("main", "größe", "a/b.c"))
RELEASE = Protect("releases", ("deploy-*",), branches=("release/*",), approvals=2)
RULES = Rules(grants=(BUILDERS,), protects=(MAIN, RELEASE))
ANY = st.text(st.characters(codec="utf-8"), max_size=30) | st.text("main/refshd.@{~^:\u200b\u0308", max_size=20)


@given(ANY)
@example("refs/heads/heads/main")
@example("heads/\u0308")
def test_a_name_that_is_taken_is_taken_as_it_is_from_then_on(text: str) -> None:
    """What was kept for an approval is read again, and must be judged the same."""
    for normalise in (normalise_branch, normalise_pattern, normalise_commit, normalise_slug):
        try:
            once = normalise(text)
        except UsageError:
            continue
        assert normalise(once) == once
    assert tidy(tidy(text)) == tidy(text)


@given(ANY)
def test_what_is_sent_is_what_is_judged(text: str) -> None:
    """A name that is taken is the one that rules see."""
    try:
        name = normalise_branch(text)
    except UsageError:
        return
    assert Target("web", name).branch == name
    assert Target("web", name).branches == {name}


@given(ANY)
def test_whatever_buildkite_reports_is_judged(text: str) -> None:
    """No name of a branch is refused or breaks anything once there is a build of it."""
    verdict = decide(RULES, ANN, OPERATIONS["build rebuild"], Target("deploy-prod", text), NOW)
    assert isinstance(verdict, Allow | Ask)


@pytest.mark.parametrize("name", spellings.REFUSED)
def test_the_refusal_shows_what_is_wrong(name: str) -> None:
    """The sentence holds the character or the part, and says what to do."""
    with pytest.raises(UsageError) as caught:
        normalise_branch(name)
    assert caught.value.field == "branch"
    assert caught.value.hint
    assert "`" in caught.value.message or "without a name" in caught.value.message


def test_an_abbreviated_sha_is_a_commit_and_may_be_a_branch() -> None:
    """Git prefers a branch of that name: a protection of it counts; a grant of `commit` is enough all the same."""
    rules = Rules(
        (Grant("main", Who(standings=FULL), frozenset(Permission), branches=("main",)),),
        (Protect("odd", ("web",), branches=("abc1234",)),),
    )
    create = OPERATIONS["build create"]
    assert isinstance(decide(rules, ANN, create, Target("web", "main", "abc1234"), NOW), Ask)
    assert isinstance(decide(rules, ANN, create, Target("web", "main", "abc1235"), NOW), Allow)
    assert isinstance(decide(rules, ANN, create, Target("web", "main", "refs/heads/x"), NOW), Refuse)
    assert isinstance(decide(rules, ANN, create, Target("web", "main", "refs/heads/main"), NOW), Allow)
    assert reach_of("abc1234").names == {"abc1234"}


def test_a_lock_is_compared_in_the_same_form() -> None:
    """Those that were written down before names had one form hold too."""
    lock = Lock("WEB", "refs/heads/release/*", "why", "U0BOB", NOW + timedelta(hours=1), NOW)
    create = OPERATIONS["build create"]
    assert locked(create, Target("web", "heads/release/1"), (lock,), ANN, NOW)
    assert locked(create, Target("web", "x", "refs/heads/release/1"), (lock,), ANN, NOW)
    assert locked(create, Target("web", "main"), (lock,), ANN, NOW) is None


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
    """`refs/heads/`, another case of the pipeline and a decomposed letter do not weaken a protection."""
    rules, _ = read(POLICY.format("refs/heads/" + unicodedata.normalize("NFD", "grö*")))
    assert (rules.protects[0].pipelines, rules.protects[0].branches) == (("deploy-*",), ("grö*",))
    for fine in ("*", "release/*", "[mM]ain", "v?", "octocat:*"):
        assert read(POLICY.format(fine))[0].protects[0].branches == (fine,)


@pytest.mark.parametrize("pattern", ["main\u200b", "ma in", "main/", "a..b", "ｍain", "main~1"])
def test_a_pattern_that_fits_no_branch_is_a_mistake_of_the_file(pattern: str) -> None:
    """A protection of it would protect nothing."""
    with pytest.raises(WrongPolicy, match=r"line 10.*branch"):
        read(POLICY.format(pattern))
