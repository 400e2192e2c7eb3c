"""Slack's payloads, as far as this bot reads them; unknown fields are ignored.

https://docs.slack.dev/reference/interaction-payloads and https://docs.slack.dev/apis/events-api
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from bot.slack.blockkit.blocks import OVERFLOW, read_overflow_value
from bot.slack.form_values import FormEntry, SlackId


class CommandPayload(Struct):
    """A slash command. Typing it again gives another trigger."""

    command: str
    team_id: SlackId
    channel_id: SlackId
    user_id: SlackId
    trigger_id: SlackId
    response_url: str | None = None
    text: str = ""


class Event(Struct, kw_only=True):
    """An event of any type."""

    type: str
    channel_type: str | None = None

    @property
    def is_addressed(self) -> bool:
        """True for a mention or a direct message, false for people's talk in a channel."""
        return self.type == "app_mention" or (self.type == "message" and self.channel_type == "im")


class EventPayload(Struct):
    """An event without a shape of its own; those about an organization's installation have no team."""

    event: Event
    team_id: SlackId | None = None


class DroppedEventsPayload(Struct):
    """Slack dropped events in the minute that began at this Unix time.

    https://docs.slack.dev/reference/events/app_rate_limited
    """

    minute_rate_limited: Annotated[int, Meta(ge=0, le=2**33)]
    team_id: SlackId | None = None


class MessageEvent(Event, kw_only=True):
    """A mention, or a message."""

    channel: SlackId
    ts: SlackId
    user: SlackId | None = None
    text: str | None = None
    thread_ts: SlackId | None = None
    bot_id: str | None = None
    subtype: str | None = None


class MessagePayload(Struct):
    team_id: SlackId
    event: MessageEvent


class HomeOpenedEvent(Struct):
    """A person opened the app's home or its messages."""

    user: SlackId
    tab: str | None = None
    view: dict[str, object] | None = None


class HomeOpenedPayload(Struct):
    team_id: SlackId
    event: HomeOpenedEvent


class SharedLink(Struct):
    url: SlackId


class LinkSharedEvent(Struct):
    """Links in a message or in a draft. https://docs.slack.dev/reference/events/link_shared"""

    user: SlackId
    links: list[SharedLink]
    channel: SlackId = ""
    message_ts: SlackId = ""
    source: str | None = None

    @property
    def is_posted(self) -> bool:
        """True in a posted message; a draft's channel isn't known yet."""
        return self.source != "composer" and self.channel not in ("", "COMPOSER") and self.message_ts != ""


class LinkSharedPayload(Struct):
    team_id: SlackId
    event: LinkSharedEvent


class PayloadUser(Struct):
    id: SlackId
    team_id: SlackId | None = None


class OptionalId(Struct):
    id: SlackId | None = None


class InteractionPayload(Struct, kw_only=True):
    """A person's use of a button, a menu, a form or a shortcut."""

    user: PayloadUser
    team: OptionalId | None = None

    @property
    def workspace(self) -> str:
        """The id of the workspace."""
        return (self.team.id if self.team else None) or self.user.team_id or ""


class MessageContainer(Struct):
    """The message that holds a button; empty for a button in a view."""

    channel_id: SlackId | None = None
    message_ts: SlackId | None = None
    thread_ts: SlackId | None = None
    is_ephemeral: bool = False


class ThreadedMessage(Struct):
    thread_ts: SlackId | None = None


class PressedLabel(Struct):
    text: str = ""


class OverflowOption(Struct):
    text: PressedLabel | None = None
    value: SlackId = ""


class PressedAction(Struct):
    """A press of a button, or a choice in an overflow menu, whose options hold the name and value of a button."""

    action_id: SlackId
    block_id: SlackId | None = None
    value: SlackId | None = None
    text: PressedLabel | None = None
    selected_option: OverflowOption | None = None

    @property
    def label(self) -> str:
        """The label of the pressed button or of the chosen option."""
        text = self.selected_option.text if self.selected_option else self.text
        return text.text if text else ""

    @property
    def button(self) -> tuple[str, str | None]:
        """The action id and the value of the button that was pressed, or of the option that stands for it."""
        if self.action_id != OVERFLOW or self.selected_option is None:
            return self.action_id, self.value
        return read_overflow_value(self.selected_option.value)


class PressedView(Struct):
    """A home or a modal in which a button was pressed."""

    id: SlackId | None = None
    hash: SlackId | None = None
    type: str | None = None


class ClickPayload(InteractionPayload, kw_only=True):
    """A press of a button."""

    actions: Annotated[list[PressedAction], Meta(min_length=1)]
    channel: OptionalId | None = None
    container: MessageContainer | None = None
    message: ThreadedMessage | None = None
    view: PressedView | None = None
    response_url: str | None = None
    trigger_id: SlackId | None = None


class FormBlock(Struct):
    type: str
    block_id: str  # Slack generates one where none was given


class FormState(Struct):
    """The content of a form's inputs: by block, by action."""

    values: dict[str, dict[str, FormEntry]]


class SubmittedView(Struct):
    """A form with what was filled in."""

    id: SlackId
    type: str
    blocks: list[FormBlock]
    state: FormState
    private_metadata: SlackId = ""

    @property
    def first_input(self) -> str:
        """The id of the first input's block, or of the first block of a form without inputs."""
        ids = [block.block_id for block in self.blocks if block.type == "input"]
        return [*ids, *(block.block_id for block in self.blocks), "form"][0]


class SubmissionPayload(InteractionPayload, kw_only=True):
    """A submitted form."""

    view: SubmittedView


class UnfinishedView(Struct):
    state: FormState | None = None
    private_metadata: SlackId = ""


class OptionsPayload(InteractionPayload, kw_only=True):
    """A menu's request for options that match what was typed."""

    action_id: str = ""
    value: str | None = None
    view: UnfinishedView | None = None


class WithId(Struct):
    id: SlackId


class ShortcutMessage(Struct):
    """A message on which a shortcut was used; its content is only searched for a link."""

    ts: SlackId
    thread_ts: SlackId | None = None
    text: object = None
    blocks: object = None
    attachments: object = None


class MessageShortcut(InteractionPayload, kw_only=True):
    """A message shortcut."""

    channel: WithId
    message: ShortcutMessage
    trigger_id: SlackId
    callback_id: str
    response_url: str | None = None


class GlobalShortcut(InteractionPayload, kw_only=True):
    """A global shortcut."""

    trigger_id: SlackId
    callback_id: str
