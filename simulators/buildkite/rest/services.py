"""The notification service calls of the REST API: webhooks only.

https://buildkite.com/docs/apis/rest-api/notification-services
"""

from typing import Any

from simulators.buildkite import views
from simulators.buildkite.http_types import ApiRequest, ApiResponse, Handler, Operation
from simulators.buildkite.paging import paginate_by_cursor
from simulators.buildkite.payloads import EVENTS
from simulators.buildkite.rest.builds import ORG
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.values import Refusal, graphql_id, iso, refuse_invalid, refuse_missing
from simulators.buildkite.webhooks import Webhook

SERVICES = ORG + "/services"
SERVICE = SERVICES + "/{service}"
MAX_SERVICES = 15
BUILD_STATES = (
    *("build_passed", "build_fixed", "build_failed", "build_blocked", "build_canceled", "build_failing"),
    "job_activated",
)


def render_service(sim: ServerState, webhook: Webhook) -> dict[str, Any]:
    """Render a service, with its whole token as Buildkite does."""
    return {
        "id": webhook.id,
        "graphql_id": graphql_id("NotificationService", webhook.id),
        "url": views.api_url(sim, f"/services/{webhook.id}"),
        "provider": {"id": "webhook", "name": "Webhook"},
        "description": webhook.description,
        "enabled": webhook.enabled,
        "scope": "all",
        "scope_uuids": [],
        "branch_configuration": "",
        "build_states": dict.fromkeys(BUILD_STATES, True),
        "settings": {
            "url": webhook.url,
            "token": webhook.token,
            "token_mode": webhook.mode,
            "events": list(webhook.events if webhook.events is not None else EVENTS),
            "version": 3,
            "tls_verify": True,
        },
        "created_at": iso(webhook.created_at),
        "created_by": views.render_user(webhook.creator),
    }


def _find_webhook(sim: ServerState, request: ApiRequest) -> Webhook:
    for webhook in sim.hooks.webhooks:
        if webhook.id == request.params["service"]:
            return webhook
    raise refuse_missing("notification service")


def list_all(sim: ServerState, request: ApiRequest) -> ApiResponse:
    return paginate_by_cursor(
        request, sim.hooks.webhooks, lambda webhook: render_service(sim, webhook), lambda webhook: webhook.id
    )


def get(sim: ServerState, request: ApiRequest) -> ApiResponse:
    return ApiResponse(200, render_service(sim, _find_webhook(sim, request)))


def create(sim: ServerState, request: ApiRequest) -> ApiResponse:
    """Create a webhook and send it a ping."""
    settings = request.json.get("settings") or {}
    if request.json.get("provider") != "webhook":
        raise refuse_invalid(provider="unavailable")
    if not settings.get("url"):
        raise refuse_invalid(url="missing_field")
    if set(settings.get("events") or ()) - set(EVENTS):
        raise refuse_invalid(events="invalid")
    if len(sim.hooks.webhooks) >= MAX_SERVICES:
        raise Refusal(422, f"Validation failed: at most {MAX_SERVICES} webhook services are allowed")
    mode = "token" if settings.get("token_mode") == "token" else "signature"
    token = settings.get("token") or sim.new_id().replace("-", "")
    webhook = sim.hooks.add(settings["url"], token, mode, settings.get("events"))  # type: ignore[arg-type]
    webhook.description = request.json.get("description") or ""
    sim.hooks.ping(webhook)
    return ApiResponse(201, render_service(sim, webhook))


def update(sim: ServerState, request: ApiRequest) -> ApiResponse:
    """Change the fields in the body; the provider can't be changed."""
    webhook, body = _find_webhook(sim, request), request.json
    if "provider" in body:
        raise refuse_invalid(provider="read-only")
    settings = body.get("settings") or {}
    if set(settings.get("events") or ()) - set(EVENTS):
        raise refuse_invalid(events="invalid")
    webhook.url = settings.get("url") or webhook.url
    webhook.token = settings.get("token") or webhook.token
    webhook.mode = settings.get("token_mode") or webhook.mode
    webhook.events = tuple(settings["events"]) if "events" in settings else webhook.events
    webhook.description = body.get("description", webhook.description)
    sim.hooks.ping(webhook)
    return ApiResponse(200, render_service(sim, webhook))


def _make_switch(on: bool) -> Handler:
    def turn(sim: ServerState, request: ApiRequest) -> ApiResponse:
        webhook = _find_webhook(sim, request)
        webhook.enabled = on
        return ApiResponse(200, render_service(sim, webhook))

    return turn


def delete(sim: ServerState, request: ApiRequest) -> ApiResponse:
    sim.hooks.webhooks.remove(_find_webhook(sim, request))
    return ApiResponse(204)


OPERATIONS = (
    Operation("GET", SERVICES, "read_notification_services", list_all),
    Operation("POST", SERVICES, "write_notification_services", create),
    Operation("GET", SERVICE, "read_notification_services", get),
    Operation("PATCH", SERVICE, "write_notification_services", update),
    Operation("PUT", SERVICE + "/enable", "write_notification_services", _make_switch(True)),
    Operation("PUT", SERVICE + "/disable", "write_notification_services", _make_switch(False)),
    Operation("DELETE", SERVICE, "write_notification_services", delete),
)
