"""Actions of people in Slack: type, click, pick, search, submit, close."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from simulators.demo_page.demo_state import DemoState
from simulators.demo_page.origin_guard import ActionRefused
from simulators.slack.controls import Control, list_controls
from simulators.slack.errors import NoSuchControl
from simulators.slack.form_files import Attachment, attach_file
from simulators.slack.person import Person
from simulators.slack.person.base import Place
from simulators.slack.views import View, find_value_key

Json = dict[str, Any]
Given = Mapping[str, Any]
TEXT_LIMIT = 4_000


def read_text(given: Given, name: str) -> str:
    """Read a required text. Raise ActionRefused."""
    value = given.get(name)
    if not isinstance(value, str) or len(value) > TEXT_LIMIT:
        raise ActionRefused(f"`{name}` must be a text of at most {TEXT_LIMIT} characters.")
    return value


def _find_person(state: DemoState, given: Given) -> Person:
    person = state.slack.people.get(read_text(given, "as"))
    if person is None:
        raise ActionRefused("Unknown person.", 404)
    return person


def _find_message(state: DemoState, given: Given) -> Place:
    found = state.slack.find_anywhere(read_text(given, "ts"), read_text(given, "as"))
    if found is None:
        raise ActionRefused("That message no longer exists.", 404)
    return found


def _find_modal(state: DemoState, given: Given) -> View:
    view = state.slack.modal_of(read_text(given, "as"))
    if view is None or view.id != read_text(given, "view_id"):
        raise ActionRefused("That form is no longer open.", 404)
    return view


def _find_control(place: Place, given: Given) -> Control:
    wanted = (given.get("block_id"), given.get("action_id"))
    for control in list_controls(place):
        if (control.block_id, control.action_id) == wanted:
            return control
    raise NoSuchControl("That control no longer exists.")


async def post(state: DemoState, given: Given) -> Json:
    """Send a line from the composer: a slash command or a message, in a thread with `thread_ts`."""
    text, channel, thread = read_text(given, "text").strip(), read_text(given, "channel"), given.get("thread_ts")
    person = _find_person(state, given)
    if text.startswith("/"):
        await person.types(channel, text, thread_ts=thread)
    elif text:
        await person.posts(channel, text, thread_ts=thread)
    return {}


async def _press(person: Person, place: Place, control: Control, given: Given) -> Json:
    if control.kind == "overflow":
        await person.picks(place, control.action_id, read_text(given, "option"))
    else:
        value = control.element.get("value")
        await person.clicks(place, action_id=control.action_id, value=value)
    return {}


async def click(state: DemoState, given: Given) -> Json:
    """Press a button of a message, or choose `option` of its overflow menu."""
    place = _find_message(state, given)
    return await _press(_find_person(state, given), place, _find_control(place, given), given)


async def modal_click(state: DemoState, given: Given) -> Json:
    """Press a button within a form; entered values are sent along."""
    view = _find_modal(state, given)
    _fill(view, given)
    return await _press(_find_person(state, given), view, _find_control(view, given), given)


def read_choice(entry: Any) -> Any:
    """Convert a state entry of the page for `Person.picks`: values, ids or None."""
    if not isinstance(entry, dict):
        raise ActionRefused("An entry must be an object.")
    held = entry.get(find_value_key(str(entry.get("type"))) or "")
    many = [
        item.get("value") if isinstance(item, dict) else item
        for item in (held if isinstance(held, list) else [held])
    ]
    return many if isinstance(held, list) else many[0]


async def pick(state: DemoState, given: Given) -> Json:
    """Choose in a menu of a message."""
    place = _find_message(state, given)
    control = _find_control(place, given)
    await _find_person(state, given).picks(place, control.action_id, read_choice(given.get("entry")))
    return {}


async def modal_pick(state: DemoState, given: Given) -> Json:
    """Choose in a form's control that acts at once."""
    view = _find_modal(state, given)
    _fill(view, given)
    control = _find_control(view, given)
    await _find_person(state, given).picks(view, control.action_id, read_choice(given.get("entry")))
    return {}


async def _search(state: DemoState, place: Place, given: Given) -> Json:
    person, control = _find_person(state, given), _find_control(place, given)
    await person.searches(control.action_id, read_text(given, "query"), where=place)
    return {"options": state.slack.offered_options.get((person.id, control.action_id), [])}


async def search(state: DemoState, given: Given) -> Json:
    """Search in a message's menu whose options come from the app."""
    return await _search(state, _find_message(state, given), given)


async def modal_search(state: DemoState, given: Given) -> Json:
    """Search in a form's menu whose options come from the app."""
    return await _search(state, _find_modal(state, given), given)


async def modal_attach(state: DemoState, given: Given) -> Json:
    """Attach a small text file to a form; the answer is Slack's description of the file."""
    _find_control(_find_modal(state, given), given)
    name, text = read_text(given, "name"), read_text(given, "text")
    return {"file": attach_file(state.slack, _find_person(state, given).id, Attachment(name, text.encode()))}


def _fill(view: View, given: Given) -> None:
    values = given.get("values")
    for block_id, actions in (values if isinstance(values, dict) else {}).items():
        for action_id, entry in (actions if isinstance(actions, dict) else {}).items():
            known = view.inputs.get(block_id, {}).get(action_id)
            if known and isinstance(entry, dict) and entry.get("type") == known["type"]:
                view.inputs[block_id][action_id] = entry


async def submit(state: DemoState, given: Given) -> Json:
    """Submit the form with the entered values."""
    _fill(_find_modal(state, given), given)
    await _find_person(state, given).submits()
    return {}


async def close_modal(state: DemoState, given: Given) -> Json:
    """Close the form."""
    _find_modal(state, given)
    await _find_person(state, given).closes()
    return {}


async def shortcut(state: DemoState, given: Given) -> Json:
    """Use a message shortcut, or without `ts` a global one."""
    message = read_text(given, "ts") if given.get("ts") else None
    await _find_person(state, given).shortcut(read_text(given, "callback_id"), message)
    return {}


async def open_home(state: DemoState, given: Given) -> Json:
    """Open the app's home tab."""
    await _find_person(state, given).opens_home()
    return {}


async def home_click(state: DemoState, given: Given) -> Json:
    """Press a button of the home tab."""
    person = _find_person(state, given)
    home = state.slack.home_of(person)
    if home is None:
        raise ActionRefused("There's no home tab yet.", 404)
    return await _press(person, home, _find_control(home, given), given)


async def preview_click(state: DemoState, given: Given) -> Json:
    """Press a button of a link preview."""
    message = state.slack.find_anywhere(read_text(given, "ts"), read_text(given, "as"))
    shown = message.previews if message else []
    preview = next((item for item in shown if item.url == read_text(given, "url")), None)
    if preview is None:
        raise ActionRefused("That preview no longer exists.", 404)
    return await _press(_find_person(state, given), preview, _find_control(preview, given), given)


PEOPLE: Mapping[str, Callable[[DemoState, Given], Awaitable[Json]]] = {
    "post": post,
    "click": click,
    "pick": pick,
    "search": search,
    "modal_click": modal_click,
    "modal_pick": modal_pick,
    "modal_search": modal_search,
    "modal_attach": modal_attach,
    "submit": submit,
    "close_modal": close_modal,
    "shortcut": shortcut,
    "open_home": open_home,
    "home_click": home_click,
    "preview_click": preview_click,
}
