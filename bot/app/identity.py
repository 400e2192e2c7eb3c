"""Who the bot is: its user at Slack, and the mark by which it knows its own builds again."""

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

_TRIES = 5
log = structlog.stdlib.get_logger(__name__)


class NoIdentity(KitestringError):
    """Slack does not say who this token is."""


@dataclass(frozen=True)
class Identity:
    """`instance` is ours alone, made once and kept: it stands in the meta-data of every build that we start."""

    team: str
    user: str
    bot: str
    instance: str


async def identify(api: SlackClient, store: Store, clock: Clock) -> Identity:
    """Ask Slack; while it does not answer, take what it said the last time. Raises NoIdentity."""
    async with store.write() as tx:
        instance = await ensure_meta(tx, "instance", secrets.token_hex(8))
        known = await get_meta(tx, "identity")
    for attempt in range(_TRIES):
        try:
            said = await api.whoami()
            break
        except SlackError as problem:
            if problem.kind in ("refused", "barred"):
                raise NoIdentity(
                    f"Slack refuses SLACK_BOT_TOKEN ({problem.code}).",
                    "Copy the Bot User OAuth Token from your app's OAuth & Permissions page.",
                ) from problem
            if known:
                log.warning("Slack does not answer; going on as before")
                return Identity(**json.loads(known))
            await clock.sleep(2**attempt)
    else:
        raise NoIdentity("Slack does not answer.", "Check SLACK_API_URL and the network, then start again.")
    identity = Identity(said["team_id"], said["user_id"], said.get("bot_id", ""), instance)
    async with store.write() as tx:
        await set_meta(tx, "identity", json.dumps(asdict(identity)))
    return identity
