"""Checks the limits of block elements, and of the objects inside them, whose shapes are right."""

from typing import Any

from simulators.slack.validation.problems import BlockProblems
from simulators.slack.validation.shapes import find_shape_problems

Json = dict[str, Any]
_TEXTS = ("plain_text", "mrkdwn")
_PLACEHOLDERS = {
    "datepicker": "date_picker",
    "timepicker": "time_picker",
    "plain_text_input": "plain_text_input",
    "number_input": "number_input",
    "email_text_input": "email_input",
    "url_text_input": "url_input",
    "rich_text_input": "rich_text_input",
}


class ElementChecker:
    """Adds the problems of elements to `findings`."""

    def __init__(self, findings: BlockProblems) -> None:
        self.found = findings

    def check(self, element: Json, at: str) -> None:
        """Check an element of any block, or an image block."""
        kind = element["type"]
        self.found.check_string(element, "action_id", at, "action_id_max_length")
        self.found.check_text(
            element, "placeholder", at, f"{_PLACEHOLDERS.get(kind, 'select')}_placeholder_max_length"
        )
        if "confirm" in element:
            self._confirm(element["confirm"], f"{at}/confirm")
        self._check_kind(kind, element, at)
        for key in ("initial_option", "initial_options"):
            chosen = element.get(key, [])
            for option in chosen if isinstance(chosen, list) else [chosen]:
                self._option(option, f"{at}/{key}")

    def _check_kind(self, kind: str, element: Json, at: str) -> None:
        if kind in _TEXTS:
            self.found.check_string(element, "text", at, "text_max_length")
        elif kind == "button":
            self._button(element, at)
        elif kind == "image":
            self.found.check_string(element, "alt_text", at, "image_alt_text_max_length")
            self.found.check_string(element, "image_url", at, "image_image_url_max_length")
        elif kind in ("checkboxes", "radio_buttons", "overflow"):
            most = self.found.limits[f"{kind}_options_max_items"]
            self._options(element["options"], f"{at}/options", most, with_url=kind == "overflow")
        elif kind.endswith("_select"):
            self._select(kind, element, at)
        else:
            self._input(kind, element, at)

    def _button(self, button: Json, at: str) -> None:
        self.found.check_text(button, "text", at, "button_text_max_length")
        self.found.check_string(button, "value", at, "button_value_max_length", empty=True)
        for key in ("url", "accessibility_label"):
            self.found.check_string(button, key, at, f"button_{key}_max_length")

    def _select(self, kind: str, element: Json, at: str) -> None:
        if kind.endswith("static_select"):
            self._static_select(element, at)
        self._check_range(element, "max_selected_items", at, "multi_select_max_selected_items", None)
        self._check_range(element, "min_query_length", at, "select_min_query_length", None)

    def _static_select(self, element: Json, at: str) -> None:
        if "option_groups" in element:
            self._groups(element["option_groups"], f"{at}/option_groups")
        elif "options" in element:
            self._options(element["options"], f"{at}/options", self.found.limits["select_options_max_items"])
        else:
            self.found.add("missing required field: options", at)
        self._initial(element, at)

    def _initial(self, element: Json, at: str) -> None:
        groups = element.get("option_groups") or [{"options": element.get("options", [])}]
        known = [option.get("value") for group in groups for option in group["options"]]
        chosen = [element["initial_option"]] if "initial_option" in element else []
        for option in [*chosen, *element.get("initial_options", [])]:
            if option.get("value") not in known:
                self.found.add("initial option is not among the options", at)

    def _groups(self, groups: list[Json], at: str) -> None:
        self.found.check_count(groups, at, 1, self.found.limits["select_option_groups_max_items"])
        for index, group in enumerate(groups):
            self.found.check_text(group, "label", f"{at}/{index}", "option_group_label_max_length")
            most = self.found.limits["option_group_options_max_items"]
            self._options(group["options"], f"{at}/{index}/options", most)

    def _options(self, options: list[Json], at: str, most: int, *, with_url: bool = False) -> None:
        self.found.check_count(options, at, 1, most)
        for index, option in enumerate(options):
            self._option(option, f"{at}/{index}", with_url=with_url)

    def option(self, option: Any, at: str) -> None:
        """Check an option that an app sends to fill a menu."""
        wrong = find_shape_problems("PlainTextOption", option, at)
        for message, place in wrong:
            self.found.add(message, place)
        if not wrong:
            self._option(option, at)

    def _option(self, option: Json, at: str, *, with_url: bool = False) -> None:
        """Check an option: https://docs.slack.dev/reference/block-kit/composition-objects/option-object"""
        self.found.check_text(option, "text", at, "option_text_max_length")
        self.found.check_text(option, "description", at, "option_description_max_length")
        self.found.check_string(option, "value", at, "option_value_max_length")
        if "value" not in option:
            self.found.add("missing required field: value", at)
        if "url" in option and not with_url:
            self.found.add("invalid additional property: url", at)

    def _input(self, kind: str, element: Json, at: str) -> None:
        for key in ("min_length", "max_length"):
            self._check_range(element, key, at, f"plain_text_input_{key}", "plain_text_input_max_length_max")
        for key in ("min_lines", "max_lines"):
            self._check_range(element, key, at, f"rich_text_input_{key}", f"rich_text_input_{key}_max")
        if kind == "file_input":
            self._check_range(element, "max_files", at, "file_input_max_files", "file_input_max_files_max")

    def _check_range(self, element: Json, key: str, at: str, limit: str, most: str | None) -> None:
        """Check that a number, if it is there, is a whole one between the limits."""
        value, least = element.get(key), self.found.limits[f"{limit}_min"]
        highest = self.found.limits[most] if most else None
        if value is None:
            return
        if not isinstance(value, int):
            self.found.add("must be an integer", f"{at}/{key}")
        elif value < least:
            self.found.add(f"must be at least {least}", f"{at}/{key}")
        elif highest is not None and value > highest:
            self.found.add(f"must be at most {highest}", f"{at}/{key}")

    def _confirm(self, confirm: Json, at: str) -> None:
        """Check a dialog, of which Slack's page requires all texts that the types leave optional.

        https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object
        """
        for key in ("title", "text", "confirm", "deny"):
            if key not in confirm:
                self.found.add(f"missing required field: {key}", at)
            self.found.check_text(confirm, key, at, f"confirmation_{key}_max_length")
