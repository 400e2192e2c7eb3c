"""`kitestring service`: the webhook at Buildkite, set up from the console."""

from __future__ import annotations

from collections.abc import Callable

from bot.app.dependencies import own_webhook
from bot.buildkite.client import Buildkite, connect
from bot.buildkite.models import NotificationService
from bot.buildkite.webhook_registration import SetUp, set_up, shown_url
from bot.runtime.clock import SystemClock
from bot.settings import Settings

Say = Callable[[str], object]


async def show(settings: Settings, say: Say) -> None:
    """One line a service: whether it is on, what it is, where it sends to."""
    own = own_webhook(settings)
    async with _client(settings) as client:
        services = [service async for service in client.services()]
    mine = own.among(services)
    for service in services:
        say(_line(service, mine=service is mine))
    if mine is None:
        say("No webhook of mine is among them: `kitestring service add` makes it.")


def _line(service: NotificationService, *, mine: bool) -> str:
    name = service.provider.get("name") or service.provider.get("id")
    state, mark = "on " if service.enabled else "off", " (mine)" if mine else ""
    return f"{service.id}  {state}  {name}{mark}  {shown_url(service.webhook_url)}".rstrip()


async def add(settings: Settings, say: Say) -> None:
    """Make the webhook, or put it right; says which. Raises UsageError for what is not set."""
    async with _client(settings) as client:
        say(_told(await set_up(client, own_webhook(settings))))


def _told(done: SetUp) -> str:
    match done.how:
        case "created":
            return f"Created the webhook to {done.service.webhook_url}."
        case "put right":
            return f"Put right the webhook to {done.service.webhook_url}: {'; '.join(done.was)}."
        case "found":
            return f"The webhook to {done.service.webhook_url} is there already, and nothing is wrong with it."


def _client(settings: Settings) -> Buildkite:
    return connect(
        settings.buildkite_api_token.get_secret_value(),
        settings.buildkite_organization_slug,
        endpoint=settings.buildkite_rest_api_endpoint,
        clock=SystemClock(),
    )
