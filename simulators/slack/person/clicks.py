"""A person's clicks: buttons, menus, searches, shortcuts."""

import asyncio
from copy import deepcopy
from typing import Any

from simulators.slack.controls import Control, find_control, find_option
from simulators.slack.delivery import Ack, AppRequest
from simulators.slack.errors import NoSuchControl, NotPossible
from simulators.slack.models import Message, Preview
from simulators.slack.person.base import Actor, Place
from simulators.slack.views import View
from simulators.slack.visible_text import find_label, find_text

Json = dict[str, Any]


class ClickingActor(Actor):
    """A person with a mouse."""

    async def clicks(
        self,
        where: Place | str,
        label: str | None = None,
        *,
        action_id: str | None = None,
        value: str | None = None,
        confirm: bool = True,
    ) -> Ack:
        """Press a button by its visible label, its action_id or its value.

        A confirmation dialog is answered with `confirm`; if declined, nothing is sent.
        Raise NoSuchControl with what is visible.
        """
        place = self._find_place(where)
        control = find_control(place, label, action_id, value)
        if control.kind not in ("button", "workflow_button", "icon_button"):
            raise NoSuchControl(f"{control.action_id} is a {control.kind}, not a button.")
        if not self._confirm(control, confirm):
            return Ack(0, problem="declined")
        return await self._act(place, control, self._make_button_action(control))

    async def clicks_twice(self, where: Place | str, label: str | None = None, **more: Any) -> tuple[Ack, Ack]:
        """Press the same button twice in a row, without waiting for the first answer."""
        first, second = self.clicks(where, label, **more), self.clicks(where, label, **more)
        both = await asyncio.gather(first, second)
        return both[0], both[1]

    async def picks(self, where: Place | str, control: str, wanted: Any, *, confirm: bool = True) -> Ack:
        """Choose in a menu, radio buttons, checkboxes, a picker or an overflow, by visible text or value.

        A list chooses several. An external menu is searched first.
        """
        place = self._find_place(where)
        found = find_control(place, control)
        if not self._confirm(found, confirm):
            return Ack(0, problem="declined")
        if found.kind == "overflow":
            option = find_option(found.element["options"], wanted)
            return await self._act(place, found, self._make_action(found, {"selected_option": option}))
        entry = await self._enter(place, found, wanted)
        if found.block["type"] == "input" and not found.block.get("dispatch_action"):
            return Ack(0)
        return await self._act(place, found, self._make_action(found, entry))

    async def searches(self, field: str, typed: str, *, where: Place | str | None = None) -> list[str]:
        """Type into an external menu and return the visible options; below min_query_length nothing is sent."""
        place = self._find_place(where) if where is not None else self._find_front_modal()
        options = await self._search(place, find_control(place, field), typed)
        return [find_text(option["text"]) for option in options]

    async def shortcut(self, callback_id: str, message: Message | str | None = None) -> Ack:
        """Use a message shortcut, or without a message a global one."""
        if message is None:
            payload = self.sim.payloads.shortcut(self.profile, callback_id)
            return await self._send(AppRequest("interactive", payload), None, callback_id)
        place = self._find_place(message)
        if not isinstance(place, Message) or place.only_for:
            raise NotPossible("Message shortcuts work on messages that everyone sees.")
        payload = self.sim.payloads.message_action(self.profile, callback_id, place)
        return await self._send(AppRequest("interactive", payload), place.channel, callback_id)

    def _find_front_modal(self) -> View:
        view = self.sim.open_views.top(self.id)
        if view is None:
            raise NoSuchControl(f"{self.name} has no modal open.")
        return view

    async def _act(self, place: Place, control: Control, action: Json) -> Ack:
        if isinstance(place, View):
            payload = self.sim.payloads.view_click(self.profile, place, action)
        elif isinstance(place, Preview):
            payload = self.sim.payloads.preview_click(self.profile, place, action)
        else:
            state = deepcopy(self._find_inputs(place))
            payload = self.sim.payloads.message_click(self.profile, place, action, state)
        channel = None if isinstance(place, View) else place.channel
        return await self._send(AppRequest("interactive", payload), channel, find_label(control.element))

    def _confirm(self, control: Control, answer: bool) -> bool:
        dialog = control.element.get("confirm")
        if dialog:
            asked = {"user": self.id, "action_id": control.action_id, "dialog": dialog, "answer": answer}
            self.sim.confirmations.append(asked)
        return answer or not dialog

    def _make_button_action(self, control: Control) -> Json:
        kept = ("text", "value", "style")
        shown: Json = {key: value for key, value in control.element.items() if key in kept}
        return self._make_action(control, shown)

    def _make_action(self, control: Control, value: Json) -> Json:
        element = control.element
        placeholder = {"placeholder": element["placeholder"]} if "placeholder" in element else {}
        ids = {"type": control.kind, "action_id": control.action_id, "block_id": control.block_id}
        return {**ids, **deepcopy(value), **placeholder, "action_ts": self.sim.ids.ts()}
