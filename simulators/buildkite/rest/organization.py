"""The calls about token, user, organization, members, teams, templates, rules and emojis."""

import math
from datetime import UTC, datetime
from typing import Any

from simulators.buildkite import views
from simulators.buildkite.http_types import ApiRequest, ApiResponse, Handler, Operation
from simulators.buildkite.models import User
from simulators.buildkite.paging import paginate
from simulators.buildkite.payloads import render_organization
from simulators.buildkite.rest.builds import ORG
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.values import iso, refuse_missing, utc_form


def root(sim: ServerState, _request: ApiRequest) -> ApiResponse:
    return ApiResponse(200, {"message": "🛠", "timestamp": int(sim.now())})


def meta(sim: ServerState, _request: ApiRequest) -> ApiResponse:
    return ApiResponse(200, {"webhook_ips": list(sim.webhook_ips)})


def get_token(_sim: ServerState, request: ApiRequest) -> ApiResponse:
    token = request.token
    return ApiResponse(
        200,
        {
            "uuid": token.id,
            "scopes": sorted(token.scopes),
            "description": token.description,
            "created_at": utc_form(iso(token.created_at) or ""),
            "expires_at": utc_form(iso(token.expires_at) or ""),
            "user": {"name": token.user.name, "email": token.user.email},
        },
    )


def revoke_token(_sim: ServerState, request: ApiRequest) -> ApiResponse:
    request.token.revoked = True
    return ApiResponse(204)


def get_user(_sim: ServerState, request: ApiRequest) -> ApiResponse:
    return ApiResponse(200, views.render_user(request.token.user))


def list_organizations(sim: ServerState, request: ApiRequest) -> ApiResponse:
    others = [render_organization(sim) | {"slug": slug, "name": slug} for slug in sim.other_organizations]
    return paginate(
        request, [render_organization(sim), *others] if request.token.member else [], lambda document: document
    )


def get_organization(sim: ServerState, _request: ApiRequest) -> ApiResponse:
    return ApiResponse(200, render_organization(sim))


def rate_limit(sim: ServerState, _request: ApiRequest) -> ApiResponse:
    now, rest = sim.now(), sim.limits.org

    def scope(limit: int, current: int, reset: int) -> dict[str, Any]:
        at = datetime.fromtimestamp(math.ceil(now) + reset, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"limit": limit, "current": current, "reset": reset, "reset_at": at, "enforced": True}

    rest_scope = scope(rest.limit, rest.used, rest.reset(now))
    return ApiResponse(200, {"scopes": {"rest": rest_scope, "graphql": scope(20_000, 0, 300)}})


def _render_member(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "sso_mode": "optional",
    }


def list_members(sim: ServerState, _request: ApiRequest) -> ApiResponse:
    return ApiResponse(200, [_render_member(user) for user in sim.users])


def get_member(sim: ServerState, request: ApiRequest) -> ApiResponse:
    user = sim.find_user(request.params["user"])
    if user is None:
        raise refuse_missing("member")
    return ApiResponse(200, _render_member(user))


def _make_links_absolute(sim: ServerState, document: dict[str, Any]) -> dict[str, Any]:
    """Return `document` with absolute links; the simulator's address is known only once it is served."""
    links = {key: sim.base_url + str(document[key]) for key in ("url", "web_url") if key in document}
    return document | {key: link for key, link in links.items() if str(document[key]).startswith("/")}


def document_handlers(kind: str, key: str = "id") -> tuple[Handler, Handler]:
    """Return list and get handlers for documents without behavior."""

    def list_documents(sim: ServerState, request: ApiRequest) -> ApiResponse:
        return paginate(request, sim.documents_of(kind), lambda document: _make_links_absolute(sim, document))

    def get_document(sim: ServerState, request: ApiRequest) -> ApiResponse:
        for document in sim.documents_of(kind):
            if document[key] == request.params["ident"]:
                return ApiResponse(200, _make_links_absolute(sim, document))
        raise refuse_missing(kind)

    return list_documents, get_document


def _document_operations(path: str, kind: str, scope: str | None, key: str = "id") -> tuple[Operation, Operation]:
    list_documents, get_document = document_handlers(kind, key)
    return (
        Operation("GET", f"{ORG}/{path}", scope, list_documents),
        Operation("GET", f"{ORG}/{path}/{{ident}}", scope, get_document),
    )


OPERATIONS = (
    Operation("GET", "/", None, root, public=True),
    Operation("GET", "/v2/meta", None, meta, public=True),
    Operation("GET", "/v2/access-token", None, get_token),
    Operation("DELETE", "/v2/access-token", None, revoke_token),
    Operation("GET", "/v2/user", "read_user", get_user),
    Operation("GET", "/v2/organizations", "read_organizations", list_organizations),
    Operation("GET", ORG, "read_organizations", get_organization),
    Operation("GET", ORG + "/rate_limit", None, rate_limit),
    Operation("GET", ORG + "/members", "read_organizations", list_members),
    Operation("GET", ORG + "/members/{user}", "read_organizations", get_member),
    *_document_operations("teams", "team", "read_teams"),
    *_document_operations("pipeline-templates", "template", "read_pipeline_templates", "uuid"),
    *_document_operations("rules", "rule", "read_rules", "uuid"),
    *_document_operations("emojis", "emoji", None, "name")[:1],
)
