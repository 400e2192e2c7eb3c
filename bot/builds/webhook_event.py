"""A webhook as delivered, and what it reports once decoded."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime

from bot.buildkite.models import Build, Job, Vendor
from bot.buildkite.resources import Agent

# Decoded builds by their JSON text: the webhooks of a build's jobs repeat it literally.
ParsedBuilds = dict[Hashable, Build]


@dataclass(frozen=True)
class Delivery:
    """One verified webhook as it came; `id` is `X-Buildkite-Request`, which Buildkite does not document."""

    event: str
    body: bytes
    id: str | None
    received_at: datetime


@dataclass(frozen=True)
class WebhookEvent:
    """The content of one delivery; `known` is false for an unknown kind of event, which reports nothing.

    `blocked_ip` is the address that a token's IP rules refused; `other` is about anything but builds, jobs and
    agents.
    """

    event: str
    known: bool = True
    build: Build | None = None
    jobs: tuple[Job, ...] = ()
    agent: Agent | None = None
    blocked_ip: str | None = None
    ping: bool = False
    other: Vendor | None = None


class Undecodable(ValueError):
    """A known event whose payload can't be understood; the message says why in one sentence."""
