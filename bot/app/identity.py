"""Identifies the bot: its Slack user, and the mark by which it recognizes builds it started."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass

import structlog

from bot.errors import KitestringError
from bot.runtime.clock import Clock
from bot.slack.api_errors import SlackError
from bot.slack.web_client import SlackClient
from bot.store.sql import ensure_meta, get_meta, set_meta
from bot.store.transactions import Store

_ATTEMPTS = 5
log = structlog.stdlib.get_logger(__name__)


class NoIdentity(KitestringError):
    """Raised when Slack doesn't say whose token this is."""


@dataclass(frozen=True)
class Identity:
    """`instance` is unique to this installation, created once, and part of the meta-data of builds it starts."""

    team: str
    user: str
    bot: str
    instance: str


async def identify(api: SlackClient, store: Store, clock: Clock) -> Identity:
    """Ask Slack who the bot is; if it doesn't answer, use its last answer. Raise NoIdentity."""
    async with store.write() as tx:
        instance = await ensure_meta(tx, "instance", secrets.token_hex(8))
        known = await get_meta(tx, "identity")
    for attempt in range(_ATTEMPTS):
        try:
            answer = await api.whoami()
            break
        except SlackError as problem:
            if problem.kind in ("refused", "barred"):
                raise NoIdentity(
                    f"Slack refuses SLACK_BOT_TOKEN ({problem.code}).",
                    "Copy the Bot User OAuth Token from your app's OAuth & Permissions page.",
                ) from problem
            if known:
                log.warning("Slack doesn't answer; using its last answer")
                return Identity(**json.loads(known))
            await clock.sleep(2**attempt)
    else:
        raise NoIdentity("Slack doesn't answer.", "Check SLACK_API_URL and the network, then start again.")
    identity = Identity(answer.team_id, answer.user_id, answer.bot_id, instance)
    async with store.write() as tx:
        await set_meta(tx, "identity", json.dumps(asdict(identity)))
    return identity
