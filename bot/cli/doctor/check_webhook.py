"""Checks that Buildkite's webhook exists and is set up correctly, and when it last delivered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.app.workspace import read_workspace
from bot.buildkite.client import Buildkite
from bot.buildkite.resources import AccessToken, NotificationService
from bot.buildkite.webhook_registration import SERVICES_PAGE, WEBHOOK_PATH, OwnWebhook
from bot.cli.doctor.finding import Finding
from bot.errors import KitestringError
from bot.settings import Settings

NAME = "Buildkite webhook"
LIST_SCOPE = "read_notification_services"
ADD_REMEDY = "run `kitestring service add` (needs the scope write_notification_services)"


async def check_webhook(
    client: Buildkite, settings: Settings, token: AccessToken | None, last: datetime | None
) -> Finding:
    """Check the webhook. Buildkite returns its token in full; it is only compared, never printed.

    https://buildkite.com/docs/apis/rest-api/notification-services
    """
    if settings.buildkite_webhook_token is None:
        return Finding(
            NAME, None, "not set up; builds are tracked by polling, which is slower but shows the same."
        )
    if token is None or LIST_SCOPE not in token.scopes:
        return Finding(
            NAME,
            None,
            f"can't be listed without the scope {LIST_SCOPE}; {_render_last_delivery(last)}.",
            f"See {SERVICES_PAGE}.",
        )
    try:
        services = [service async for service in client.services()]
    except KitestringError as error:
        sentence = f"can't be listed: {error.message} {_render_last_delivery(last).capitalize()}."
        return Finding(NAME, None, sentence, f"See {SERVICES_PAGE}.")
    return _check_service(services, read_workspace(settings).webhook, last)


def _check_service(services: Sequence[NotificationService], own: OwnWebhook, last: datetime | None) -> Finding:
    """Check our webhook: the one with our address or token, else the one with our path."""
    mine = own.find_among(services)
    if mine is None:
        return Finding(
            NAME,
            False,
            f"none exists for {own.url or f'…{WEBHOOK_PATH}'}.",
            f"Add one in {SERVICES_PAGE}, or {_render_remedy(own)}.",
        )
    faults = list(own.find_problems(mine))
    if faults:
        return Finding(
            NAME, False, f"{'; '.join(faults)}.", f"Edit it in {SERVICES_PAGE}, or {_render_remedy(own)}."
        )
    reach = "I can't check from here whether Buildkite reaches it"
    return Finding(
        NAME, True if last else None, f"set up for {mine.webhook_url}; {_render_last_delivery(last)} ({reach})."
    )


def _render_remedy(own: OwnWebhook) -> str:
    """Return the shorter way, with what it needs first."""
    return ADD_REMEDY if own.url else f"set KITESTRING_URL and {ADD_REMEDY}"


def _render_last_delivery(last: datetime | None) -> str:
    return f"last delivery {last:%Y-%m-%d %H:%M} UTC" if last else "no delivery seen yet"
