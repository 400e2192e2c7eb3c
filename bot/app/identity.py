"""Identifies the bot: its Slack user, and the mark by which it recognizes builds it started."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass

import structlog

from bot.errors import KitestringError
from bot.runtime.clock import Clock
from bot.slack.api_errors import SlackError
from bot.slack.api_shapes import BotIdentity
from bot.slack.web_client import SlackClient
from bot.store.sql import ensure_meta, get_meta, set_meta
from bot.store.transactions import Store

# Seconds between questions at a first start without an answer.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
log = structlog.stdlib.get_logger(__name__)


class NoIdentity(KitestringError):
    """Raised when Slack refuses the bot's token."""


@dataclass(frozen=True)
class Identity:
    """`instance` is unique to this installation, created once, and part of the meta-data of builds it starts."""

    team: str
    user: str
    bot: str
    instance: str


async def identify(api: SlackClient, store: Store, clock: Clock) -> Identity:
    """Ask Slack who the bot is; if it doesn't answer, use its last answer, or keep asking if there is none.

    Raise NoIdentity if Slack refuses the token.
    """
    async with store.write() as tx:
        instance = await ensure_meta(tx, "instance", secrets.token_hex(8))
        known = await get_meta(tx, "identity")
    answer = await _ask_slack(api) if known else await _keep_asking(api, clock)
    if answer is None:
        log.warning("Slack doesn't answer; using its last answer")
        return Identity(**json.loads(known or ""))
    identity = Identity(answer.team_id, answer.user_id, answer.bot_id, instance)
    async with store.write() as tx:
        await set_meta(tx, "identity", json.dumps(asdict(identity)))
    return identity


async def _keep_asking(api: SlackClient, clock: Clock) -> BotIdentity:
    """Ask until Slack answers, with growing pauses: at the first start nothing works without its answer."""
    pause = _FIRST_PAUSE
    while True:
        answer = await _ask_slack(api)
        if answer is not None:
            return answer
        log.warning("Slack doesn't answer, still trying", seconds=pause)
        await clock.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


async def _ask_slack(api: SlackClient) -> BotIdentity | None:
    """Return Slack's answer, None if there was none. Raise NoIdentity if it refuses the token."""
    try:
        return await api.whoami()
    except SlackError as problem:
        if problem.kind in ("refused", "barred"):
            raise NoIdentity(
                f"Slack refuses SLACK_BOT_TOKEN ({problem.code}).",
                "Copy the Bot User OAuth Token from your app's OAuth & Permissions page.",
            ) from problem
        return None
