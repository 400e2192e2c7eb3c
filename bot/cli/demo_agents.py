"""The demo's AI agents: whose tokens they have, and what these may do."""

from __future__ import annotations

from typing import NamedTuple

from bot.cli.demo_tips import ALICE, BOB
from bot.runtime.json_types import JsonObject


class DemoToken(NamedTuple):
    """A token to make: `arguments` are those of `api-token create`."""

    name: str
    about: str
    owner: str
    arguments: JsonObject


AGENTS = (
    DemoToken(
        "release-bot",
        "Alice’s agent. It may do what Alice may, and is announced in #deploys.",
        ALICE,
        {"name": "release-bot", "channel": "C0DEPLOYS"},
    ),
    DemoToken(
        "reader",
        "Bob’s agent. It may only read.",
        BOB,
        {"name": "reader", "permissions": ["help", "read", "logs"], "channel": "C0DEPLOYS"},
    ),
)
