"""Whatever is wrong about a block or view is refused, wherever it is."""

import json
from pathlib import Path
from typing import Any

from inline_snapshot import snapshot

from simulators.slack.validation.blocks import check_blocks, check_view
from tests.sampling import Sample
from tests.sim.slack.cards import FORM, words
from tests.sim.slack.mutants import Json, Mutant, make_mutants

CONTRACTS = Path(__file__).parents[2] / "contracts"
EXAMPLES: dict[str, Any] = json.loads((CONTRACTS / "block-kit-examples.json").read_text(encoding="utf-8"))[
    "examples"
]
# Slack's types leave a plan's tasks open; two examples aren't elements of any block as they are.
LEFT_OUT = ("blocks/plan_block", "elements/url_source_basic", "elements/rich_text_input_basic")
IN_SECTIONS = ("elements/image", "elements/button", "elements/overflow")


def make_blocks() -> dict[str, Json]:
    """Return every kind of block, and every kind of element within one, by the example's name."""
    named = {name: example for name, example in EXAMPLES.items() if name not in LEFT_OUT}
    blocks = {name: example for name, example in named.items() if name.startswith("blocks/")}
    elements = {name: example for name, example in named.items() if name.startswith("elements/")}
    return blocks | {name: hold_element(name, element) for name, element in elements.items()}


def hold_element(name: str, element: Json) -> Json:
    """Return a block with this element."""
    if name.startswith(IN_SECTIONS):
        return {"type": "section", "text": words("x"), "accessory": element}
    if name.startswith("elements/workflow"):
        return {"type": "actions", "elements": [element]}
    return {"type": "input", "label": words("x"), "element": element}


def make_views() -> list[Json]:
    """Return a home tab and two modals."""
    titles = {"title": words("T"), "submit": words("Go")}
    return [FORM, EXAMPLES["views/hometab_view"], titles | EXAMPLES["views/modal_with_blocks"]]


def find_accepted(mutants: list[Mutant]) -> set[tuple[str, str, str]]:
    """Return what was changed in those that are accepted: the change, the type of the object and the key."""
    return {
        (mutant.change, mutant.holder, str(mutant.place[-1]))
        for mutant in mutants
        if not find_problems(mutant.value)
    }


def list_keys(accepted: set[tuple[str, str, str]]) -> list[str]:
    """Return the keys that may be missing, a line for each type of object."""
    keys: dict[str, list[str]] = {}
    for _, holder, key in sorted(accepted):
        keys.setdefault(holder, []).append(key)
    return [f"{holder}: {' '.join(names)}" for holder, names in keys.items()]


def find_problems(value: Any) -> list[str]:
    """Return the problems of a view, or of a block where it's allowed."""
    if value.get("type") in ("modal", "home"):
        return check_view(value).render_lines()
    surface = "modal" if value.get("type") == "alert" or "file_input" in str(value) else "message"
    return check_blocks([value], surface).render_lines()


def test_every_example_is_accepted() -> None:
    """The examples are right before they're changed."""
    wrong = {name: find_problems(block) for name, block in make_blocks().items() if find_problems(block)}
    assert wrong == {}


def make_all_mutants() -> list[Mutant]:
    """Return all mutants of all blocks and views."""
    return [mutant for value in (*make_blocks().values(), *make_views()) for mutant in make_mutants(value)]


def test_unknown_keys_and_wrong_kinds_are_refused(sample: Sample) -> None:
    """No key that Slack doesn't know is accepted, nor any value of a kind that it doesn't take there."""
    mutants = [mutant for mutant in make_all_mutants() if mutant.change != "missing key"]
    assert find_accepted([mutants[at] for at in sample(range(len(mutants)), keep=1500)]) == set()
    assert len(mutants) == snapshot(4848)


def test_only_optional_keys_may_be_missing() -> None:
    """These keys may be missing; without any other key, a block or view is refused."""
    mutants = [mutant for mutant in make_all_mutants() if mutant.change == "missing key"]
    assert list_keys(find_accepted(mutants)) == snapshot(
        [
            "actions: block_id",
            "alert: block_id level",
            "area: x_label y_label",
            "bar: x_label y_label",
            "button: action_id style url value",
            "card: actions block_id body hero_image slack_icon subtext subtitle title",
            "carousel: block_id",
            "channels_select: action_id placeholder",
            "checkboxes: action_id description initial_options",
            "container: block_id default_collapsed has_header_divider is_collapsible subtitle title width",
            "context: block_id",
            "context_actions: block_id",
            "conversations_select: action_id placeholder",
            "data_table: block_id page_size row_header_column_index",
            "data_visualization: block_id",
            "datepicker: action_id initial_date placeholder",
            "datetimepicker: action_id initial_date_time",
            "divider: block_id",
            "email_text_input: action_id placeholder",
            "external_select: action_id min_query_length placeholder",
            "feedback_buttons: accessibility_label action_id",
            "file: block_id",
            "file_input: action_id filetypes max_files",
            "header: block_id",
            "icon_button: action_id value",
            "image: block_id title",
            "input: block_id hint optional",
            "line: x_label y_label",
            "link: text",
            "markdown: block_id",
            "modal: callback_id close notify_on_close private_metadata submit",
            "multi_channels_select: action_id placeholder",
            "multi_conversations_select: action_id placeholder",
            "multi_external_select: action_id min_query_length placeholder",
            "multi_static_select: action_id placeholder",
            "multi_users_select: action_id initial_users placeholder",
            "number_input: action_id",
            "overflow: action_id",
            "plain_text: emoji",
            "plain_text_input: action_id placeholder",
            "radio_buttons: action_id initial_option",
            "rich_text: block_id",
            "section: accessory block_id fields text",
            "static_select: action_id placeholder",
            "table: align block_id column_settings is_wrapped",
            "task_card: block_id output sources",
            "text: bold italic strike style",
            "timepicker: action_id initial_time placeholder timezone",
            "url_text_input: action_id",
            "users_select: action_id placeholder",
            "video: author_name block_id description provider_icon_url provider_name title_url",
            "workflow_button: customizable_input_parameters",
        ]
    )
