"""The calls about notification services. https://buildkite.com/docs/apis/rest-api/notification-services"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.buildkite.models import NotificationService
from bot.buildkite.transport import Ask, Calls, parsed
from bot.errors import KitestringError, NotFound, Unavailable


@dataclass(frozen=True)
class WebhookService:
    """An outgoing webhook: where to, what, and how it proves where it comes from.

    `mode`: the token is sent as it is (`token`), or signs each request (`signature`).
    https://buildkite.com/docs/apis/webhooks
    """

    url: str
    token: str = field(repr=False)
    mode: Literal["token", "signature"]
    events: tuple[str, ...]
    description: str = ""

    @property
    def settings(self) -> dict[str, Any]:
        """The `settings` of the request."""
        return {
            "url": self.url,
            "token": self.token,
            "token_mode": self.mode,
            "events": list(self.events),
            "tls_verify": True,
        }

    def body(self) -> dict[str, Any]:
        """The JSON of the request that creates it, for builds of all pipelines."""
        return {
            "provider": "webhook",
            "description": self.description,
            "scope": "all",
            "settings": self.settings,
        }


class ServiceCalls(Calls):
    """Lists, creates, changes and deletes notification services."""

    def services(self) -> AsyncGenerator[NotificationService, None]:
        """Outgoing webhooks and the like; the tokens come back in full.

        https://buildkite.com/docs/apis/rest-api/notification-services#list-notification-services
        """
        return self.paged(self.path("services"), "notification services", NotificationService)

    async def service(self, service_id: str) -> NotificationService:
        """One of them, by its UUID."""
        path = self.path("services", service_id)
        return await self.get(path, f"notification service {service_id}", NotificationService)

    async def create_service(self, new: WebhookService) -> NotificationService:
        """Create a webhook; Buildkite pings it. When the answer is lost, it is looked for by its URL.

        https://buildkite.com/docs/apis/rest-api/notification-services#create-a-notification-service
        """
        ask = Ask("POST", self.path("services"), "notification service", json=new.body(), safe=False)
        try:
            return parsed(NotificationService, await self.requests.send(ask))
        except Unavailable as error:
            found = await self._made(new.url) if error.sent else None
            if found is None:
                raise
            return found

    async def update_service(self, service_id: str, changes: Mapping[str, Any]) -> NotificationService:
        """Change what is named in `changes` (`settings`, `description`, …), and nothing else.

        https://buildkite.com/docs/apis/rest-api/notification-services#update-a-notification-service
        """
        path, what = self.path("services", service_id), f"notification service {service_id}"
        return parsed(NotificationService, await self.requests.send(Ask("PATCH", path, what, json=changes)))

    async def enable_service(self, service_id: str) -> NotificationService:
        """Let it send again; that also clears what Buildkite holds against a URL that did not answer.

        https://buildkite.com/docs/apis/rest-api/notification-services#enable-a-notification-service
        """
        path, what = f"{self.path('services', service_id)}/enable", f"notification service {service_id}"
        return parsed(NotificationService, await self.requests.send(Ask("PUT", path, what)))

    async def delete_service(self, service_id: str) -> None:
        """Delete one; when the answer is lost, gone means deleted.

        https://buildkite.com/docs/apis/rest-api/notification-services#delete-a-notification-service
        """
        path, what = self.path("services", service_id), f"notification service {service_id}"
        try:
            await self.requests.send(Ask("DELETE", path, what, safe=False))
        except Unavailable as error:
            if not error.sent or not await self._gone(service_id):
                raise

    async def _made(self, url: str) -> NotificationService | None:
        with contextlib.suppress(KitestringError):
            return next(
                (item for item in [each async for each in self.services()] if item.webhook_url == url), None
            )
        return None

    async def _gone(self, service_id: str) -> bool:
        try:
            await self.service(service_id)
        except NotFound:
            return True
        except KitestringError:
            return False
        return False
