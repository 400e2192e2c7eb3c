"""Names that people type first, and corrections of what is nearly a command."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated

import pytest
from inline_snapshot import snapshot
from pydantic import Field

from bot.errors import UsageError
from bot.operations.corrections import find_correction, guess_pipeline
from bot.operations.grammar import parse, unparse
from bot.operations.operation import Args, Operation, Opt
from bot.operations.registry import Registry
from bot.operations.usage import format_usage
from bot.operations.vocabulary import list_first_words
from bot.runtime.wording import suggest
from commands import registry
from tests.operations.sample import sample

REGISTRY = registry()


class OtherArgs(Args):
    """Arguments in which `-b` is a body."""

    body: Annotated[str, Opt(short="b"), Field(description="Body")]


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
    "job log web 41",
    "job log web#41",
    "job log web 41 Lint",
    "job log web#41 Unit tests",
    "log 41 Lint",
    "job log Lint -p web -n 41",
    "job reprioritize web 41 Unit tests 10",
    "unblock web 41 release ring=canary",
    "artifacts download web 41 dist/app.js",
    "artifacts download web#41",
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
            "org": "admin organization view",
            "job log web 41": "job log web 41",
            "job log web#41": "job log web#41",
            "job log web 41 Lint": "job log web 41 Lint",
            "job log web#41 Unit tests": 'job log web#41 "Unit tests"',
            "log 41 Lint": "job log 41 Lint",
            "job log Lint -p web -n 41": "job log web 41 Lint",
            "job reprioritize web 41 Unit tests 10": 'job reprioritize web 41 "Unit tests" 10',
            "unblock web 41 release ring=canary": "job unblock web 41 release --fields ring=canary",
            "artifacts download web 41 dist/app.js": "artifacts download web 41 dist/app.js",
            "artifacts download web#41": "artifacts download web#41",
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


def test_a_variable_is_not_a_branch() -> None:
    """`KEY=value` without `-e` isn't offered as a branch, and so its value isn't repeated."""
    assert find_correction("build create web RING=canary", REGISTRY) is None
    assert find_correction("build create web -m x TOKEN=abcdef", REGISTRY) is None


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


@pytest.mark.parametrize("op", [*REGISTRY], ids=lambda op: op.name)
def test_a_placeholder_says_more_than_its_flag(op: Operation) -> None:
    """No usage line has a flag such as `--since since`."""
    assert not re.search(r"--(\S+) \1\b", format_usage(op, most=99))


def test_a_short_flag_means_the_same_everywhere() -> None:
    """A registry refuses a letter that stands for a branch in one operation and for a body in another."""
    other = replace(REGISTRY["build annotate"], args=OtherArgs)
    with pytest.raises(TypeError, match="`-b` means something else"):
        Registry([REGISTRY["build create"], other])


def test_a_former_flag_works_and_says_what_it_is_now() -> None:
    """`-t` was the template of `pipeline create`, and is understood for one release more."""
    call = parse("pipeline create Web -r git@github.com:acme/web.git -t Basic", REGISTRY)
    assert (call.args["template"], call.advice) == snapshot(
        ("Basic", "`-t` is now `--template`. The old form works until the next release.")
    )


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
