"""Reads just enough of a webhook's body to know its event and subject."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

# Printable ASCII: names become rows and labels, and PostgreSQL can't store a NUL in text.
EventName = Annotated[str, Meta(pattern=r"^[!-~]{1,100}$")]
NonEmptyText = Annotated[str, Meta(min_length=1)]


class Malformed(ValueError):
    """The body isn't a webhook's: it isn't a JSON object, or its event or the event's subject is missing."""


class BuildIdentity(Struct, frozen=True):
    """https://buildkite.com/docs/apis/webhooks/pipelines/build-events"""

    number: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    state: NonEmptyText
    url: NonEmptyText


class JobIdentity(Struct, frozen=True):
    """https://buildkite.com/docs/apis/webhooks/pipelines/job-events"""

    id: NonEmptyText
    state: NonEmptyText


class AgentIdentity(Struct, frozen=True):
    """https://buildkite.com/docs/apis/webhooks/pipelines/agent-events"""

    id: NonEmptyText


SubjectIdentity = BuildIdentity | JobIdentity | AgentIdentity


class Envelope(Struct, frozen=True):
    """The event's name, whether it is a known event, and the identity of its subject, if it has one."""

    event: str
    known: bool
    identity: SubjectIdentity | None = None


class _Outer(Struct):
    event: EventName
    build: Raw = Raw()
    job: Raw = Raw()
    agent: Raw = Raw()


_IDENTITIES: dict[str, type[SubjectIdentity]] = {
    "build": BuildIdentity,
    "job": JobIdentity,
    "agent": AgentIdentity,
}
_VERBS: dict[str, str] = {
    "build": "scheduled running failing finished skipped",
    "job": "scheduled started finished activated promised_exit_status",
    "agent": "connected lost disconnected stopping stopped blocked",
}
SUBJECTS: dict[str, str | None] = {
    "ping": None,
    "cluster_token.registration_blocked": None,
    **{f"{noun}.{verb}": noun for noun, verbs in _VERBS.items() for verb in verbs.split()},
}


def read_envelope(body: bytes) -> Envelope:
    """Return the envelope of `body`. It takes microseconds, so it runs before a webhook is acknowledged.

    Raise Malformed. Unknown events pass, whatever else they contain.
    """
    outer = _decode_outer(body)
    noun = SUBJECTS.get(outer.event)
    if noun is None:
        return Envelope(outer.event, known=outer.event in SUBJECTS)
    try:
        identity = msgspec.json.decode(getattr(outer, noun), type=_IDENTITIES[noun])
    except msgspec.DecodeError as error:
        raise Malformed(f"{outer.event} doesn't identify its {noun}.") from error
    return Envelope(outer.event, known=True, identity=identity)


def _decode_outer(body: bytes) -> _Outer:
    try:
        body.decode()  # msgspec doesn't check the encoding of strings that it skips
        return msgspec.json.decode(body, type=_Outer)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
        raise Malformed("The body isn't a JSON object with an event.") from error
