"""Messages for mistakes quote the wrong word and show the right form."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from bot.errors import UsageError
from bot.operations.grammar import parse
from bot.operations.validation import validate
from tests.operations.sample import sample

REGISTRY = sample()
TEXTS = (
    "biuld create",
    "build cancle",
    "build frobnicate",
    "list",
    "xyzzy",
    "build -x",
    "build create",
    "build create web web2",
    "build create web --brnach main",
    "build create web -x",
    "build create web -b",
    "build create web -b --yes",
    "build create web --yes=1",
    "build create web -e DEPLOY",
    "build create web -b a -b b",
    "build create web@main -b other",
    "build create web@",
    'build create web -m "never closed',
    "build view web x",
    "build view web 0",
    "build view https://example.com/",
    "build view web#3 4",
    "build list --state pased",
    "build list --limit 51",
    "agent pause",
    "agent pause mac-1 --timeout-in-minutes soon",
    "agent stop",
    "job reprioritize a1 1 --order middle",
    "whoami now",
    "build view `rm -rf`\nx",
)


def explain(text: str) -> str:
    """Return the message that answers a text."""
    try:
        call = parse(text, REGISTRY)
        validate(REGISTRY[call.operation], call.args)
    except UsageError as found:
        return str(found)
    return "understood"


def test_every_mistake_quotes_the_word_and_shows_the_right_form() -> None:
    """Wrong nouns, verbs, flags and values are answered with what is wrong and the right form."""
    assert {text: explain(text) for text in TEXTS} == snapshot(
        {
            "biuld create": "There's no command `biuld`. Did you mean `build`?",
            "build cancle": "`build` has no `cancle`. Did you mean `cancel`?",
            "build frobnicate": "understood",
            "list": "`list` of what? Try `/bk agent list`, `/bk build list` or `/bk organization list`. See `/bk help`.",
            "xyzzy": "There's no command `xyzzy`. See `/bk help`.",
            "build -x": "`-x` needs a command before it. See `/bk help build`.",
            "build create": "`build create` needs `pipeline`. Usage: `/bk build create <pipeline> [-b branch] [-c commit] [-m message] [-e KEY=value] [-i]`",
            "build create web web2": "I don't know what to do with `web2`. Usage: `/bk build create <pipeline> [-b branch] [-c commit] [-m message] [-e KEY=value] [-i]`",
            "build create web --brnach main": "`build create` has no `--brnach`. Did you mean `--branch`?",
            "build create web -x": "`build create` has no `-x`. Usage: `/bk build create <pipeline> [-b branch] [-c commit] [-m message] [-e KEY=value] [-i]`",
            "build create web -b": "`-b` needs a value. Usage: `/bk build create <pipeline> [-b branch] [-c commit] [-m message] [-e KEY=value] [-i]`",
            "build create web -b --yes": "`-b` needs a value, but `--yes` follows. Usage: `/bk build create <pipeline> [-b branch] [-c commit] [-m message] [-e KEY=value] [-i]`",
            "build create web --yes=1": "`--yes` takes no value. Usage: `/bk build create <pipeline> [-b branch] [-c commit] [-m message] [-e KEY=value] [-i]`",
            "build create web -e DEPLOY": "`-e` takes `KEY=value`: there's no `=`, or nothing before it.",
            "build create web -b a -b b": "`--branch` is given twice: `a` and `b`. Usage: `/bk build create <pipeline> [-b branch] [-c commit] [-m message] [-e KEY=value] [-i]`",
            "build create web@main -b other": "You gave both `main` and `other` as the branch. Usage: `/bk build create <pipeline> [-b branch] [-c commit] [-m message] [-e KEY=value] [-i]`",
            "build create web@": "`web@` has no branch after the `@`. Usage: `/bk build create <pipeline> [-b branch] [-c commit] [-m message] [-e KEY=value] [-i]`",
            'build create web -m "never closed': "The quotation mark before `never` isn't closed. Close it or remove it.",
            "build view web x": "`x` isn't a whole number for `number`. Usage: `/bk build view [pipeline] [number]`",
            "build view web 0": "`0` is too small for `number`: it must be at least 1. Usage: `/bk build view [pipeline] [number]`",
            "build view https://example.com/": "`https://example.com/` isn't the URL of a pipeline, build or job. Usage: `/bk build view [pipeline] [number]`",
            "build view web#3 4": "You gave both `4` and `3` as the number. Usage: `/bk build view [pipeline] [number]`",
            "build list --state pased": "`pased` isn't an option for `--state`. Did you mean `passed`?",
            "build list --limit 51": "`51` is too large for `--limit`: it must be at most 50. Usage: `/bk build list [pipeline] [--state running|passed|failed] [--branch branch] [--limit N] [--no-summary]`",
            "agent pause": "`agent pause` needs `agent`. Usage: `/bk agent pause <agent> [--note note] [--timeout-in-minutes N]`",
            "agent pause mac-1 --timeout-in-minutes soon": "`soon` isn't a whole number for `--timeout-in-minutes`. Usage: `/bk agent pause <agent> [--note note] [--timeout-in-minutes N]`",
            "agent stop": "`agent stop` needs `agent`. Usage: `/bk agent stop <agent>… [--force]`",
            "job reprioritize a1 1 --order middle": "`middle` isn't an option for `--order`. Choose `first` or `last`.",
            "whoami now": "I don't know what to do with `now`. Usage: `/bk whoami`",
            """\
build view `rm -rf`
x\
""": "`build view` has no `-r`. Usage: `/bk build view [pipeline] [number]`",
        }
    )


def test_a_wrong_value_names_its_argument() -> None:
    """An error names its argument, so that a form can show it under that input."""
    with pytest.raises(UsageError) as caught:
        validate(REGISTRY["agent pause"], {"agent": "mac-1", "timeout_in_minutes": "0"})
    assert caught.value.field == "timeout_in_minutes"


def test_an_unknown_argument_is_named_by_its_flag() -> None:
    """An unknown argument of a call is refused like an unknown flag."""
    with pytest.raises(UsageError, match=r"`agent pause` has no `--nte`. Did you mean `--note`"):
        validate(REGISTRY["agent pause"], {"agent": "mac-1", "nte": "x"})
