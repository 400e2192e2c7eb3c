"""Looks at a webhook's body just far enough to know what it is about."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

# Printable ASCII: names become rows and labels, and PostgreSQL cannot store a NUL in text.
Name = Annotated[str, Meta(pattern=r"^[!-~]{1,100}$")]
Text = Annotated[str, Meta(min_length=1)]


class Malformed(ValueError):
    """The body is not a webhook's: no JSON object, no event, or an event without what it is about."""


class BuildIdentity(Struct, frozen=True):
    """https://buildkite.com/docs/apis/webhooks/pipelines/build-events"""

    number: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    state: Text
    url: Text


class JobIdentity(Struct, frozen=True):
    """https://buildkite.com/docs/apis/webhooks/pipelines/job-events"""

    id: Text
    state: Text


class AgentIdentity(Struct, frozen=True):
    """https://buildkite.com/docs/apis/webhooks/pipelines/agent-events"""

    id: Text


Identity = BuildIdentity | JobIdentity | AgentIdentity


class Envelope(Struct, frozen=True):
    """The event's name, whether it is a known one, and the identity of what it is about, if anything."""

    event: str
    known: bool
    identity: Identity | None = None


class _Outer(Struct):
    event: Name
    build: Raw = Raw()
    job: Raw = Raw()
    agent: Raw = Raw()


_IDENTITIES: dict[str, type[Identity]] = {
    "build": BuildIdentity,
    "job": JobIdentity,
    "agent": AgentIdentity,
}
_VERBS: dict[str, str] = {
    "build": "scheduled running failing finished skipped",
    "job": "scheduled started finished activated promised_exit_status",
    "agent": "connected lost disconnected stopping stopped blocked",
}
ABOUT: dict[str, str | None] = {
    "ping": None,
    "cluster_token.registration_blocked": None,
    **{f"{noun}.{verb}": noun for noun, verbs in _VERBS.items() for verb in verbs.split()},
}


def envelope(body: bytes) -> Envelope:
    """What `body` is about: microseconds, cheap enough to be found out before a webhook is acknowledged.

    Raises Malformed. Events that nobody told us of pass, whatever else stands in them.
    """
    outer = _outer(body)
    noun = ABOUT.get(outer.event)
    if noun is None:
        return Envelope(outer.event, known=outer.event in ABOUT)
    try:
        identity = msgspec.json.decode(getattr(outer, noun), type=_IDENTITIES[noun])
    except msgspec.DecodeError as error:
        raise Malformed(f"{outer.event} does not say which {noun} it is about.") from error
    return Envelope(outer.event, known=True, identity=identity)


def _outer(body: bytes) -> _Outer:
    try:
        body.decode()  # msgspec does not look into the strings that it skips
        return msgspec.json.decode(body, type=_Outer)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
        raise Malformed("The body is not a JSON object with an event.") from error
