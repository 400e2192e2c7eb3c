"""The parts of Slack's payloads on which Bolt relies, also in kinds of payloads that this bot ignores."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType


class CallbackView(Struct):
    """A view, with the callback id that Bolt finds its listener by."""

    callback_id: str | None = None


class BoltFields(Struct):
    """The fields that Bolt reads for ids and to find a listener."""

    type: str | UnsetType = UNSET
    enterprise: str | dict[str, object] | None = None
    team: str | dict[str, object] | None = None
    user: str | dict[str, object] | None = None
    channel: str | dict[str, object] | None = None
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
    response_urls: Annotated[list[dict[str, object]], Meta(max_length=1)] | UnsetType = UNSET


class LegacyAction(Struct):
    """A legacy button, which Bolt parses even without a listener."""

    actions: Annotated[list[dict[str, object]], Meta(min_length=1)]


class WorkflowStep(Struct):
    """A workflow step, which Bolt parses even without a listener."""

    workflow_step: dict[str, object]


class ClosedView(Struct):
    type: str


class ViewClosedPayload(Struct):
    view: ClosedView
