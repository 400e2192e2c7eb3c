"""A person's use of modals: fill in, submit, close."""

from typing import Any

from simulators.slack.controls import find_control, list_controls
from simulators.slack.delivery import Ack, AppRequest
from simulators.slack.errors import ApiError, NotPossible
from simulators.slack.person.base import Actor
from simulators.slack.views import View, find_value_key

Json = dict[str, Any]
REQUIRED = "Please complete this required field."


class FormActor(Actor):
    """A person with a form open."""

    async def fills(self, values: dict[str, Any]) -> View:
        """Enter values by label, action_id or block_id, without submitting. Raise NoSuchControl."""
        view = self._require_front_modal()
        for field, wanted in values.items():
            await self._enter(view, find_control(view, field), wanted)
        return view

    async def submits(self, values: dict[str, Any] | None = None) -> Ack:
        """Enter values and press submit; the modal closes, changes or shows errors as the app answers.

        If Slack's client itself refuses, nothing is sent: problem `incomplete`, errors in `view.errors`.
        """
        view = await self.fills(values or {})
        if not view.source.get("submit"):
            raise NotPossible(f"This modal has no submit button:\n{view.plain()}")
        view.errors = find_client_errors(view)
        if view.errors:
            self.sim.changes.notify("view", user=self.id, id=view.id)
            return Ack(0, problem="incomplete")
        payload = self.sim.payloads.view_submission(self.profile, view)
        ack = await self._send(AppRequest("interactive", payload, accepts_response=True), None, view.title)
        return ack if ack.problem else self._follow_answer(view, ack)

    async def closes(self, *, everything: bool = False) -> Ack:
        """Cancel the front modal, or close the whole stack with its X."""
        front = self._require_front_modal()
        leaving = self.sim.modals_of(self.id)[::-1] if everything else [front]
        ack = Ack(0)
        if everything:
            self.sim.open_views.clear(self.id)
        else:
            self.sim.open_views.close_top(self.id)
        for view in leaving:
            if view.source.get("notify_on_close"):
                payload = self.sim.payloads.view_closed(self.profile, view, everything)
                ack = await self._send(AppRequest("interactive", payload), None, view.title)
        return ack

    def _require_front_modal(self) -> View:
        view = self.sim.open_views.top(self.id)
        if view is None:
            raise NotPossible(f"{self.name} has no modal open.")
        return view

    def _follow_answer(self, view: View, ack: Ack) -> Ack:
        body = ack.body if isinstance(ack.body, dict) else {}
        try:
            self._apply_answer(view, body)
        except (ApiError, KeyError) as refusal:
            problem = str(refusal)
            self.sim.record_problem(self.id, None, problem, view.title)
            return Ack(ack.status, ack.body, ack.seconds, problem)
        return ack

    def _apply_answer(self, view: View, body: Json) -> None:
        match body.get("response_action"):
            case None:
                self._close(view)
            case "clear":
                self.sim.open_views.clear(self.id)
            case "update":
                self.sim.open_views.update(view, body["view"])
            case "push":
                self.sim.open_views.push(self.id, body["view"])
            case "errors":
                self._show_errors(view, body["errors"])
            case unknown:
                raise ApiError(f"invalid_response_action {unknown}")

    def _close(self, view: View) -> None:
        if self.sim.open_views.top(self.id) is view:
            self.sim.open_views.close_top(self.id)

    def _show_errors(self, view: View, errors: Json) -> None:
        inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
        if not errors or not set(errors) <= inputs:
            raise ApiError("invalid_errors_block_id")
        view.errors = dict(errors)
        self.sim.changes.notify("view", user=self.id, id=view.id)


def find_client_errors(view: View) -> dict[str, str]:
    """Return the errors for which Slack's client refuses to submit: {block_id: text}."""
    errors: dict[str, str] = {}
    for control in list_controls(view):
        if control.block["type"] != "input":
            continue
        entry = view.inputs.get(control.block_id, {}).get(control.action_id, {})
        value = entry.get(find_value_key(control.kind) or "")
        complaint = _find_complaint(control.block, control.element, value)
        if complaint:
            errors[control.block_id] = complaint
    return errors


def _find_complaint(block: Json, element: Json, value: Any) -> str | None:
    if value in (None, "", []):
        return None if block.get("optional") else REQUIRED
    if element["type"] == "file_input":
        return _find_file_complaint(element, value)
    if element["type"] == "number_input":
        return _find_number_complaint(element, str(value))
    if isinstance(value, str) and len(value) < int(element.get("min_length") or 0):
        return f"Please enter at least {element['min_length']} characters."
    if isinstance(value, str) and len(value) > int(element.get("max_length") or 3000):
        return f"Please enter at most {element.get('max_length') or 3000} characters."
    return None


def _find_file_complaint(element: Json, files: list[Json]) -> str | None:
    """https://docs.slack.dev/reference/block-kit/block-elements/file-input-element"""
    if len(files) > int(element.get("max_files") or 10):
        return f"Please add at most {element['max_files']} files."
    wanted = [str(item).lower() for item in element.get("filetypes") or ()]
    odd = [file["name"] for file in files if wanted and file["name"].rpartition(".")[2].lower() not in wanted]
    return f"{odd[0]} is not one of these types: {', '.join(wanted)}." if odd else None


def _find_number_complaint(element: Json, value: str) -> str | None:
    try:
        number = float(value) if element.get("is_decimal_allowed") else int(value)
    except ValueError:
        return "Please enter a valid number."
    low, high = element.get("min_value"), element.get("max_value")
    if low is not None and number < float(low):
        return f"Please enter a number of at least {low}."
    if high is not None and number > float(high):
        return f"Please enter a number of at most {high}."
    return None
