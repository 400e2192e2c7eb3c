"""A form asks for what the model needs, and its submission is the same call."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from bot.errors import UsageError
from bot.operations.arguments import Argument, arguments
from bot.operations.forms import errors, form, loading, notice_view, submitted
from bot.operations.operation import Field, Operation
from bot.operations.validation import validate
from tests.core.drawn import view_faults
from tests.core.sample import sample

REGISTRY = sample()
FIELDS = (
    Field("release-name", "Release name", hint="1.42"),
    Field(
        "regions",
        "Regions",
        options=(("EU", "eu"), ("US", "us"), ("Both", "x" * 200)),
        multiple=True,
        default="eu",
    ),
    Field("reviewer", "Reviewer", required=False, options=(("Nobody", ""), ("Ann", "ann"))),
)


def opened(name: str, given: dict[str, Any], fields: tuple[Field, ...] = ()) -> dict[str, Any]:
    """The form of an operation."""
    return form(REGISTRY[name], given, callback_id=f"form:{name}", private_metadata="row1", fields=fields)


def left_as_is(view: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """What Slack sends when somebody presses submit without touching anything."""
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
    """A form, an input a line."""
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
    """Pipeline by typeahead, branch, commit, message, environment: labels, defaults, what was given."""
    view = opened("build create", {"pipeline": "web", "env": {"A": "1", "B": "x=y"}})
    assert view_faults(view) == []
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
    """Bounds, choices and booleans of the model become elements of Block Kit."""
    assert {name: outline(opened(name, {})) for name in ("agent pause", "build list", "agent stop")} == snapshot(
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
    """Texts, menus and several choices, with Buildkite's labels and defaults; the known job is not asked again."""
    view = opened("job unblock", {"job": "j1"}, FIELDS)
    assert view_faults(view) == []
    assert outline(view) == snapshot(
        [
            "pipeline: Pipeline, optional, external_select suggest:pipeline, None",
            "number: Build number, optional, number_input value, None",
            "fields.release-name: Release name, required, plain_text_input value, None",
            "fields.regions: Regions, required, multi_static_select value, ['eu']",
            "fields.reviewer: Reviewer, optional, static_select value, 'option:0'",
        ]
    )


def test_a_block_step_that_asks_nothing_can_still_be_confirmed() -> None:
    """The form names the build, says that nothing is asked, and has its button."""
    view = opened("job unblock", {"pipeline": "web", "number": 101, "job": "j1", "fields": {}})
    assert view_faults(view) == []
    texts = [block.get("text", block.get("elements", [{}])[0])["text"] for block in view["blocks"]]
    assert texts == snapshot(["web#101", "There is nothing to fill in. Press *Unblock* to go on."])
    assert submitted(REGISTRY["job unblock"], {}, (), {"job": "j1"}) == {"job": "j1"}


def test_a_block_steps_answers_are_collected() -> None:
    """What was filled in becomes `fields`, several choices a line each, what was left empty is absent."""
    values = {
        "fields.release-name": {"value": {"type": "plain_text_input", "value": "1.42"}},
        "fields.regions": {"value": {"selected_options": [{"value": "us"}, {"value": "option:2"}]}},
        "fields.reviewer": {"value": {"selected_option": {"value": "option:0"}}},
    }
    args = submitted(REGISTRY["job unblock"], values, FIELDS, given={"org": "acme", "number": "7", "job": "j1"})
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
    declared = arguments(op.args)
    required = {item.name: _values(item) for item in declared if item.required}
    optional = {item.name: _values(item) for item in declared if not item.required}
    return st.tuples(st.just(op), st.fixed_dictionaries(required, optional=optional))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([*REGISTRY]).flatmap(_given))
def test_an_untouched_form_gives_back_what_it_was_given(drawn: tuple[Operation, dict[str, Any]]) -> None:
    """Opening a form on any arguments and submitting it means the same as the arguments themselves."""
    op, given_args = drawn
    view = form(op, given_args, callback_id="f", private_metadata="r")
    assert view_faults(view) == []
    back = submitted(op, left_as_is(view), given=given_args)
    assert _judged(op, back) == _judged(op, given_args)


def _judged(op: Operation, args: dict[str, Any]) -> object:
    """The model, or the complaint about it: choices are a set, their order is the menu's."""
    try:
        model = validate(op, args)
    except UsageError as mistake:
        return str(mistake)
    return {name: sorted(value) if isinstance(value, tuple) else value for name, value in model}


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=400),
    st.text(max_size=4000),
    st.lists(st.builds(Field, *[st.text(max_size=300)] * 5), max_size=4),
)
def test_any_form_is_one_that_slack_takes(word: str, long: str, fields: list[Field]) -> None:
    """Whatever was typed, and whatever a pipeline calls its fields, the modal is within Slack's limits."""
    given_args = {"pipeline": word, "branch": long, "message": long, "env": {word: long}}
    for view in (
        form(REGISTRY["build create"], given_args, callback_id=word, private_metadata=long, title=word),
        form(
            REGISTRY["job unblock"], {"job": word}, callback_id="f", private_metadata="r", fields=_options(fields)
        ),
        loading(word),
        notice_view(word, long),
    ):
        assert view_faults(view) == []


def _options(fields: list[Field]) -> list[Field]:
    many = tuple((f"label {n}", "v" * n) for n in range(160))
    return [*fields, Field("menu", "Menu", options=many), Field("menus", "Menus", options=many, multiple=True)]


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
def test_a_mistake_stands_under_its_input(error: UsageError, expected: dict[str, str]) -> None:
    """The input that is to blame shows the sentence; without one the first input does."""
    assert errors(REGISTRY["agent pause"], error) == expected


def test_a_mistake_in_a_block_steps_field_stands_under_it() -> None:
    """A field's key is enough to find its input."""
    error = UsageError("`regions` is needed.", field="regions")
    assert errors(REGISTRY["job unblock"], error, FIELDS) == {"fields.regions": "“regions” is needed."}


def test_a_malformed_line_names_the_environment() -> None:
    """A line without `=` is found before anything is sent; it is not quoted, for it may be a secret."""
    values = {"env": {"value": {"value": "A=1\n\nDEPLOY"}}}
    with pytest.raises(UsageError, match="`-e` wants `KEY=value`") as caught:
        submitted(REGISTRY["build create"], values)
    assert "DEPLOY" not in str(caught.value)
    assert caught.value.field == "env"
