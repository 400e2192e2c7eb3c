"""Finds, checks and sets up the bot's own webhook in Buildkite.

https://buildkite.com/docs/apis/rest-api/notification-services
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr

from bot.buildkite.endpoints.notification_services import ServiceCalls, WebhookService
from bot.buildkite.resources import NotificationService
from bot.errors import UsageError

WEBHOOK_PATH = "/buildkite/webhooks"
SERVICES_PAGE = "Buildkite → Organization Settings → Notification Services"
SERVICE_NAME = "Kitestring"
SetUpAction = Literal["created", "repaired", "found"]


@dataclass(frozen=True)
class OwnWebhook:
    """The webhook that this bot needs: its public `address`, and the `token` that authenticates deliveries.

    Without the required events, cards are updated late; the optional ones are subscribed to as well.
    """

    address: str | None
    token: SecretStr | None
    mode: Literal["signature", "token"]
    required_events: tuple[str, ...] = ()
    optional_events: tuple[str, ...] = ()

    @property
    def url(self) -> str | None:
        """The URL that Buildkite has to send to; None without an address."""
        return f"{self.address.rstrip('/')}{WEBHOOK_PATH}" if self.address else None

    def to_service(self) -> WebhookService:
        """Return the notification service to create. Raise UsageError if a setting is missing."""
        if self.url is None:
            hint = "Ask the bot's operator to set it to the https:// address that reaches the bot from outside."
            raise UsageError("I don't know my own address: KITESTRING_URL isn't set.", hint)
        if self.token is None:
            hint = "Ask the bot's operator to set it to a long random string."
            raise UsageError("BUILDKITE_WEBHOOK_TOKEN isn't set, so I don't accept webhooks.", hint)
        events = (*self.required_events, *self.optional_events)
        return WebhookService(self.url, self.token.get_secret_value(), self.mode, events, SERVICE_NAME)

    def find_among(self, services: Iterable[NotificationService]) -> NotificationService | None:
        """Return the service with our URL, else with our token, else, if no address is set, with our path."""
        hooks = [service for service in services if service.webhook_url]
        ours = [hook for hook in hooks if self.url and _url(hook) == self.url]
        ours += [hook for hook in hooks if self.has_own_token(hook)]
        ours += [] if self.url else [hook for hook in hooks if _url(hook).endswith(WEBHOOK_PATH)]
        return next(iter(ours), None)

    def has_own_token(self, service: NotificationService) -> bool:
        """Return whether a service has our token, which Buildkite returns in full and must never be displayed."""
        theirs = str(service.settings.get("token") or "")
        return self.token is not None and hmac.compare_digest(
            theirs.encode(), self.token.get_secret_value().encode()
        )

    def find_problems(self, service: NotificationService) -> Iterator[str]:
        """Yield the reasons why a webhook's deliveries wouldn't arrive or be accepted."""
        if not service.enabled:
            yield "it's disabled"
        if self.url and _url(service) != self.url:
            yield "its URL isn't mine"
        elif not _url(service).endswith(WEBHOOK_PATH):
            yield f"its URL doesn't end with {WEBHOOK_PATH}"
        if not self.has_own_token(service):
            yield "its token isn't BUILDKITE_WEBHOOK_TOKEN"
        mode = service.settings.get("token_mode")
        if mode in {"signature", "token"} and mode != self.mode:
            yield f"it sends the token as {mode}, but BUILDKITE_WEBHOOK_MODE is {self.mode}"
        events = service.settings.get("events")
        missing = [event for event in self.required_events if isinstance(events, list) and event not in events]
        if missing:
            yield f"it doesn't send {', '.join(missing)}"


NO_WEBHOOK = OwnWebhook(None, None, "signature")
"""For a bot that has neither an address nor a token of its own."""


def redact_url(url: str) -> str:
    """Return a URL without its query, user and password, which may be secrets."""
    scheme, _, rest = url.partition("?")[0].partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if rest else scheme


def _url(service: NotificationService) -> str:
    return service.webhook_url.rstrip("/")


@dataclass(frozen=True)
class SetUpResult:
    """Result of setting up the webhook: the action taken, the service, and the problems it had before."""

    how: SetUpAction
    service: NotificationService
    problems: tuple[str, ...] = ()


async def set_up(buildkite: ServiceCalls, own: OwnWebhook) -> SetUpResult:
    """Create or repair the webhook; does nothing if it's already right.

    Raise UsageError if a setting is missing, and any error from Buildkite.
    """
    wanted = own.to_service()
    there = own.find_among([service async for service in buildkite.services()])
    if there is None:
        return SetUpResult("created", await buildkite.create_service(wanted))
    problems = tuple(own.find_problems(there))
    if not problems:
        return SetUpResult("found", there)
    events = there.settings.get("events")
    kept = events if isinstance(events, list) else []
    settings = wanted.settings | {"events": list(dict.fromkeys([*wanted.events, *kept]))}
    there = await buildkite.update_service(there.id, {"settings": settings})
    if not there.enabled:
        there = await buildkite.enable_service(there.id)
    return SetUpResult("repaired", there, problems)


async def find_working(buildkite: ServiceCalls, own: OwnWebhook) -> SetUpResult | None:
    """Return the webhook if it exists and has no problems."""
    there = own.find_among([service async for service in buildkite.services()])
    return SetUpResult("created", there) if there and not any(own.find_problems(there)) else None
