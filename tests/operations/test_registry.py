"""Every operation can be typed, shown as a form and looked up in help."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from bot.operations.arguments import Argument, read_arguments
from bot.operations.declarations import Unjudged
from bot.operations.forms import render_form
from bot.operations.grammar import parse, unparse
from bot.operations.help_text import render_command_table, render_help
from bot.operations.operation import Args, Effect, Operation, Opt, Permission
from bot.operations.registry import Registry
from bot.operations.render import render_reply
from bot.operations.reply import Call
from bot.operations.usage import format_usage
from bot.operations.validation import validate
from commands import registry
from tests.operations.calls import calls
from tests.rendering.message_checks import find_faults, find_view_faults
from tests.sampling import many_examples

REGISTRY = registry()
EVERY = pytest.mark.parametrize("op", [*REGISTRY], ids=lambda op: op.name)


@EVERY
def test_an_operation_explains_itself(op: Operation) -> None:
    """Each operation has a summary of one sentence, and help that fits a message and shows its usage."""
    assert op.summary.endswith(".")
    assert "\n" not in op.summary
    answer = render_help(REGISTRY, lambda _: True, op.noun, op.verb or None)
    message = render_reply(answer, actor=None, button_value=lambda index, _: str(index))
    assert find_faults(message) == []
    assert format_usage(op, most=20).replace("<", "&lt;").replace(">", "&gt;") in answer.text


def _inputs(argument: Argument) -> list[str]:
    """Return the block ids of an argument: its input, and a file input where a file may replace it."""
    return [argument.name, f"{argument.name}.file"] if argument.opt.file_types else [argument.name]


@EVERY
def test_an_operations_form_is_one_that_slack_takes(op: Operation) -> None:
    """Each form is within Slack's limits and labels its inputs with descriptions."""
    view = render_form(op, {}, callback_id=f"form:{op.name}", private_metadata="row")
    assert find_view_faults(view) == []
    asked = [id_ for argument in read_arguments(op.args) if argument.opt.in_form for id_ in _inputs(argument)]
    assert [block["block_id"] for block in view["blocks"] if block["type"] == "input"] == asked


@EVERY
def test_an_operations_examples_work(op: Operation) -> None:
    """Each example parses as a valid call of its operation."""
    for example in op.examples:
        call = parse(example, REGISTRY)
        assert call.operation == op.name
        validate(op, call.args)


@many_examples(200)
@given(st.sampled_from([op for op in REGISTRY if not op.form_only_message]).flatmap(calls))
def test_any_call_can_be_typed(call: Call) -> None:
    """Each call of a form or a button can be typed as well, except calls that only a form accepts."""
    assert parse(unparse(call, REGISTRY), REGISTRY) == call


def test_the_table_has_every_operation_once() -> None:
    """The documentation's table has one row per command, with who may run it."""
    rows = render_command_table(REGISTRY).splitlines()[2:]
    assert len(rows) == len([*REGISTRY])
    for op, row in zip(REGISTRY, rows, strict=True):
        assert row.startswith(f"| `/bk {op.name}")
        assert f"(`{op.needs}`)" in row


@pytest.mark.parametrize("permission", list(Permission))
def test_the_table_says_who_may_run_it(permission: Permission) -> None:
    """The table says for every permission who has it by default."""
    op = next(iter(REGISTRY))
    changed = replace(op, needs=permission)
    assert f"(`{permission}`)" in render_command_table(type(REGISTRY)([changed]))


class Undeclared(Args):
    """A branch that the policy would never see."""

    branch: Annotated[str | None, Opt(short="b")] = None


class Declared(Args):
    """A branch with the reason why it isn't judged."""

    branch: Annotated[str | None, Opt(short="b", target=Unjudged("only a label"))] = None


class Twice(Args):
    """Two pipelines, of which the policy would see one."""

    pipeline: Annotated[str, Opt(target="pipeline")] = ""
    source: Annotated[str, Opt(target="pipeline")] = ""


class Values(Args):
    """Values that the audit might show."""

    values: Annotated[dict[str, str], Opt(), Field(default_factory=dict)]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Undeclared, "`branch` must declare its target"),
        (Twice, "two arguments declare the same part"),
        (Values, "`values` must declare whether it's secret"),
    ],
)
def test_an_operation_with_undeclared_arguments_is_refused(model: type[Args], message: str) -> None:
    """An argument that looks like a target or a secret and doesn't say whether it is stops the start."""
    with pytest.raises(TypeError, match=message):
        Registry([replace(REGISTRY["status"], args=model)])
    assert Registry([replace(REGISTRY["status"], args=Declared)])


def test_an_operation_that_recovery_could_not_end_is_refused() -> None:
    """Changes of our own state are repeatable or have a probe; changes in Buildkite are never repeated."""
    lock = REGISTRY["lock"]
    with pytest.raises(TypeError, match="repeatable, or a probe"):
        Registry([replace(lock, repeatable=False)])
    with pytest.raises(TypeError, match="only the bot's own state can be changed again"):
        Registry([replace(lock, effect=Effect.CHANGES_BUILDKITE)])
