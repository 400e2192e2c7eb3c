"""Shapes of Slack's payloads, as far as Bolt or this bot rely on them.

https://docs.slack.dev/reference/interaction-payloads and https://docs.slack.dev/apis/events-api
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from bot.slack.form_values import FormEntry, SlackId


class WithId(Struct):
    id: SlackId


class CallbackView(Struct):
    """A view, with the callback id that Bolt finds its listener by."""

    callback_id: str | None = None


class BoltFields(Struct):
    """The fields that Bolt reads for ids and to find a listener."""

    type: str | UnsetType = UNSET
    enterprise: str | dict[str, Any] | None = None
    team: str | dict[str, Any] | None = None
    user: str | dict[str, Any] | None = None
    channel: str | dict[str, Any] | None = None
    authorizations: list[BoltFields] | None = None
    event: BoltFields | UnsetType = UNSET
    message: BoltFields | None = None
    previous_message: BoltFields | None = None
    item: BoltFields | None = None
    assistant_thread: BoltFields | None = None
    view: CallbackView | None = None
    callback_id: str | None = None
    action_id: str | None = None
    # Bolt fails on two or more: it logs about them before it has a logger.
    response_urls: Annotated[list[dict[str, Any]], Meta(max_length=1)] | UnsetType = UNSET


class CommandPayload(Struct):
    """A slash command."""

    command: str
    team_id: SlackId
    channel_id: SlackId
    user_id: SlackId
    trigger_id: SlackId
    response_url: str | None = None


class MessageEvent(Struct):
    """A mention, or a message."""

    channel: SlackId
    ts: SlackId
    user: SlackId | None = None
    text: str | None = None
    thread_ts: SlackId | None = None


class Typed(Struct):
    type: str


class EventPayload(Struct):
    team_id: SlackId
    event: Typed


class MessagePayload(Struct):
    event: MessageEvent


class HomeOpenedEvent(Struct):
    """A person opened the app's home or its messages."""

    user: SlackId
    tab: str | None = None
    view: dict[str, Any] | None = None


class HomeOpenedPayload(Struct):
    event: HomeOpenedEvent


class SharedLink(Struct):
    url: SlackId


class LinkSharedEvent(Struct):
    """Links in a message or in a draft."""

    user: SlackId
    links: list[SharedLink]
    channel: SlackId = ""
    message_ts: SlackId = ""
    source: str | None = None


class LinkSharedPayload(Struct):
    event: LinkSharedEvent


class MessageContainer(Struct):
    channel_id: SlackId | None = None
    message_ts: SlackId | None = None
    thread_ts: SlackId | None = None


class OptionalId(Struct):
    id: SlackId | None = None


class ThreadedMessage(Struct):
    thread_ts: SlackId | None = None


class PressedAction(Struct):
    action_id: SlackId
    block_id: SlackId | None = None
    value: SlackId | None = None


class PressedView(Struct):
    """A home or a modal in which a button was pressed."""

    id: SlackId | None = None
    hash: SlackId | None = None
    type: str | None = None


class ClickPayload(Struct):
    actions: Annotated[list[PressedAction], Meta(min_length=1)]
    user: WithId
    team: OptionalId | None = None
    channel: OptionalId | None = None
    container: MessageContainer | None = None
    message: ThreadedMessage | None = None
    view: PressedView | None = None
    response_url: str | None = None
    trigger_id: SlackId | None = None


class FormBlock(Struct):
    type: str
    block_id: str  # Slack generates one where none was given


class SubmittedView(Struct):
    """A form with what was filled in: by block, by action."""

    id: SlackId
    type: str
    blocks: list[FormBlock]
    state: State
    private_metadata: SlackId = ""


class State(Struct):
    values: dict[str, dict[str, FormEntry]]


class SuggestionPayload(Struct):
    """A menu's request for options."""

    user: WithId
    value: str | None = None


class SubmissionPayload(Struct):
    user: WithId
    view: SubmittedView


class LegacyAction(Struct):
    """A legacy button, which Bolt parses even without a listener."""

    actions: Annotated[list[dict[str, Any]], Meta(min_length=1)]


class WorkflowStep(Struct):
    """A workflow step, which Bolt parses even without a listener."""

    workflow_step: dict[str, Any]


class ViewClosedPayload(Struct):
    view: Typed


class ShortcutMessage(Struct):
    ts: SlackId
    thread_ts: SlackId | None = None


class MessageShortcut(Struct):
    """A message shortcut."""

    user: WithId
    channel: WithId
    message: ShortcutMessage
    trigger_id: SlackId
    callback_id: str
    team: OptionalId | None = None
    response_url: str | None = None


class GlobalShortcut(Struct):
    """A global shortcut."""

    user: WithId
    trigger_id: SlackId
    callback_id: str
    team: OptionalId | None = None


EVENT_SHAPES: dict[str, type[Struct]] = {"app_home_opened": HomeOpenedPayload, "link_shared": LinkSharedPayload}
PAYLOAD_SHAPES: dict[str, type[Struct]] = {
    "event_callback": EventPayload,
    "block_actions": ClickPayload,
    "block_suggestion": SuggestionPayload,
    "view_submission": SubmissionPayload,
    "view_closed": ViewClosedPayload,
    "interactive_message": LegacyAction,
    "workflow_step_edit": WorkflowStep,
    "message_action": MessageShortcut,
    "shortcut": GlobalShortcut,
}
