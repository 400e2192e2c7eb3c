"""Calls for notification services. https://buildkite.com/docs/apis/rest-api/notification-services"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.buildkite.resources import NotificationService
from bot.buildkite.response_parsing import parse_object
from bot.buildkite.transport import ApiRequest, Calls
from bot.errors import KitestringError, NotFound, Unavailable


@dataclass(frozen=True)
class WebhookService:
    """An outgoing webhook: its URL, its events and how it authenticates.

    `mode` is `token` to send the token itself, or `signature` to sign each request with it.
    https://buildkite.com/docs/apis/webhooks
    """

    url: str
    token: str = field(repr=False)
    mode: Literal["token", "signature"]
    events: tuple[str, ...]
    description: str = ""

    @property
    def settings(self) -> dict[str, object]:
        """The `settings` field of the request."""
        return {
            "url": self.url,
            "token": self.token,
            "token_mode": self.mode,
            "events": list(self.events),
            "tls_verify": True,
        }

    def to_json(self) -> dict[str, object]:
        """Return the JSON of the request that creates the webhook for all pipelines."""
        return {
            "provider": "webhook",
            "description": self.description,
            "scope": "all",
            "settings": self.settings,
        }


class ServiceCalls(Calls):
    """Lists, creates, changes and deletes notification services."""

    def services(self) -> AsyncGenerator[NotificationService, None]:
        """Yield outgoing webhooks and other notification services; their tokens are included in full.

        https://buildkite.com/docs/apis/rest-api/notification-services#list-notification-services
        """
        return self.read_all(self.format_path("services"), "notification services", NotificationService)

    async def service(self, service_id: str) -> NotificationService:
        """Read one notification service by its UUID."""
        path = self.format_path("services", service_id)
        return await self.read_object(path, f"notification service {service_id}", NotificationService)

    async def create_service(self, new: WebhookService) -> NotificationService:
        """Create a webhook, which Buildkite pings. If the answer is lost, the client searches for its URL.

        https://buildkite.com/docs/apis/rest-api/notification-services#create-a-notification-service
        """
        request = ApiRequest(
            "POST", self.format_path("services"), "notification service", json=new.to_json(), safe=False
        )
        try:
            return parse_object(NotificationService, await self.requests.send(request))
        except Unavailable as error:
            found = await self._find_by_url(new.url) if error.sent else None
            if found is None:
                raise
            return found

    async def update_service(self, service_id: str, changes: Mapping[str, object]) -> NotificationService:
        """Change only the fields in `changes`, such as `settings` or `description`.

        https://buildkite.com/docs/apis/rest-api/notification-services#update-a-notification-service
        """
        path, subject = self.format_path("services", service_id), f"notification service {service_id}"
        return parse_object(
            NotificationService, await self.requests.send(ApiRequest("PATCH", path, subject, json=changes))
        )

    async def enable_service(self, service_id: str) -> NotificationService:
        """Enable a service, which also resets the failures that Buildkite counts for its URL.

        https://buildkite.com/docs/apis/rest-api/notification-services#enable-a-notification-service
        """
        path, subject = f"{self.format_path('services', service_id)}/enable", f"notification service {service_id}"
        return parse_object(NotificationService, await self.requests.send(ApiRequest("PUT", path, subject)))

    async def delete_service(self, service_id: str) -> None:
        """Delete a service. If the answer is lost, the client reads it: a 404 means that it was deleted.

        https://buildkite.com/docs/apis/rest-api/notification-services#delete-a-notification-service
        """
        path, subject = self.format_path("services", service_id), f"notification service {service_id}"
        try:
            await self.requests.send(ApiRequest("DELETE", path, subject, safe=False))
        except Unavailable as error:
            if not error.sent or not await self._is_service_deleted(service_id):
                raise

    async def _find_by_url(self, url: str) -> NotificationService | None:
        with contextlib.suppress(KitestringError):
            return next(
                (service for service in [each async for each in self.services()] if service.webhook_url == url),
                None,
            )
        return None

    async def _is_service_deleted(self, service_id: str) -> bool:
        try:
            await self.service(service_id)
        except NotFound:
            return True
        except KitestringError:
            return False
        return False
