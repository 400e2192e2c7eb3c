"""Declares what is registered for a kind of webhook event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, Struct

from bot.builds.webhook_event import WebhookEvent
from bot.runtime.json_types import JsonObject

NonEmptyText = Annotated[str, Meta(min_length=1)]
EventReader = Callable[[str, JsonObject], WebhookEvent]


class BuildIdentity(Struct, frozen=True):
    """https://buildkite.com/docs/apis/webhooks/pipelines/build-events"""

    number: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    state: NonEmptyText
    url: NonEmptyText


class JobIdentity(Struct, frozen=True):
    """https://buildkite.com/docs/apis/webhooks/pipelines/job-events

    Waiters have no state.
    """

    id: NonEmptyText
    state: NonEmptyText | None = None


class AgentIdentity(Struct, frozen=True):
    """https://buildkite.com/docs/apis/webhooks/pipelines/agent-events"""

    id: NonEmptyText


SubjectIdentity = BuildIdentity | JobIdentity | AgentIdentity


class EventSubject(NamedTuple):
    """The subject of an event: the payload's field, and what in it has to be there before a webhook is accepted.

    `decodes_fast`: these events are so frequent that their usual form is decoded without building dictionaries.
    """

    noun: Literal["build", "job", "agent"]
    identity: type[SubjectIdentity]
    decodes_fast: bool


BUILD = EventSubject("build", BuildIdentity, decodes_fast=True)
JOB = EventSubject("job", JobIdentity, decodes_fast=True)
AGENT = EventSubject("agent", AgentIdentity, decodes_fast=False)


@dataclass(frozen=True)
class EventKind:
    """A kind of event: its name, the function that reads its payload, and what it's about, if that has a state.

    `subscription` says that the bot's own webhook asks for the event. Without those that are required, cards are
    updated late; the optional ones are asked for as well when the bot creates its webhook.
    """

    name: str
    read: EventReader
    subject: EventSubject | None = None
    subscription: Literal["required", "optional"] | None = None
