"""What a person does with a modal: fill in, submit, close."""

from typing import Any

from simulators.slack.controls import controls, find_control
from simulators.slack.delivery import Ack, Outgoing
from simulators.slack.errors import ApiError, Impossible
from simulators.slack.person.base import Actor
from simulators.slack.views import View, value_key

Json = dict[str, Any]
REQUIRED = "Please complete this required field."


class Filling(Actor):
    """A person in front of a form."""

    async def fills(self, values: dict[str, Any]) -> View:
        """Enter values by label, action_id or block_id, without submitting. Raises NoSuchControl."""
        view = self._front_modal()
        for field, wanted in values.items():
            await self._enter(view, find_control(view, field), wanted)
        return view

    async def submits(self, values: dict[str, Any] | None = None) -> Ack:
        """Enter values and press submit; the modal closes, changes or shows errors as the app answers.

        What Slack's client refuses by itself is not sent: problem `incomplete`, errors in `view.errors`.
        """
        view = await self.fills(values or {})
        if not view.source.get("submit"):
            raise Impossible(f"There is nothing to submit in:\n{view.plain()}")
        view.errors = client_errors(view)
        if view.errors:
            self.sim.notices.tell("view", user=self.id, id=view.id)
            return Ack(0, problem="incomplete")
        payload = self.sim.payloads.view_submission(self.profile, view)
        ack = await self._send(Outgoing("interactive", payload, accepts_response=True), None, view.title)
        return ack if ack.problem else self._obey(view, ack)

    async def closes(self, *, everything: bool = False) -> Ack:
        """Cancel the front modal, or with the X the whole stack."""
        front = self._front_modal()
        leaving = self.sim.modals_of(self.id)[::-1] if everything else [front]
        ack = Ack(0)
        if everything:
            self.sim.panes.clear(self.id)
        else:
            self.sim.panes.close_top(self.id)
        for view in leaving:
            if view.source.get("notify_on_close"):
                payload = self.sim.payloads.view_closed(self.profile, view, everything)
                ack = await self._send(Outgoing("interactive", payload), None, view.title)
        return ack

    def _front_modal(self) -> View:
        view = self.sim.panes.top(self.id)
        if view is None:
            raise Impossible(f"{self.name} has no modal open.")
        return view

    def _obey(self, view: View, ack: Ack) -> Ack:
        body = ack.body if isinstance(ack.body, dict) else {}
        try:
            self._answered(view, body)
        except (ApiError, KeyError) as refusal:
            problem = str(refusal)
            self.sim.trouble(self.id, None, problem, view.title)
            return Ack(ack.status, ack.body, ack.seconds, problem)
        return ack

    def _answered(self, view: View, body: Json) -> None:
        match body.get("response_action"):
            case None:
                self._close(view)
            case "clear":
                self.sim.panes.clear(self.id)
            case "update":
                self.sim.panes.update(view, body["view"])
            case "push":
                self.sim.panes.push(self.id, body["view"])
            case "errors":
                self._show_errors(view, body["errors"])
            case unknown:
                raise ApiError(f"invalid_response_action {unknown}")

    def _close(self, view: View) -> None:
        if self.sim.panes.top(self.id) is view:
            self.sim.panes.close_top(self.id)

    def _show_errors(self, view: View, errors: Json) -> None:
        inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
        if not errors or not set(errors) <= inputs:
            raise ApiError("invalid_errors_block_id")
        view.errors = dict(errors)
        self.sim.notices.tell("view", user=self.id, id=view.id)


def client_errors(view: View) -> dict[str, str]:
    """What Slack's client itself refuses to submit: {block_id: words}."""
    errors: dict[str, str] = {}
    for control in controls(view):
        if control.block["type"] != "input":
            continue
        entry = view.inputs.get(control.block_id, {}).get(control.action_id, {})
        value = entry.get(value_key(control.kind) or "")
        complaint = _complaint(control.block, control.element, value)
        if complaint:
            errors[control.block_id] = complaint
    return errors


def _complaint(block: Json, element: Json, value: Any) -> str | None:
    if value in (None, "", []):
        return None if block.get("optional") else REQUIRED
    if element["type"] == "file_input":
        return _file_complaint(element, value)
    if element["type"] == "number_input":
        return _number_complaint(element, str(value))
    if isinstance(value, str) and len(value) < int(element.get("min_length") or 0):
        return f"Please enter at least {element['min_length']} characters."
    if isinstance(value, str) and len(value) > int(element.get("max_length") or 3000):
        return f"Please enter at most {element.get('max_length') or 3000} characters."
    return None


def _file_complaint(element: Json, files: list[Json]) -> str | None:
    """https://docs.slack.dev/reference/block-kit/block-elements/file-input-element"""
    if len(files) > int(element.get("max_files") or 10):
        return f"Please add at most {element['max_files']} files."
    wanted = [str(item).lower() for item in element.get("filetypes") or ()]
    odd = [file["name"] for file in files if wanted and file["name"].rpartition(".")[2].lower() not in wanted]
    return f"{odd[0]} is not one of these types: {', '.join(wanted)}." if odd else None


def _number_complaint(element: Json, value: str) -> str | None:
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
