"""The notification service calls of the REST API: webhooks only.

https://buildkite.com/docs/apis/rest-api/notification-services
"""

from typing import Any

from simulators.buildkite import views
from simulators.buildkite.http_types import Answer, Ask, Handler, Operation
from simulators.buildkite.paging import cursored
from simulators.buildkite.payloads import EVENTS
from simulators.buildkite.rest.builds import ORG
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.values import Refusal, graphql_id, invalid, iso, missing
from simulators.buildkite.webhooks import Webhook

SERVICES = ORG + "/services"
SERVICE = SERVICES + "/{service}"
MOST = 15
BUILD_STATES = (
    *("build_passed", "build_fixed", "build_failed", "build_blocked", "build_canceled", "build_failing"),
    "job_activated",
)


def service_view(sim: ServerState, given: Webhook) -> dict[str, Any]:
    """The token comes back in full, as it does at Buildkite."""
    return {
        "id": given.id,
        "graphql_id": graphql_id("NotificationService", given.id),
        "url": views.api(sim, f"/services/{given.id}"),
        "provider": {"id": "webhook", "name": "Webhook"},
        "description": given.description,
        "enabled": given.enabled,
        "scope": "all",
        "scope_uuids": [],
        "branch_configuration": "",
        "build_states": dict.fromkeys(BUILD_STATES, True),
        "settings": {
            "url": given.url,
            "token": given.token,
            "token_mode": given.mode,
            "events": list(given.events if given.events is not None else EVENTS),
            "version": 3,
            "tls_verify": True,
        },
        "created_at": iso(given.created_at),
        "created_by": views.user(given.creator),
    }


def _named(sim: ServerState, ask: Ask) -> Webhook:
    for webhook in sim.hooks.webhooks:
        if webhook.id == ask.params["service"]:
            return webhook
    raise missing("notification service")


def list_all(sim: ServerState, ask: Ask) -> Answer:
    return cursored(ask, sim.hooks.webhooks, lambda item: service_view(sim, item), lambda item: item.id)


def get(sim: ServerState, ask: Ask) -> Answer:
    return Answer(200, service_view(sim, _named(sim, ask)))


def create(sim: ServerState, ask: Ask) -> Answer:
    """Makes a webhook and sends it a ping."""
    settings = ask.json.get("settings") or {}
    if ask.json.get("provider") != "webhook":
        raise invalid(provider="unavailable")
    if not settings.get("url"):
        raise invalid(url="missing_field")
    if set(settings.get("events") or ()) - set(EVENTS):
        raise invalid(events="invalid")
    if len(sim.hooks.webhooks) >= MOST:
        raise Refusal(422, f"Validation failed: at most {MOST} webhook services are allowed")
    mode = "token" if settings.get("token_mode") == "token" else "signature"
    token = settings.get("token") or sim.new_id().replace("-", "")
    made = sim.hooks.add(settings["url"], token, mode, settings.get("events"))  # type: ignore[arg-type]
    made.description = ask.json.get("description") or ""
    sim.hooks.ping(made)
    return Answer(201, service_view(sim, made))


def update(sim: ServerState, ask: Ask) -> Answer:
    """Changes what is sent and nothing else; the provider stays what it is."""
    webhook, body = _named(sim, ask), ask.json
    if "provider" in body:
        raise invalid(provider="read-only")
    settings = body.get("settings") or {}
    if set(settings.get("events") or ()) - set(EVENTS):
        raise invalid(events="invalid")
    webhook.url = settings.get("url") or webhook.url
    webhook.token = settings.get("token") or webhook.token
    webhook.mode = settings.get("token_mode") or webhook.mode
    webhook.events = tuple(settings["events"]) if "events" in settings else webhook.events
    webhook.description = body.get("description", webhook.description)
    sim.hooks.ping(webhook)
    return Answer(200, service_view(sim, webhook))


def _turned(on: bool) -> Handler:
    def turn(sim: ServerState, ask: Ask) -> Answer:
        webhook = _named(sim, ask)
        webhook.enabled = on
        return Answer(200, service_view(sim, webhook))

    return turn


def delete(sim: ServerState, ask: Ask) -> Answer:
    sim.hooks.webhooks.remove(_named(sim, ask))
    return Answer(204)


OPERATIONS = (
    Operation("GET", SERVICES, "read_notification_services", list_all),
    Operation("POST", SERVICES, "write_notification_services", create),
    Operation("GET", SERVICE, "read_notification_services", get),
    Operation("PATCH", SERVICE, "write_notification_services", update),
    Operation("PUT", SERVICE + "/enable", "write_notification_services", _turned(True)),
    Operation("PUT", SERVICE + "/disable", "write_notification_services", _turned(False)),
    Operation("DELETE", SERVICE, "write_notification_services", delete),
)
