"""Names that people type first, and corrections of what is nearly a command."""

from __future__ import annotations

from dataclasses import replace

import pytest
from inline_snapshot import snapshot

from bot.errors import UsageError
from bot.operations.corrections import find_correction, guess_pipeline
from bot.operations.grammar import parse, unparse
from bot.operations.operation import Operation
from bot.operations.registry import Registry
from bot.operations.vocabulary import list_first_words
from bot.runtime.wording import suggest
from commands import registry
from tests.operations.sample import sample

REGISTRY = registry()
TYPED_FIRST = (
    "build web",
    "build web -b main",
    "run web",
    "start web",
    "trigger web",
    "build start web",
    "builds",
    "builds web",
    "builds view web 41",
    "agents",
    "agent linux-1",
    "jobs",
    "jobs web 41",
    "pipelines",
    "pipeline web",
    "artifacts",
    "artifact list web 41",
    "queues",
    "web#41",
    "web 41",
    "build web#41",
    "build web 41",
    "https://buildkite.com/acme/web/builds/41",
    "build unblock",
    "unblock",
    "build log",
    "logs",
    "stop web 41",
    "build stop",
    "build status web 41",
    "follow web 41",
    "version",
    "org",
)


def test_what_people_type_first_is_understood() -> None:
    """Plurals list, synonyms work with and without their noun, and an address shows its build."""
    assert {text: unparse(parse(text, REGISTRY), REGISTRY) for text in TYPED_FIRST} == snapshot(
        {
            "build web": "build create web",
            "build web -b main": "build create web -b main",
            "run web": "build create web",
            "start web": "build create web",
            "trigger web": "build create web",
            "build start web": "build create web",
            "builds": "build list",
            "builds web": "build list web",
            "builds view web 41": "build view web 41",
            "agents": "agent list",
            "agent linux-1": "agent view linux-1",
            "jobs": "job list",
            "jobs web 41": "job list web 41",
            "pipelines": "pipeline list",
            "pipeline web": "pipeline view web",
            "artifacts": "artifacts list",
            "artifact list web 41": "artifacts list web 41",
            "queues": "queue list",
            "web#41": "build view web#41",
            "web 41": "build view web 41",
            "build web#41": "build view web#41",
            "build web 41": "build view web 41",
            "https://buildkite.com/acme/web/builds/41": "build view https://buildkite.com/acme/web/builds/41",
            "build unblock": "job unblock",
            "unblock": "job unblock",
            "build log": "job log",
            "logs": "job log",
            "stop web 41": "build cancel web 41",
            "build stop": "build cancel",
            "build status web 41": "build view web 41",
            "follow web 41": "build watch web 41",
            "version": "status",
            "org": "organization view",
        }
    )


NEARLY = (
    "biuld create web",
    "build crate web",
    "bilds",
    "build create web main",
    "build web main",
    "unlock web main",
    "build create web --brnach main",
    "build list --state pased",
    "build create web main -e TOKEN=abcdef",
    "build web cancel",
    "web cancel",
    "build cancle web 41",
    "agnet stop linux-1",
    "subscirbe web",
)


def describe_correction(text: str) -> tuple[str, str, bool] | None:
    """Return what is offered in place of a text."""
    found = find_correction(text, REGISTRY)
    return (found.line, found.reason, found.may_be_offered) if found else None


def test_a_near_miss_is_corrected() -> None:
    """The corrected line is a command; what stops or deletes isn't offered as a button, and secrets are masked."""
    assert {text: describe_correction(text) for text in NEARLY} == snapshot(
        {
            "biuld create web": ("/bk build create web", "", True),
            "build crate web": ("/bk build create web", "", True),
            "bilds": ("/bk build list", "", True),
            "build create web main": ("/bk build create web -b main", "A branch goes after `-b`.", True),
            "build web main": ("/bk build create web -b main", "A branch goes after `-b`.", True),
            "unlock web main": ("/bk unlock web -b main", "A branch goes after `-b`.", True),
            "build create web --brnach main": ("/bk build create web -b main", "", True),
            "build list --state pased": ("/bk build list -s passed", "", True),
            "build create web main -e TOKEN=abcdef": (
                "/bk build create web -b main -e TOKEN=•••",
                "A branch goes after `-b`.",
                True,
            ),
            "build web cancel": ("/bk build cancel web", "", False),
            "web cancel": ("/bk build cancel web", "", False),
            "build cancle web 41": ("/bk build cancel web 41", "", False),
            "agnet stop linux-1": ("/bk agent stop linux-1", "", False),
            "subscirbe web": ("/bk subscribe web", "", True),
        }
    )


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "thanks",
        "thanks!",
        "what's up",
        "frobnicate",
        "build frobnicate x y",
        "help",
        "build create web",
        "",
        '"',
    ],
)
def test_what_is_not_near_a_command_is_not_corrected(text: str) -> None:
    """Greetings, nonsense and what is right already get no correction."""
    assert find_correction(text, REGISTRY) is None


@pytest.mark.parametrize(
    "word", ["hello", "thanks", "hi", "thanks!", "what's", "please", "cheers", "sorry", "great"]
)
def test_a_suggestion_is_near(word: str) -> None:
    """No command is suggested for a word that only shares some letters with it."""
    assert suggest(word, list_first_words(REGISTRY)) == ""


def test_a_former_name_works_and_says_what_it_is_now() -> None:
    """The call is the same, and carries advice; rows and buttons find the operation by its former name as well."""
    few = sample()
    call = parse("org ls", few)
    assert (call.operation, call.advice) == snapshot(
        (
            "organization list",
            "`/bk org ls` is now `/bk organization list`. The old form works until the next release.",
        )
    )
    assert few["org ls"] is few["organization list"]
    assert parse("organization list", few).advice == ""


def _rename(op: Operation, also: tuple[str, ...] = (), former: tuple[str, ...] = ()) -> Operation:
    return replace(op, also=also, former=former)


def test_a_name_means_one_operation() -> None:
    """A registry refuses a further or former name that another operation has."""
    view, cancel = sample()["build view"], sample()["build cancel"]
    for changed in (
        _rename(cancel, also=("build view",)),
        _rename(cancel, former=("build view",)),
        _rename(cancel, ("x",), ("x",)),
    ):
        with pytest.raises(TypeError, match="declared twice"):
            Registry([view, changed])
    with pytest.raises(TypeError, match="is a name of both"):
        Registry([_rename(view, also=("show",)), _rename(cancel, also=("show",))])


@pytest.mark.parametrize(
    ("text", "slug"), [("web", "web"), ("/bk docs-site", "docs-site"), ("statsu", None), ("a b", None)]
)
def test_a_lone_word_may_be_a_pipeline(text: str, slug: str | None) -> None:
    """A word that is no command, nor nearly one, shows the newest build of that pipeline."""
    call = guess_pipeline(text, REGISTRY)
    assert (call.args["pipeline"] if call else None) == slug


def test_an_unknown_word_after_a_noun_is_a_pipeline_unless_it_is_nearly_a_verb() -> None:
    """`build crate web` doesn't start a build of crate."""
    with pytest.raises(UsageError, match="Did you mean `create`"):
        parse("build crate web", REGISTRY)
