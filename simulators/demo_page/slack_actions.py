"""Acts of people in Slack: type, click, pick, search, submit, close."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from simulators.demo_page.demo_state import DemoState
from simulators.demo_page.origin_guard import Problem
from simulators.slack.controls import Control, controls
from simulators.slack.errors import NoSuchControl
from simulators.slack.form_files import Attachment, attach
from simulators.slack.person import Person
from simulators.slack.person.base import Place
from simulators.slack.views import View, value_key

Json = dict[str, Any]
Given = Mapping[str, Any]
TEXT_LIMIT = 4_000


def word(given: Given, name: str) -> str:
    """A text that has to be there. Raises Problem."""
    value = given.get(name)
    if not isinstance(value, str) or len(value) > TEXT_LIMIT:
        raise Problem(f"`{name}` has to be a text of at most {TEXT_LIMIT} characters.")
    return value


def _who(state: DemoState, given: Given) -> Person:
    person = state.slack.people.get(word(given, "as"))
    if person is None:
        raise Problem("There is no such person.", 404)
    return person


def _message(state: DemoState, given: Given) -> Place:
    found = state.slack.find_anywhere(word(given, "ts"), word(given, "as"))
    if found is None:
        raise Problem("That message is gone.", 404)
    return found


def _modal(state: DemoState, given: Given) -> View:
    view = state.slack.modal_of(word(given, "as"))
    if view is None or view.id != word(given, "view_id"):
        raise Problem("That form is not open any more.", 404)
    return view


def _control(place: Place, given: Given) -> Control:
    wanted = (given.get("block_id"), given.get("action_id"))
    for control in controls(place):
        if (control.block_id, control.action_id) == wanted:
            return control
    raise NoSuchControl("That control is not there any more.")


async def say(state: DemoState, given: Given) -> Json:
    """A line from the composer: a slash command or a message, `thread_ts` in a thread."""
    text, channel, thread = word(given, "text").strip(), word(given, "channel"), given.get("thread_ts")
    person = _who(state, given)
    if text.startswith("/"):
        await person.types(channel, text, thread_ts=thread)
    elif text:
        await person.says(channel, text, thread_ts=thread)
    return {}


async def _press(person: Person, place: Place, control: Control, given: Given) -> Json:
    if control.kind == "overflow":
        await person.picks(place, control.action_id, word(given, "option"))
    else:
        value = control.element.get("value")
        await person.clicks(place, action_id=control.action_id, value=value)
    return {}


async def click(state: DemoState, given: Given) -> Json:
    """A button of a message, or `option` of its overflow menu."""
    place = _message(state, given)
    return await _press(_who(state, given), place, _control(place, given), given)


async def modal_click(state: DemoState, given: Given) -> Json:
    """A button within a form; what was entered so far goes along."""
    view = _modal(state, given)
    _fill(view, given)
    return await _press(_who(state, given), view, _control(view, given), given)


def chosen(entry: Any) -> Any:
    """What a state entry of the page holds, as `Person.picks` takes it: values, ids or None."""
    if not isinstance(entry, dict):
        raise Problem("An entry is an object.")
    held = entry.get(value_key(str(entry.get("type"))) or "")
    many = [
        item.get("value") if isinstance(item, dict) else item
        for item in (held if isinstance(held, list) else [held])
    ]
    return many if isinstance(held, list) else many[0]


async def pick(state: DemoState, given: Given) -> Json:
    """A choice in a menu of a message."""
    place = _message(state, given)
    control = _control(place, given)
    await _who(state, given).picks(place, control.action_id, chosen(given.get("entry")))
    return {}


async def modal_pick(state: DemoState, given: Given) -> Json:
    """A choice in a form whose control acts at once."""
    view = _modal(state, given)
    _fill(view, given)
    control = _control(view, given)
    await _who(state, given).picks(view, control.action_id, chosen(given.get("entry")))
    return {}


async def _search(state: DemoState, place: Place, given: Given) -> Json:
    person, control = _who(state, given), _control(place, given)
    await person.searches(control.action_id, word(given, "query"), where=place)
    return {"options": state.slack.offered.get((person.id, control.action_id), [])}


async def search(state: DemoState, given: Given) -> Json:
    """Typing into a menu of a message whose options the app knows."""
    return await _search(state, _message(state, given), given)


async def modal_search(state: DemoState, given: Given) -> Json:
    """Typing into such a menu of a form."""
    return await _search(state, _modal(state, given), given)


async def modal_attach(state: DemoState, given: Given) -> Json:
    """A small text file put into a form; the file as Slack describes it, to be sent with what is filled in."""
    _control(_modal(state, given), given)
    name, text = word(given, "name"), word(given, "text")
    return {"file": attach(state.slack, _who(state, given).id, Attachment(name, text.encode()))}


def _fill(view: View, given: Given) -> None:
    values = given.get("values")
    for block_id, actions in (values if isinstance(values, dict) else {}).items():
        for action_id, entry in (actions if isinstance(actions, dict) else {}).items():
            known = view.inputs.get(block_id, {}).get(action_id)
            if known and isinstance(entry, dict) and entry.get("type") == known["type"]:
                view.inputs[block_id][action_id] = entry


async def submit(state: DemoState, given: Given) -> Json:
    """The form as filled in."""
    _fill(_modal(state, given), given)
    await _who(state, given).submits()
    return {}


async def close_modal(state: DemoState, given: Given) -> Json:
    """Cancel, the cross or Escape."""
    _modal(state, given)
    await _who(state, given).closes()
    return {}


async def shortcut(state: DemoState, given: Given) -> Json:
    """An entry of a message's menu, or without `ts` one that belongs to none."""
    message = word(given, "ts") if given.get("ts") else None
    await _who(state, given).shortcut(word(given, "callback_id"), message)
    return {}


async def open_home(state: DemoState, given: Given) -> Json:
    """A look at the app's home."""
    await _who(state, given).opens_home()
    return {}


async def home_click(state: DemoState, given: Given) -> Json:
    """A button of the home."""
    person = _who(state, given)
    home = state.slack.home_of(person)
    if home is None:
        raise Problem("There is no home yet.", 404)
    return await _press(person, home, _control(home, given), given)


async def preview_click(state: DemoState, given: Given) -> Json:
    """A button below a link."""
    message = state.slack.find_anywhere(word(given, "ts"), word(given, "as"))
    shown = message.previews if message else []
    preview = next((item for item in shown if item.url == word(given, "url")), None)
    if preview is None:
        raise Problem("That preview is gone.", 404)
    return await _press(_who(state, given), preview, _control(preview, given), given)


PEOPLE: Mapping[str, Callable[[DemoState, Given], Awaitable[Json]]] = {
    "say": say,
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
