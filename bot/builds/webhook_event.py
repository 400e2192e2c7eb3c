"""What Buildkite delivers: a webhook as it came, and the facts that stand in it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime

from bot.buildkite.models import Agent, Build, Job

# Builds by the text that they were read from: what is told of their jobs repeats it word by word.
Read = dict[Hashable, Build]


@dataclass(frozen=True)
class Delivery:
    """One verified webhook as it came; `id` is `X-Buildkite-Request`, which Buildkite does not document."""

    event: str
    body: bytes
    id: str | None
    received_at: datetime


@dataclass(frozen=True)
class WebhookEvent:
    """What one delivery says; a kind of event that nobody told us of says nothing and has `known` false.

    `blocked_ip` is the address that a token's rules refused.
    """

    event: str
    known: bool = True
    build: Build | None = None
    jobs: tuple[Job, ...] = ()
    agent: Agent | None = None
    blocked_ip: str | None = None
    ping: bool = False


class Undecodable(ValueError):
    """A known event whose payload cannot be understood; says in one sentence what is wrong with it."""
