"""The webhook at Buildkite that is ours: what it has to be, whether it is so, and making it so.

https://buildkite.com/docs/apis/rest-api/notification-services
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr

from bot.buildkite.client import Buildkite
from bot.buildkite.endpoints.services import WebhookService
from bot.buildkite.models import NotificationService
from bot.errors import UsageError

PATH = "/buildkite/webhooks"
PLACE = "Buildkite → Organization Settings → Notification Services"
NAME = "Kitestring"
EVENTS = ("build.scheduled", "build.running", "build.failing", "build.finished", "job.started", "job.finished")
"""Without these, cards lag behind."""
MORE = (
    *("build.skipped", "job.activated"),
    *("agent.connected", "agent.disconnected", "agent.lost", "agent.stopped", "agent.blocked"),
)
"""These are asked for as well when it is made: what agents do is told to those who watch them."""
How = Literal["created", "put right", "found"]


@dataclass(frozen=True)
class OwnWebhook:
    """`address` is where this bot is reached from outside, `token` what its webhook proves itself with."""

    address: str | None
    token: SecretStr | None
    mode: Literal["signature", "token"]

    @property
    def url(self) -> str | None:
        """Where Buildkite has to send to."""
        return f"{self.address.rstrip('/')}{PATH}" if self.address else None

    def wanted(self) -> WebhookService:
        """What has to be made. Raises UsageError for what is not set."""
        if self.url is None:
            hint = "Whoever runs me should set it to https://… as I am reached from outside."
            raise UsageError("I do not know my own address: KITESTRING_URL is not set.", hint)
        if self.token is None:
            hint = "Whoever runs me should set it to a long random word."
            raise UsageError("BUILDKITE_WEBHOOK_TOKEN is not set, so I take no webhooks.", hint)
        return WebhookService(self.url, self.token.get_secret_value(), self.mode, (*EVENTS, *MORE), NAME)

    def among(self, services: Iterable[NotificationService]) -> NotificationService | None:
        """The one with our address, else with our token, else with our path where no address is set."""
        hooks = [service for service in services if service.webhook_url]
        ours = [hook for hook in hooks if self.url and _url(hook) == self.url]
        ours += [hook for hook in hooks if self.knows(hook)]
        ours += [] if self.url else [hook for hook in hooks if _url(hook).endswith(PATH)]
        return next(iter(ours), None)

    def knows(self, service: NotificationService) -> bool:
        """Whether its token is ours; Buildkite shows it in full, and it is only ever compared."""
        theirs = str(service.settings.get("token") or "")
        return self.token is not None and hmac.compare_digest(
            theirs.encode(), self.token.get_secret_value().encode()
        )

    def wrong(self, service: NotificationService) -> Iterator[str]:
        """What stands between a webhook and its deliveries."""
        if not service.enabled:
            yield "it is disabled"
        if self.url and _url(service) != self.url:
            yield "its URL is not mine"
        elif not _url(service).endswith(PATH):
            yield f"its URL does not end with {PATH}"
        if not self.knows(service):
            yield "its token is not BUILDKITE_WEBHOOK_TOKEN"
        mode = service.settings.get("token_mode")
        if mode in {"signature", "token"} and mode != self.mode:
            yield f"it sends the token as {mode}, and BUILDKITE_WEBHOOK_MODE is {self.mode}"
        events = service.settings.get("events")
        missing = [event for event in EVENTS if event not in events] if isinstance(events, list) else []
        if missing:
            yield f"it does not send {', '.join(missing)}"


NOWHERE = OwnWebhook(None, None, "signature")
"""Of a bot that knows no address of its own."""


def shown_url(url: str) -> str:
    """An address without a query or a password, which may be secrets."""
    scheme, _, rest = url.partition("?")[0].partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if rest else scheme


def _url(service: NotificationService) -> str:
    return service.webhook_url.rstrip("/")


@dataclass(frozen=True)
class SetUp:
    """What came of setting it up: `how`, which one, and what was wrong with it before."""

    how: How
    service: NotificationService
    was: tuple[str, ...] = ()


async def set_up(buildkite: Buildkite, own: OwnWebhook) -> SetUp:
    """See to it that the webhook is there and right; doing so again changes nothing.

    Raises UsageError for what is not set, and whatever Buildkite answers.
    """
    wanted = own.wanted()
    there = own.among([service async for service in buildkite.services()])
    if there is None:
        return SetUp("created", await buildkite.create_service(wanted))
    was = tuple(own.wrong(there))
    if not was:
        return SetUp("found", there)
    events = there.settings.get("events")
    kept = events if isinstance(events, list) else []
    settings = wanted.settings | {"events": list(dict.fromkeys([*wanted.events, *kept]))}
    there = await buildkite.update_service(there.id, {"settings": settings})
    if not there.enabled:
        there = await buildkite.enable_service(there.id)
    return SetUp("put right", there, was)


async def found(buildkite: Buildkite, own: OwnWebhook) -> SetUp | None:
    """The webhook, where it is there and right."""
    there = own.among([service async for service in buildkite.services()])
    return SetUp("created", there) if there and not any(own.wrong(there)) else None
