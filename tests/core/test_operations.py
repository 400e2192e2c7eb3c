"""Every operation that there is can be typed, shown as a form, and looked up."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.operations.arguments import Argument, arguments
from bot.operations.forms import form
from bot.operations.grammar import parse, unparse
from bot.operations.help_text import command_table, help_reply
from bot.operations.operation import Operation, Permission
from bot.operations.render import render_reply
from bot.operations.reply import Call
from bot.operations.usage import usage
from bot.operations.validation import validate
from commands import registry
from tests.core.calls import calls
from tests.core.drawn import faults, view_faults

REGISTRY = registry()
EVERY = pytest.mark.parametrize("op", [*REGISTRY], ids=lambda op: op.name)


@EVERY
def test_an_operation_explains_itself(op: Operation) -> None:
    """It has a summary in one sentence, its help fits a message and shows its usage."""
    assert op.summary.endswith(".")
    assert "\n" not in op.summary
    answer = help_reply(REGISTRY, lambda _: True, op.noun, op.verb or None)
    message = render_reply(answer, actor=None, button_value=lambda index, _: str(index))
    assert faults(message) == []
    assert usage(op, most=20).replace("<", "&lt;").replace(">", "&gt;") in answer.text


def _inputs(argument: Argument) -> list[str]:
    """Its own, and one for a file in its place where that may be."""
    return [argument.name, f"{argument.name}.file"] if argument.opt.attach else [argument.name]


@EVERY
def test_an_operations_form_is_one_that_slack_takes(op: Operation) -> None:
    """The form drawn from its model is within the limits, each label a description."""
    view = form(op, {}, callback_id=f"form:{op.name}", private_metadata="row")
    assert view_faults(view) == []
    asked = [id_ for argument in arguments(op.args) if argument.opt.form for id_ in _inputs(argument)]
    assert [block["block_id"] for block in view["blocks"] if block["type"] == "input"] == asked


@EVERY
def test_an_operations_examples_work(op: Operation) -> None:
    """Each example is understood as a call of that operation, with arguments in order."""
    for example in op.examples:
        call = parse(example, REGISTRY)
        assert call.operation == op.name
        validate(op, call.args)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([op for op in REGISTRY if not op.form_only]).flatmap(calls))
def test_any_call_can_be_typed(call: Call) -> None:
    """Whatever a form or a button asks for has words that mean the same, but for what is never typed."""
    assert parse(unparse(call, REGISTRY), REGISTRY) == call


def test_the_table_has_every_operation_once() -> None:
    """The README's table: a row a command, with who may run it."""
    rows = command_table(REGISTRY).splitlines()[2:]
    assert len(rows) == len([*REGISTRY])
    for op, row in zip(REGISTRY, rows, strict=True):
        assert row.startswith(f"| `/bk {op.name}")
        assert f"(`{op.needs}`)" in row


@pytest.mark.parametrize("permission", list(Permission))
def test_the_table_says_who_may(permission: Permission) -> None:
    """Every permission has words for the people who have it by default."""
    op = next(iter(REGISTRY))
    changed = Operation(op.name, op.args, op.run, permission, op.effect, op.summary)
    assert f"(`{permission}`)" in command_table(type(REGISTRY)([changed]))
