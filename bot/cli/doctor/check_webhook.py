"""The Buildkite webhook: is it there, is it right, and when did it last deliver?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.app.dependencies import own_webhook
from bot.buildkite.client import Buildkite
from bot.buildkite.models import AccessToken, NotificationService
from bot.buildkite.webhook_registration import PATH, PLACE, OwnWebhook
from bot.cli.doctor.finding import Finding
from bot.errors import KitestringError
from bot.settings import Settings

NAME = "Buildkite webhook"
LISTING = "read_notification_services"
ADD = "`kitestring service add` does it, with the scope write_notification_services"


async def webhook(
    client: Buildkite, settings: Settings, token: AccessToken | None, last: datetime | None
) -> Finding:
    """One finding; the token of a webhook comes back in full from Buildkite and is only ever compared.

    https://buildkite.com/docs/apis/rest-api/notification-services
    """
    if settings.buildkite_webhook_token is None:
        return Finding(NAME, None, "not set up; builds are followed by polling: slower, not different.")
    if token is None or LISTING not in token.scopes:
        return Finding(NAME, None, f"cannot be listed without the scope {LISTING}; {_seen(last)}", f"See {PLACE}.")
    try:
        found = [service async for service in client.services()]
    except KitestringError as error:
        return Finding(NAME, None, f"cannot be listed: {error.message} {_seen(last)}", f"See {PLACE}.")
    return _judge(found, own_webhook(settings), last)


def _judge(services: Sequence[NotificationService], own: OwnWebhook, last: datetime | None) -> Finding:
    """The webhook that is meant is the one with our address or token, else the one with our path."""
    mine = own.among(services)
    if mine is None:
        return Finding(
            NAME, False, f"none is there to {own.url or f'…{PATH}'}.", f"Add one at {PLACE}; {_ways(own)}."
        )
    wrong = list(own.wrong(mine))
    if wrong:
        return Finding(NAME, False, f"{'; '.join(wrong)}.", f"Edit it at {PLACE}; {_ways(own)}.")
    reach = "whether Buildkite reaches it cannot be seen from inside"
    return Finding(NAME, True if last else None, f"set up for {mine.webhook_url}; {_seen(last)} ({reach}).")


def _ways(own: OwnWebhook) -> str:
    """The shorter way, and what it lacks."""
    return ADD if own.url else f"or set KITESTRING_URL: then {ADD}"


def _seen(last: datetime | None) -> str:
    return f"last delivery {last:%Y-%m-%d %H:%M} UTC" if last else "no delivery seen yet"
