"""A form asks for the arguments of its model, and submitting it makes the same call."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from bot.errors import UsageError
from bot.operations.arguments import Argument, read_arguments
from bot.operations.forms import (
    read_submission,
    render_errors,
    render_form,
    render_loading_view,
    render_notice_view,
)
from bot.operations.operation import FormField, Operation
from bot.operations.validation import validate
from bot.slack.form_values import FormValues
from tests.operations.sample import sample
from tests.rendering.message_checks import find_view_faults
from tests.sampling import many_examples

REGISTRY = sample()
FIELDS = (
    FormField("release-name", "Release name", hint="1.42"),
    FormField(
        "regions",
        "Regions",
        options=(("EU", "eu"), ("US", "us"), ("Both", "x" * 200)),
        multiple=True,
        default="eu",
    ),
    FormField("reviewer", "Reviewer", required=False, options=(("Nobody", ""), ("Ann", "ann"))),
)


def open_form(name: str, given: dict[str, Any], fields: tuple[FormField, ...] = ()) -> dict[str, Any]:
    """Return the form of an operation."""
    return render_form(REGISTRY[name], given, callback_id=f"form:{name}", private_metadata="row1", fields=fields)


def submit_unchanged(view: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the state that Slack sends when a person submits a form unchanged."""
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    return {block["block_id"]: {block["element"]["action_id"]: _state(block["element"])} for block in inputs}


def _state(element: dict[str, Any]) -> dict[str, Any]:
    kind = element["type"]
    if kind.startswith("multi_") or kind == "checkboxes":
        return {"type": kind, "selected_options": element.get("initial_options", [])}
    if kind.endswith("_select"):
        return {"type": kind, "selected_option": element.get("initial_option")}
    return {"type": kind, "value": element.get("initial_value")}


def outline(view: dict[str, Any]) -> list[str]:
    """Describe a form with one line per input."""
    return [_outline(block) for block in view["blocks"] if block["type"] == "input"]


def _outline(block: dict[str, Any]) -> str:
    element = block["element"]
    state = _state(element)
    chosen = [option["value"] for option in state.get("selected_options", [])]
    item = (state.get("selected_option") or {}).get("value")
    need = "optional" if block["optional"] else "required"
    first = chosen or item or state.get("value")
    asked = f"{block['block_id']}: {block['label']['text']}, {need}"
    return f"{asked}, {element['type']} {element['action_id']}, {first!r}"


def test_the_form_of_a_build_asks_for_what_the_model_says() -> None:
    """The form has a pipeline typeahead, branch, commit, message and environment, with labels and defaults."""
    view = open_form("build create", {"pipeline": "web", "env": {"A": "1", "B": "x=y"}})
    assert find_view_faults(view) == []
    assert [
        view["title"]["text"],
        view["submit"]["text"],
        view["callback_id"],
        view["private_metadata"],
    ] == snapshot(["Create build", "Create", "form:build create", "row1"])
    assert outline(view) == snapshot(
        [
            "pipeline: Pipeline, required, external_select suggest:pipeline, 'web'",
            "branch: Branch, optional, external_select suggest:branch, None",
            "commit: Commit, optional, plain_text_input value, 'HEAD'",
            "message: Message, optional, plain_text_input value, None",
            "env: Environment, optional, plain_text_input value, 'A=1\\nB=x=y'",
            "ignore_branch_filters: Ignore branch filters, optional, checkboxes value, None",
        ]
    )


def test_numbers_menus_and_switches_have_their_own_inputs() -> None:
    """Bounds, choices and booleans of the model become Block Kit elements."""
    assert {
        name: outline(open_form(name, {})) for name in ("agent pause", "build list", "agent stop")
    } == snapshot(
        {
            "agent pause": [
                "agent: Agent name or id, required, external_select suggest:agent, None",
                "note: Why, optional, plain_text_input value, None",
                "timeout_in_minutes: Resume by itself after, optional, number_input value, '5'",
            ],
            "build list": [
                "pipeline: Pipeline, optional, external_select suggest:pipeline, None",
                "state: States, optional, multi_static_select value, None",
                "branch: Branches, optional, plain_text_input value, None",
                "limit: At most, optional, number_input value, '10'",
                "summary: Without jobs, optional, checkboxes value, ['true']",
            ],
            "agent stop": [
                "agent: Agent, required, multi_external_select suggest:agent, None",
                "force: Cancel what runs, optional, checkboxes value, None",
            ],
        }
    )


def test_a_block_steps_fields_become_inputs() -> None:
    """Texts, menus and multiple choices have Buildkite's labels and defaults; the known job isn't asked for."""
    view = open_form("job unblock", {"job": "j1"}, FIELDS)
    assert find_view_faults(view) == []
    assert outline(view) == snapshot(
        [
            "pipeline: Pipeline, optional, external_select suggest:pipeline, None",
            "number: Build number, optional, number_input value, None",
            "fields.release-name: Release name, required, plain_text_input value, None",
            "fields.regions: Regions, required, multi_static_select value, ['eu']",
            "fields.reviewer: Reviewer, optional, static_select value, 'option:0'",
        ]
    )


def test_a_block_step_without_fields_can_still_be_confirmed() -> None:
    """The form names the build, says that there is nothing to fill in, and has its button."""
    view = open_form("job unblock", {"pipeline": "web", "number": 101, "job": "j1", "fields": {}})
    assert find_view_faults(view) == []
    texts = [block.get("text", block.get("elements", [{}])[0])["text"] for block in view["blocks"]]
    assert texts == snapshot(["web#101", "There's nothing to fill in. Press *Unblock* to continue."])
    assert read_submission(REGISTRY["job unblock"], {}, (), {"job": "j1"}).args == {"job": "j1"}


def test_a_block_steps_answers_are_collected() -> None:
    """Answers become `fields`, with a line for each of several choices and without empty ones."""
    values = {
        "fields.release-name": {"value": {"type": "plain_text_input", "value": "1.42"}},
        "fields.regions": {"value": {"selected_options": [{"value": "us"}, {"value": "option:2"}]}},
        "fields.reviewer": {"value": {"selected_option": {"value": "option:0"}}},
    }
    args = read_submission(
        REGISTRY["job unblock"],
        msgspec.convert(values, FormValues),
        FIELDS,
        given={"org": "acme", "number": "7", "job": "j1"},
    ).args
    assert args == {
        "org": "acme",
        "number": "7",
        "job": "j1",
        "fields": {"release-name": "1.42", "regions": "us\n" + "x" * 200},
    }


def _values(argument: Argument) -> st.SearchStrategy[Any]:
    letters = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"])
    text = st.text(letters, min_size=1, max_size=12)
    match argument.kind:
        case "bool":
            return st.just(str(not argument.default).lower())
        case "choice":
            return st.sampled_from(argument.choices)
        case "number":
            return st.integers(argument.low or -9, argument.high or 99).map(str)
        case "dict":
            return st.dictionaries(st.from_regex(r"[A-Z_]{1,5}", fullmatch=True), text, min_size=1, max_size=3)
        case "list":
            item = st.sampled_from(argument.choices) if argument.choices else text
            return st.lists(item, min_size=1, max_size=3, unique=True)
    return text


def _given(op: Operation) -> st.SearchStrategy[tuple[Operation, dict[str, Any]]]:
    declared = read_arguments(op.args)
    required = {item.name: _values(item) for item in declared if item.required}
    optional = {item.name: _values(item) for item in declared if not item.required}
    return st.tuples(st.just(op), st.fixed_dictionaries(required, optional=optional))


@many_examples(150)
@given(st.sampled_from([*REGISTRY]).flatmap(_given))
def test_an_untouched_form_gives_back_what_it_was_given(case: tuple[Operation, dict[str, Any]]) -> None:
    """Opening a form with any arguments and submitting it gives the same arguments."""
    op, given_args = case
    view = render_form(op, given_args, callback_id="f", private_metadata="r")
    assert find_view_faults(view) == []
    back = read_submission(op, msgspec.convert(submit_unchanged(view), FormValues), given=given_args).args
    assert _validate(op, back) == _validate(op, given_args)


def _validate(op: Operation, args: dict[str, Any]) -> object:
    """Return the validated model or the error; choices are compared as sets, because menus reorder them."""
    try:
        model = validate(op, args)
    except UsageError as mistake:
        return str(mistake)
    return {name: sorted(value) if isinstance(value, tuple) else value for name, value in model}


@many_examples(100)
@given(
    st.text(max_size=400),
    st.text(max_size=4000),
    st.lists(st.builds(FormField, *[st.text(max_size=300)] * 5), max_size=4),
)
def test_any_form_is_one_that_slack_takes(word: str, long: str, fields: list[FormField]) -> None:
    """The modal is within Slack's limits for any typed text and any field names."""
    given_args = {"pipeline": word, "branch": long, "message": long, "env": {word: long}}
    for view in (
        render_form(REGISTRY["build create"], given_args, callback_id=word, private_metadata=long, title=word),
        render_form(
            REGISTRY["job unblock"], {"job": word}, callback_id="f", private_metadata="r", fields=_options(fields)
        ),
        render_loading_view(word),
        render_notice_view(word, long),
    ):
        assert find_view_faults(view) == []


def _options(fields: list[FormField]) -> list[FormField]:
    many = tuple((f"label {n}", "v" * n) for n in range(160))
    return [
        *fields,
        FormField("menu", "Menu", options=many),
        FormField("menus", "Menus", options=many, multiple=True),
    ]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            UsageError("`0` is too small.", "Usage: `x`", "timeout_in_minutes"),
            {"timeout_in_minutes": "“0” is too small."},
        ),
        (UsageError("No agent `x`.", "Did you mean `y`?"), {"agent": "No agent “x”. Did you mean “y”?"}),
        (UsageError("Odd.", field="elsewhere"), {"agent": "Odd."}),
    ],
)
def test_an_error_is_shown_under_its_input(error: UsageError, expected: dict[str, str]) -> None:
    """The error is shown under the wrong input, or under the first one."""
    assert render_errors(REGISTRY["agent pause"], [error]) == expected


def test_an_error_in_a_block_steps_field_is_shown_under_it() -> None:
    """A field's input is found by its key."""
    error = UsageError("`regions` is needed.", field="regions")
    assert render_errors(REGISTRY["job unblock"], [error], FIELDS) == {"fields.regions": "“regions” is needed."}


def test_malformed_lines_are_errors_of_the_environment() -> None:
    """Lines without `=` are named before anything is sent, and not quoted, because they may be secrets."""
    values = {"env": {"value": {"value": "A=1\n\nDEPLOY\n=x"}}, "commit": {"value": {"value": "main"}}}
    args, (mistake,) = read_submission(REGISTRY["build create"], msgspec.convert(values, FormValues))
    assert args == {"commit": "main"}
    assert (mistake.field, str(mistake)) == ("env", "Environment, lines 3 and 4: write KEY=value, one per line.")
