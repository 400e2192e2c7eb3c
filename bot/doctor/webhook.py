"""The Buildkite webhook: is it there, is it right, and when did it last deliver?"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.buildkite.client import Buildkite
from bot.doctor.finding import Finding
from bot.errors import KitestringError
from bot.model import AccessToken, NotificationService
from bot.settings import Settings

NAME = "Buildkite webhook"
PATH = "/buildkite/webhooks"
LISTING = "read_notification_services"
PLACE = "Buildkite → Organization Settings → Notification Services"
EVENTS = ("build.scheduled", "build.running", "build.failing", "build.finished", "job.started", "job.finished")


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
        found = [service async for service in client.services() if service.provider.get("id") == "webhook"]
    except KitestringError as error:
        return Finding(NAME, None, f"cannot be listed: {error.message} {_seen(last)}", f"See {PLACE}.")
    return _judge(found, settings, last)


def _judge(services: Sequence[NotificationService], settings: Settings, last: datetime | None) -> Finding:
    """The webhook that is meant is the one with our token, else the one with our path."""
    mine = [service for service in services if _same_token(service, settings)]
    mine += [service for service in services if _url(service).endswith(PATH)]
    if not mine:
        return Finding(NAME, False, f"none is there to …{PATH}.", f"Add one at {PLACE}.")
    wrong = list(_wrong(mine[0], settings))
    if wrong:
        return Finding(NAME, False, f"{'; '.join(wrong)}.", f"Edit it at {PLACE}.")
    reach = "whether Buildkite reaches it cannot be seen from inside"
    return Finding(NAME, True if last else None, f"set up for {_url(mine[0])}; {_seen(last)} ({reach}).")


def _wrong(service: NotificationService, settings: Settings) -> Iterator[str]:
    """What stands between this webhook and its deliveries."""
    if not service.enabled:
        yield "it is disabled"
    if not _url(service).endswith(PATH):
        yield f"its URL does not end with {PATH}"
    if not _same_token(service, settings):
        yield "its token is not BUILDKITE_WEBHOOK_TOKEN"
    mode = service.settings.get("token_mode")
    if mode in {"signature", "token"} and mode != settings.buildkite_webhook_mode:
        yield f"it sends the token as {mode}, and BUILDKITE_WEBHOOK_MODE is {settings.buildkite_webhook_mode}"
    events = service.settings.get("events")
    missing = [event for event in EVENTS if event not in events] if isinstance(events, list) else []
    if missing:
        yield f"it does not send {', '.join(missing)}"


def _same_token(service: NotificationService, settings: Settings) -> bool:
    theirs = str(service.settings.get("token") or "")
    ours = settings.buildkite_webhook_token
    return ours is not None and hmac.compare_digest(theirs.encode(), ours.get_secret_value().encode())


def _url(service: NotificationService) -> str:
    return str(service.settings.get("url") or "").rstrip("/")


def _seen(last: datetime | None) -> str:
    return f"last delivery {last:%Y-%m-%d %H:%M} UTC" if last else "no delivery seen yet"
