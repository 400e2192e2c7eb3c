"""For every spelling that is generated, the verdict is that of the plain name."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.access.policy.decide import decide
from bot.access.policy.rules import FULL_MEMBERS, Allow, ApprovalRequirement, Grant, Protection, Rules, Principals
from bot.access.target import read_target
from bot.errors import UsageError
from bot.operations.grammar import parse
from bot.operations.operation import Permission
from bot.operations.typed_text import quote
from bot.operations.validation import validate
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
PROTECTED = st.sampled_from(["main", "größe", "a/b.c", "release/1"])
PREFIXES = st.lists(st.sampled_from(["refs/heads/", "heads/"]), max_size=4).map("".join)
FORMS = st.sampled_from(["NFC", "NFD"])
UNSEEN = st.sampled_from(spellings.UNSEEN)
PIPELINES = st.sampled_from(["deploy-prod", "Deploy-Prod", "DEPLOY-PROD", "deploy-PROD"])
TEMPLATES = st.sampled_from(
    ['build create {} -b "{}"', "build create {} --branch={}", 'create "{}@{}"', "create -b {1} -p {0}"]
)


def judged(words: str) -> str:
    """Return the rule that asks about a command, `allow`, or `refuse` where it is not even read."""
    try:
        call = parse(words, OPERATIONS)
        args = validate(OPERATIONS[call.operation], call.args)
    except UsageError:
        return "refuse"
    verdict = decide(RULES, ANN, OPERATIONS[call.operation], read_target(args), NOW)
    return verdict.rule if isinstance(verdict, ApprovalRequirement) else "allow" if isinstance(verdict, Allow) else "refuse"


@given(TEMPLATES, PIPELINES, PREFIXES, PROTECTED, FORMS)
def test_every_spelling_of_a_protected_branch_is_judged_alike(
    template: str, pipeline: str, prefix: str, name: str, form: str
) -> None:
    """By flag, by `@`, with any prefix, composed or decomposed, in any case of the pipeline."""
    spelled = unicodedata.normalize(form, prefix + name)
    assert judged(template.format(pipeline, spelled)) == judged(f"build create deploy-prod -b {name}") != "allow"


@given(TEMPLATES, PREFIXES, PROTECTED, UNSEEN, st.data())
def test_what_nobody_sees_is_never_let_through(
    template: str, prefix: str, name: str, char: str, data: st.DataObject
) -> None:
    """Wherever it stands in the name."""
    spelled = prefix + name
    at = data.draw(st.integers(0, len(spelled)))
    assert judged(template.format("deploy-prod", f"{spelled[:at]}{char}{spelled[at:]}")) == "refuse"


@given(st.sampled_from(["", "refs/heads/", "heads/", "refs/heads/heads/"]), PROTECTED, FORMS)
def test_a_commit_that_names_a_branch_is_judged_as_the_branch(prefix: str, name: str, form: str) -> None:
    """Under the label of another branch too."""
    spelled = unicodedata.normalize(form, prefix + name)
    found = judged(f"build create deploy-prod -b feature -c {quote(spelled)}")
    assert found == judged(f"build create deploy-prod -b {name}")


def test_the_strictest_protection_asks_where_a_commit_may_be_any_branch() -> None:
    """A tag, or a branch that no rule knows; a name that a protection knows is asked about by that one."""
    assert judged("build create deploy-prod -b x -c v1.2") == "releases"
    assert judged("build create deploy-prod -b x -c refs/pull/1/head") == "releases"
    assert judged("build create deploy-prod -b x -c main") == "main"
    assert judged("build create deploy-prod -b x -c origin/main") == "main"
    assert judged("build create deploy-prod -b release/1 -c main") == "releases"
    assert judged("build create deploy-prod -b x -c refs/tags/main") == "allow"
    assert judged("build create deploy-prod -b x -c refs/heads/y") == "allow"
