"""The common part of a person's actions: finding controls and sending requests to the app."""

from dataclasses import replace
from typing import Any

from simulators.slack.connected import ConnectedWorkspace
from simulators.slack.controls import Control, find_option, flatten_options
from simulators.slack.delivery import Ack, AppRequest
from simulators.slack.errors import NoSuchControl, NotPossible
from simulators.slack.form_files import attach_file
from simulators.slack.models import Channel, Message, Preview, Profile
from simulators.slack.state import BOT_USER
from simulators.slack.validation.blocks import load_limits
from simulators.slack.validation.defaults import normalize_blocks
from simulators.slack.validation.elements import ElementChecker
from simulators.slack.validation.problems import BlockProblems
from simulators.slack.views import View, find_value_key, make_initial_inputs

Json = dict[str, Any]
Place = Message | View | Preview
Inputs = dict[str, dict[str, Json]]


class Actor:
    """A member at their client."""

    def __init__(self, sim: ConnectedWorkspace, profile: Profile) -> None:
        self.sim = sim
        self.profile = profile

    @property
    def id(self) -> str:
        """Return the user id."""
        return self.profile.id

    @property
    def name(self) -> str:
        """Return the short name."""
        return self.profile.name

    @property
    def dm(self) -> Channel:
        """Return the direct conversation with the bot."""
        return self.sim.open_direct(self.id, BOT_USER)

    async def _send(self, outgoing: AppRequest, channel: str | None, about: str) -> Ack:
        ack = await self.sim.delivery.send(outgoing)
        if ack.problem:
            self.sim.record_problem(self.id, channel, ack.problem, about)
        return ack

    def _find_place(self, where: Place | str) -> Place:
        place = self.sim.find_anywhere(where, self.id) if isinstance(where, str) else where
        if place is None or (isinstance(place, Message) and place.deleted):
            raise NoSuchControl(f"{self.name} sees no message {where!r}.")
        if isinstance(place, View):
            return place
        standing = place.message if isinstance(place, Preview) else place
        hidden = standing.only_for not in (None, self.id)
        if hidden or not self.sim.can_see(self.id, self.sim.channels[place.channel]):
            raise NotPossible(f"{self.name} cannot see that message.")
        return place

    def _find_inputs(self, place: Place) -> Inputs:
        if isinstance(place, View):
            return place.inputs
        if isinstance(place, Preview):
            return make_initial_inputs(place.blocks)
        known = make_initial_inputs(place.blocks or [])
        touched = self.sim.message_inputs.setdefault((self.id, place.ts), {})
        for block_id, entries in known.items():
            entries.update({k: v for k, v in touched.get(block_id, {}).items() if k in entries})
        self.sim.message_inputs[(self.id, place.ts)] = known
        return known

    async def _enter(self, place: Place, control: Control, wanted: Any) -> Json:
        """Put a value into a control; return the state entry."""
        key = find_value_key(control.kind)
        if key is None:
            raise NoSuchControl(f"{control.action_id} takes no value.")
        entry = {"type": control.kind, key: await self._make_value(place, control, key, wanted)}
        self._find_inputs(place).setdefault(control.block_id, {})[control.action_id] = entry
        return entry

    async def _make_value(self, place: Place, control: Control, key: str, wanted: Any) -> Any:
        many = key.endswith("s")
        chosen = list(wanted) if isinstance(wanted, list | tuple | set) else [wanted]
        if wanted is None:
            return [] if many else None
        if key.startswith("selected_option"):
            picked = [await self._find_option(place, control, str(item)) for item in chosen]
            return picked if many else picked[0]
        if key == "value":
            return str(wanted)
        if key == "files":
            return [attach_file(self.sim, self.id, item) for item in chosen]
        plain = [getattr(item, "id", item) for item in chosen]
        return plain if many else plain[0]

    async def _find_option(self, place: Place, control: Control, wanted: str) -> Json:
        if not control.kind.endswith("external_select"):
            return find_option(flatten_options(control.element), wanted)
        known = self.sim.offered_options.get((self.id, control.action_id), [])
        try:
            return find_option(known, wanted)
        except NoSuchControl:
            return find_option(await self._search(place, control, wanted), wanted)

    async def _search(self, place: Place, control: Control, typed: str) -> list[Json]:
        if isinstance(place, Preview):
            raise NotPossible("A preview has no external menus.")
        if len(typed) < int(control.element.get("min_query_length", 3)):
            return []
        body = self.sim.payloads.suggestion(self.profile, place, control.element, control.block_id, typed)
        outgoing = AppRequest("interactive", body, accepts_response=True)
        ack = await self._send(outgoing, None, f"options of {control.action_id}")
        options = flatten_options(ack.body) if ack.ok and isinstance(ack.body, dict) else []
        if self._are_options_bad(options):
            self.sim.record_problem(self.id, None, "invalid_options", f"options of {control.action_id}")
            options = []
        stored: list[Json] = normalize_blocks([{"block_id": "-", "options": options}], str)[0]["options"]
        self.sim.offered_options[(self.id, control.action_id)] = stored
        return stored

    def _are_options_bad(self, options: list[Json]) -> bool:
        found = BlockProblems(load_limits()["limits"])
        for index, option in enumerate(options):
            ElementChecker(found).option(option, f"/options/{index}")
        return bool(found) or len(options) > found.limits["select_options_max_items"]

    def _add_message(self, ack: Ack | None, message: Message) -> Ack:
        return replace(ack or Ack(0), message=message)
