"""The forms that Slack's payloads have, as far as anybody here or in Bolt takes them for granted.

https://docs.slack.dev/reference/interaction-payloads and https://docs.slack.dev/apis/events-api
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from bot.listeners.requests import spoken_to

_DEEPEST = 64  # Block Kit stays under 20; Python's parsers give up near 1,000
_Id = Annotated[str, Meta(pattern=r"\A[^\x00]*\Z")]  # PostgreSQL keeps no NUL


class _Named(Struct):
    id: _Id


class _Seen(Struct):
    """A view, by the name that Bolt finds its listener with."""

    callback_id: str | None = None


class _Spoken(Struct):
    """The fields in which Bolt looks for ids, and for what a listener is found by."""

    type: str | UnsetType = UNSET
    enterprise: str | dict[str, Any] | None = None
    team: str | dict[str, Any] | None = None
    user: str | dict[str, Any] | None = None
    channel: str | dict[str, Any] | None = None
    authorizations: list[_Spoken] | None = None
    event: _Spoken | UnsetType = UNSET
    message: _Spoken | None = None
    previous_message: _Spoken | None = None
    item: _Spoken | None = None
    assistant_thread: _Spoken | None = None
    view: _Seen | None = None
    callback_id: str | None = None
    action_id: str | None = None
    # Bolt fails on two or more: it logs about them before it has a logger.
    response_urls: Annotated[list[dict[str, Any]], Meta(max_length=1)] | UnsetType = UNSET


class _Command(Struct):
    """A slash command."""

    command: str
    team_id: _Id
    channel_id: _Id
    user_id: _Id
    trigger_id: _Id
    response_url: str | None = None


class _Typed(Struct):
    """A mention, or a message."""

    channel: _Id
    ts: _Id
    user: _Id | None = None
    text: str | None = None
    thread_ts: _Id | None = None


class _Occasion(Struct):
    type: str


class _Event(Struct):
    team_id: _Id
    event: _Occasion


class _Mention(Struct):
    event: _Typed


class _Opened(Struct):
    """Somebody looks at the app's home, or at its messages."""

    user: _Id
    tab: str | None = None
    view: dict[str, Any] | None = None


class _Look(Struct):
    event: _Opened


class _Link(Struct):
    url: _Id


class _Linked(Struct):
    """Links in a message, or in one that is being written."""

    user: _Id
    links: list[_Link]
    channel: _Id = ""
    message_ts: _Id = ""
    source: str | None = None


class _Shared(Struct):
    event: _Linked


class _Container(Struct):
    channel_id: _Id | None = None
    message_ts: _Id | None = None
    thread_ts: _Id | None = None


class _Place(Struct):
    id: _Id | None = None


class _Root(Struct):
    thread_ts: _Id | None = None


class _Action(Struct):
    action_id: _Id
    block_id: _Id | None = None
    value: _Id | None = None


class _Pane(Struct):
    """A home or a modal in which something was pressed."""

    id: _Id | None = None
    hash: _Id | None = None
    type: str | None = None


class _Click(Struct):
    actions: Annotated[list[_Action], Meta(min_length=1)]
    user: _Named
    team: _Place | None = None
    channel: _Place | None = None
    container: _Container | None = None
    message: _Root | None = None
    view: _Pane | None = None
    response_url: str | None = None
    trigger_id: _Id | None = None


class _Block(Struct):
    type: str
    block_id: str  # Slack makes one up where none was given


class _Filled(Struct):
    """A form with what was filled in: by block, by action."""

    id: _Id
    type: str
    blocks: list[_Block]
    state: _State
    private_metadata: _Id = ""


class _State(Struct):
    values: dict[str, dict[str, _Entry]]


class _Option(Struct):
    value: str


class _Entry(Struct):
    value: str | None = None
    selected_option: _Option | None = None
    selected_conversation: _Id | None = None
    selected_options: list[_Option] | None = None


class _Suggestion(Struct):
    """A menu that asks what to offer."""

    user: _Named
    value: str | None = None


class _Submission(Struct):
    user: _Named
    view: _Filled


class _Attached(Struct):
    """A button from before Block Kit, which Bolt takes apart even where nobody listens."""

    actions: Annotated[list[dict[str, Any]], Meta(min_length=1)]


class _Step(Struct):
    """A step of a workflow, likewise."""

    workflow_step: dict[str, Any]


class _Closed(Struct):
    view: _Occasion


class _Message(Struct):
    ts: _Id
    thread_ts: _Id | None = None


class _Shortcut(Struct):
    """Of a message."""

    user: _Named
    channel: _Named
    message: _Message
    trigger_id: _Id
    callback_id: str
    team: _Place | None = None
    response_url: str | None = None


class _Anywhere(Struct):
    """A shortcut that belongs to no message."""

    user: _Named
    trigger_id: _Id
    callback_id: str
    team: _Place | None = None


_EVENTS: dict[str, type[Struct]] = {"app_home_opened": _Look, "link_shared": _Shared}
_KINDS: dict[str, type[Struct]] = {
    "event_callback": _Event,
    "block_actions": _Click,
    "block_suggestion": _Suggestion,
    "view_submission": _Submission,
    "view_closed": _Closed,
    "interactive_message": _Attached,
    "workflow_step_edit": _Step,
    "message_action": _Shortcut,
    "shortcut": _Anywhere,
}


def fits(payload: object) -> None:
    """Raise ValueError, with one sentence, for a payload that is not one of Slack's."""
    if not isinstance(payload, dict):
        raise ValueError("The payload is not a JSON object.")
    if not _shallow(payload, _DEEPEST):
        raise ValueError("The payload is nested too deeply.")
    try:
        _convert(payload)
    except msgspec.ValidationError as error:
        raise ValueError(f"The payload is not one of Slack's: {error}.") from error


def writable(text: str) -> None:
    """Raise ValueError for JSON with half a surrogate pair: such text can be neither stored nor sent on."""
    if "\\ud" in text or "\\uD" in text:
        try:
            json.dumps(json.loads(text), ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError("The payload holds half a surrogate pair.") from error


def _convert(payload: dict[str, Any]) -> None:
    kind = msgspec.convert(payload, _Spoken).type
    if "command" in payload:  # Bolt goes by that alone
        msgspec.convert(payload, _Command)
    if isinstance(kind, str) and kind in _KINDS:
        msgspec.convert(payload, _KINDS[kind])
    if kind == "event_callback":
        event = payload["event"]
        told = _Mention if spoken_to(event) else _EVENTS.get(event["type"])
        if told:
            msgspec.convert(payload, told)
    if kind == "view_submission" and payload["view"]["type"] == "workflow_step":
        msgspec.convert(payload, _Step)


def _shallow(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_shallow(each, levels - 1) for each in inner)
