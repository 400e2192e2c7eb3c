"""Whatever the spelling and the entry point, the verdict on a branch is that on its plain name."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.access.policy.decide import decide
from bot.access.policy.rules import (
    FULL_MEMBERS,
    Allow,
    ApprovalRequirement,
    Grant,
    Principals,
    Protection,
    Rules,
)
from bot.access.target import resolve_target
from bot.buildkite.client import Buildkite
from bot.errors import UsageError
from bot.operations.operation import Permission
from bot.operations.reply import Call
from bot.operations.validation import validate
from bot.slack.types import Actor, Standing
from tests.policy import spellings
from tests.policy.entry_points import KNOWN_BUILDS, NEW_BUILDS, OPERATIONS, parse_text
from tests.sampling import many_examples

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
ANN = Actor(id="U0ANN", name="Ann", team="T1", standing=Standing.MEMBER, channel="C1", via="slash")
EVERYONE = Principals(standings=FULL_MEMBERS)
BUILDERS = Grant("everyone builds", EVERYONE, frozenset(Permission) - {Permission.READ})
READERS = Grant("public branches", EVERYONE, frozenset({Permission.READ}), ("deploy-*",), ("public/*",))
MAIN = Protection("main", ("deploy-*",), branches=("main", "größe", "a/b.c"))
RELEASE = Protection("releases", ("deploy-*",), branches=("release/*",), approvals=2)
RULES = Rules(grants=(BUILDERS, READERS), protections=(MAIN, RELEASE))
PROTECTED = st.sampled_from(["main", "größe", "a/b.c", "release/1"])
PREFIXES = st.lists(st.sampled_from(["refs/heads/", "heads/"]), max_size=4).map("".join)
FORMS = st.sampled_from(["NFC", "NFD"])
UNSEEN = st.sampled_from(spellings.UNSEEN)
PIPELINES = st.sampled_from(["deploy-prod", "Deploy-Prod", "DEPLOY-PROD", "deploy-PROD"])
CHANGES = ("build rebuild", "build retry", "job unblock")
READS = ("build view", "build watch")
# Each property runs for ten entry points: together they try more spellings than the default for one.
few_examples = many_examples(40)


@dataclass(frozen=True)
class ReportedBuild:
    """Buildkite, of which one build is known: by the branch that it reports."""

    branch: str

    async def build(self, _pipeline: str, _number: int, **_more: Any) -> ReportedBuild:
        """Return the build, whichever is asked for."""
        return self


def judge(make_call: Callable[[], Call], reported: str = "") -> str:
    """Return the rule that requires approvals, `allow`, or `refuse`; also `refuse` if there is no valid call."""
    try:
        call = make_call()
        args = validate(OPERATIONS[call.operation], call.args)
    except UsageError:
        return "refuse"
    buildkite = cast(Buildkite, ReportedBuild(reported))
    target = asyncio.run(resolve_target(args, buildkite, RULES, ()))
    verdict = decide(RULES, ANN, OPERATIONS[call.operation], target, NOW)
    if isinstance(verdict, ApprovalRequirement):
        return verdict.rule
    return "allow" if isinstance(verdict, Allow) else "refuse"


def judge_plain(name: str) -> str:
    """Return the verdict on a new build of a branch in its plain spelling."""
    return judge(lambda: parse_text(f"build create deploy-prod -b {name}"))


@pytest.mark.parametrize("entry", NEW_BUILDS)
@few_examples
@given(PIPELINES, PREFIXES, PROTECTED, FORMS)
def test_a_protected_branch_needs_approval_in_every_spelling(
    entry: str, pipeline: str, prefix: str, name: str, form: str
) -> None:
    """With any prefix, composed or decomposed, in any case of the pipeline."""
    spelled = {"pipeline": pipeline, "branch": unicodedata.normalize(form, prefix + name)}
    assert judge(lambda: NEW_BUILDS[entry](spelled)) == judge_plain(name) != "allow"


@pytest.mark.parametrize("entry", NEW_BUILDS)
@few_examples
@given(PREFIXES, PROTECTED, UNSEEN, st.data())
def test_a_branch_with_an_invisible_character_is_refused(
    entry: str, prefix: str, name: str, char: str, data: st.DataObject
) -> None:
    """Wherever the character is in the name."""
    plain = prefix + name
    at = data.draw(st.integers(0, len(plain)))
    spelled = {"pipeline": "deploy-prod", "branch": f"{plain[:at]}{char}{plain[at:]}"}
    assert judge(lambda: NEW_BUILDS[entry](spelled)) == "refuse"


@pytest.mark.parametrize("entry", NEW_BUILDS)
@few_examples
@given(st.sampled_from(["", "refs/heads/", "heads/", "refs/heads/heads/"]), PROTECTED, FORMS)
def test_a_commit_that_names_a_branch_is_judged_as_the_branch(
    entry: str, prefix: str, name: str, form: str
) -> None:
    """Although the build is labelled with another branch."""
    commit = unicodedata.normalize(form, prefix + name)
    spelled = {"pipeline": "deploy-prod", "branch": "feature", "commit": commit}
    assert judge(lambda: NEW_BUILDS[entry](spelled)) == judge_plain(name) != "allow"


@pytest.mark.parametrize("entry", NEW_BUILDS)
@pytest.mark.parametrize("pipeline", spellings.NO_SLUGS, ids=ascii)
def test_a_pipeline_with_an_invisible_character_is_refused(entry: str, pipeline: str) -> None:
    """A look-alike of the protected pipeline is refused too."""
    assert judge(lambda: NEW_BUILDS[entry]({"pipeline": pipeline, "branch": "main"})) == "refuse"


@pytest.mark.parametrize("entry", KNOWN_BUILDS)
@few_examples
@given(st.sampled_from(CHANGES), PIPELINES, PREFIXES, PROTECTED, FORMS)
def test_a_build_is_judged_by_the_branch_that_buildkite_reports(
    entry: str, operation: str, pipeline: str, prefix: str, name: str, form: str
) -> None:
    """A rebuild, a retry and an unblock need the approvals of the plain branch, however the branch is reported."""
    reported = unicodedata.normalize(form, prefix + name)
    assert judge(lambda: KNOWN_BUILDS[entry](operation, pipeline), reported) == judge_plain(name) != "allow"


@pytest.mark.parametrize("entry", KNOWN_BUILDS)
@few_examples
@given(st.sampled_from(CHANGES), PROTECTED, UNSEEN, st.data())
def test_a_reported_branch_is_judged_as_people_read_it(
    entry: str, operation: str, name: str, char: str, data: st.DataObject
) -> None:
    """An invisible character in the reported branch gets around no protection."""
    at = data.draw(st.integers(0, len(name)))
    reported = f"{name[:at]}{char}{name[at:]}"
    assert judge(lambda: KNOWN_BUILDS[entry](operation, "deploy-prod"), reported) == judge_plain(name)


@pytest.mark.parametrize("entry", KNOWN_BUILDS)
@few_examples
@given(st.sampled_from(READS), PIPELINES, PREFIXES, st.sampled_from(["public/1", "public/größe", "main"]), FORMS)
def test_a_build_may_be_seen_by_the_plain_name_of_its_branch(
    entry: str, operation: str, pipeline: str, prefix: str, name: str, form: str
) -> None:
    """A grant to read some branches holds for every spelling of these, and for no spelling of others."""
    reported = unicodedata.normalize(form, prefix + name)
    expected = "allow" if name.startswith("public/") else "refuse"
    assert judge(lambda: KNOWN_BUILDS[entry](operation, pipeline), reported) == expected


def test_the_strictest_protection_applies_if_a_commit_may_be_any_branch() -> None:
    """A tag, or a branch that no rule knows, may be any; a name that a protection knows counts as that branch."""

    def judge_commit(branch: str, commit: str) -> str:
        return judge(lambda: parse_text(f"build create deploy-prod -b {branch} -c {commit}"))

    assert judge_commit("x", "v1.2") == "releases"
    assert judge_commit("x", "refs/pull/1/head") == "releases"
    assert judge_commit("x", "main") == "main"
    assert judge_commit("x", "origin/main") == "main"
    assert judge_commit("release/1", "main") == "releases"
    assert judge_commit("x", "refs/tags/main") == "allow"
    assert judge_commit("x", "refs/heads/y") == "allow"
