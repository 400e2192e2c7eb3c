"""`kitestring service`: lists Buildkite's notification services and sets up the bot's webhook."""

from __future__ import annotations

from collections.abc import Callable

from bot.app.clients import connect_buildkite
from bot.app.workspace import read_workspace
from bot.buildkite.resources import NotificationService
from bot.buildkite.webhook_registration import SetUpResult, redact_url, set_up
from bot.runtime.clock import SystemClock
from bot.settings import Settings

Echo = Callable[[str], object]


async def print_services(settings: Settings, echo: Echo) -> None:
    """Print a line for each service: whether it is on, its kind, and the address it sends to."""
    own = read_workspace(settings).webhook
    async with connect_buildkite(read_workspace(settings).organization, SystemClock()) as client:
        services = [service async for service in client.services()]
    mine = own.find_among(services)
    for service in services:
        echo(_render_service(service, mine=service is mine))
    if mine is None:
        echo("None of them is my webhook. Create it with `kitestring service add`.")


def _render_service(service: NotificationService, *, mine: bool) -> str:
    name = service.provider.get("name") or service.provider.get("id")
    state, mark = "on " if service.enabled else "off", " (mine)" if mine else ""
    return f"{service.id}  {state}  {name}{mark}  {redact_url(service.webhook_url)}".rstrip()


async def set_up_webhook(settings: Settings, echo: Echo) -> None:
    """Create or repair the webhook and print which. Raise UsageError for settings that are missing."""
    async with connect_buildkite(read_workspace(settings).organization, SystemClock()) as client:
        echo(_render_outcome(await set_up(client, read_workspace(settings).webhook)))


def _render_outcome(done: SetUpResult) -> str:
    match done.how:
        case "created":
            return f"Created the webhook for {done.service.webhook_url}."
        case "repaired":
            return f"Repaired the webhook for {done.service.webhook_url}: {'; '.join(done.problems)}."
        case "found":
            return f"The webhook to {done.service.webhook_url} already exists and is set up correctly."
