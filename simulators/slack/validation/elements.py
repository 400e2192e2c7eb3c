"""Checks block elements and the objects inside them."""

from typing import Any

from simulators.slack.validation.problems import BlockProblems

Json = dict[str, Any]
_SELECTS = {
    f"{many}{kind}_select"
    for many in ("", "multi_")
    for kind in ("static", "external", "users", "channels", "conversations")
}
_TEXT_INPUTS = {"plain_text_input", "number_input", "email_text_input", "url_text_input", "rich_text_input"}
_PICKERS = {"datepicker", "timepicker", "datetimepicker"}
_CHOICES = {"checkboxes", "radio_buttons"}
IN_ACTIONS = (
    {"button", "overflow", "workflow_button", "feedback_buttons", "icon_button"} | _SELECTS | _PICKERS | _CHOICES
)
IN_INPUT = _TEXT_INPUTS | _SELECTS | _PICKERS | _CHOICES | {"file_input"}


class ElementChecker:
    """Adds the problems of elements to `findings`."""

    def __init__(self, findings: BlockProblems) -> None:
        self.found = findings

    def in_actions(self, element: Any, at: str) -> None:
        """Check an element of an actions block."""
        self._element(element, at, IN_ACTIONS)

    def in_input(self, element: Any, at: str) -> None:
        """Check the element of an input block."""
        if element is None:
            self.found.add("missing required field: element", at.rsplit("/", 1)[0])
        else:
            self._element(element, at, IN_INPUT)

    def accessory(self, element: Any, at: str) -> None:
        """Check the element beside a section."""
        self._element(element, at, IN_ACTIONS | {"image"})

    def in_context(self, element: Any, at: str) -> None:
        """Check a text or image of a context block."""
        if isinstance(element, dict) and element.get("type") == "image":
            self.image(element, at)
        else:
            self.found.check_text({"element": element}, "element", at, "text_max_length")

    def image(self, image: Json, at: str) -> None:
        """Check an image block or element."""
        self.found.check_string(image, "alt_text", at, "image_alt_text_max_length")
        if "slack_file" not in image:
            self.found.check_string(image, "image_url", at, "image_image_url_max_length")

    def _element(self, element: Any, at: str, allowed: set[str]) -> None:
        kind = element.get("type") if isinstance(element, dict) else None
        if kind not in allowed:
            self.found.add(f"unsupported type: {kind}", f"{at}/type")
            return
        self.found.check_string(element, "action_id", at, "action_id_max_length", required=False)
        if "confirm" in element:
            self._confirm(element["confirm"], f"{at}/confirm")
        self._by_kind(str(kind), element, at)

    def _by_kind(self, kind: str, element: Json, at: str) -> None:
        if kind == "button":
            self._button(element, at)
        elif kind == "image":
            self.image(element, at)
        elif kind in _CHOICES or kind == "overflow":
            self._choices(kind, element, at)
        elif kind in _SELECTS:
            self._select(kind, element, at)
        elif kind in _TEXT_INPUTS:
            self._text_input(element, at)
        elif kind == "file_input":
            self._file_input(element, at)

    def _button(self, button: Json, at: str) -> None:
        found = self.found
        found.check_text(button, "text", at, "button_text_max_length", plain=True)
        found.check_string(button, "value", at, "button_value_max_length", required=False, empty=True)
        found.check_string(button, "url", at, "button_url_max_length", required=False)
        found.check_string(
            button, "accessibility_label", at, "button_accessibility_label_max_length", required=False
        )
        if button.get("style", "primary") not in ("primary", "danger"):
            found.add("must be a valid enum value", f"{at}/style")

    def _choices(self, kind: str, element: Json, at: str) -> None:
        most = self.found.limits[f"{kind}_options_max_items"]
        self._options(element.get("options"), f"{at}/options", most)

    def _select(self, kind: str, element: Json, at: str) -> None:
        self.found.check_text(
            element, "placeholder", at, "select_placeholder_max_length", plain=True, required=False
        )
        if not kind.endswith("static_select"):
            return
        if "option_groups" in element:
            self._groups(element["option_groups"], f"{at}/option_groups")
        else:
            self._options(element.get("options"), f"{at}/options", self.found.limits["select_options_max_items"])
        self._initial(element, at)

    def _initial(self, element: Json, at: str) -> None:
        groups = element.get("option_groups") or [{"options": element.get("options") or []}]
        known = [option.get("value") for group in groups for option in group.get("options") or []]
        chosen = [element["initial_option"]] if element.get("initial_option") else []
        for option in [*chosen, *(element.get("initial_options") or [])]:
            if option.get("value") not in known:
                self.found.add("initial option is not among the options", at)

    def _groups(self, groups: Any, at: str) -> None:
        self.found.check_count(groups, at, 1, self.found.limits["select_option_groups_max_items"])
        for index, group in enumerate(groups or []):
            self.found.check_text(group, "label", f"{at}/{index}", "option_group_label_max_length", plain=True)
            most = self.found.limits["option_group_options_max_items"]
            self._options(group.get("options"), f"{at}/{index}/options", most)

    def _options(self, options: Any, at: str, most: int) -> None:
        self.found.check_count(options, at, 1, most)
        for index, option in enumerate(options if isinstance(options, list) else []):
            self.option(option, f"{at}/{index}")

    def option(self, option: Any, at: str) -> None:
        """Check an option of a menu."""
        if not isinstance(option, dict):
            self.found.add("must be an object", at)
            return
        self.found.check_text(option, "text", at, "option_text_max_length")
        self.found.check_string(option, "value", at, "option_value_max_length")
        self.found.check_text(option, "description", at, "option_description_max_length", required=False)

    def _text_input(self, element: Json, at: str) -> None:
        limit = "plain_text_input_placeholder_max_length"
        self.found.check_text(element, "placeholder", at, limit, plain=True, required=False)
        most = self.found.limits["plain_text_input_max_length_max"]
        for key in ("min_length", "max_length"):
            if element.get(key) is not None and not 0 <= int(element[key]) <= most:
                self.found.add(f"must be at most {most}", f"{at}/{key}")
        if element["type"] == "number_input" and "is_decimal_allowed" not in element:
            self.found.add("missing required field: is_decimal_allowed", at)

    def _file_input(self, element: Json, at: str) -> None:
        most = element.get("max_files", 10)
        if not isinstance(most, int) or not 1 <= most <= 10:
            self.found.add("must be a number from 1 to 10", f"{at}/max_files")
        if not isinstance(element.get("filetypes", []), list):
            self.found.add("must be an array", f"{at}/filetypes")

    def _confirm(self, confirm: Any, at: str) -> None:
        if not isinstance(confirm, dict):
            self.found.add("must be an object", at)
            return
        self.found.check_text(confirm, "title", at, "confirmation_title_max_length", plain=True)
        self.found.check_text(confirm, "text", at, "confirmation_text_max_length")
        self.found.check_text(confirm, "confirm", at, "confirmation_confirm_max_length", plain=True)
        self.found.check_text(confirm, "deny", at, "confirmation_deny_max_length", plain=True)
