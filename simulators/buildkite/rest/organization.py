"""The calls about token, user, organization, members, teams, templates, rules and emojis."""

import math
from datetime import UTC, datetime
from typing import Any

from simulators.buildkite import views
from simulators.buildkite.http_types import Answer, Ask, Handler, Operation
from simulators.buildkite.models import User
from simulators.buildkite.paging import paged
from simulators.buildkite.payloads import organization
from simulators.buildkite.rest.builds import ORG
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.values import iso, missing, utc_form


def root(sim: ServerState, _ask: Ask) -> Answer:
    return Answer(200, {"message": "🛠", "timestamp": int(sim.now())})


def meta(sim: ServerState, _ask: Ask) -> Answer:
    return Answer(200, {"webhook_ips": list(sim.webhook_ips)})


def get_token(_sim: ServerState, ask: Ask) -> Answer:
    token = ask.token
    return Answer(
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


def revoke_token(_sim: ServerState, ask: Ask) -> Answer:
    ask.token.revoked = True
    return Answer(204)


def get_user(_sim: ServerState, ask: Ask) -> Answer:
    return Answer(200, views.user(ask.token.user))


def list_organizations(sim: ServerState, ask: Ask) -> Answer:
    others = [organization(sim) | {"slug": slug, "name": slug} for slug in sim.other_organizations]
    return paged(ask, [organization(sim), *others] if ask.token.member else [], lambda item: item)


def get_organization(sim: ServerState, _ask: Ask) -> Answer:
    return Answer(200, organization(sim))


def rate_limit(sim: ServerState, _ask: Ask) -> Answer:
    now, rest = sim.now(), sim.limits.org

    def scope(limit: int, current: int, reset: int) -> dict[str, Any]:
        at = datetime.fromtimestamp(math.ceil(now) + reset, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"limit": limit, "current": current, "reset": reset, "reset_at": at, "enforced": True}

    rest_scope = scope(rest.limit, rest.used, rest.reset(now))
    return Answer(200, {"scopes": {"rest": rest_scope, "graphql": scope(20_000, 0, 300)}})


def _member(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "sso_mode": "optional",
    }


def list_members(sim: ServerState, _ask: Ask) -> Answer:
    return Answer(200, [_member(user) for user in sim.users])


def get_member(sim: ServerState, ask: Ask) -> Answer:
    user = sim.find_user(ask.params["user"])
    if user is None:
        raise missing("member")
    return Answer(200, _member(user))


def _placed(sim: ServerState, document: dict[str, Any]) -> dict[str, Any]:
    """`document` with its own links made absolute: where the simulator is served is known late."""
    links = {key: sim.base_url + str(document[key]) for key in ("url", "web_url") if key in document}
    return document | {key: link for key, link in links.items() if str(document[key]).startswith("/")}


def shelf(kind: str, key: str = "id") -> tuple[Handler, Handler]:
    """List and get for documents that have no behaviour here."""

    def list_them(sim: ServerState, ask: Ask) -> Answer:
        return paged(ask, sim.shelved(kind), lambda item: _placed(sim, item))

    def get_one(sim: ServerState, ask: Ask) -> Answer:
        for item in sim.shelved(kind):
            if item[key] == ask.params["ident"]:
                return Answer(200, _placed(sim, item))
        raise missing(kind)

    return list_them, get_one


def _shelved(path: str, kind: str, scope: str | None, key: str = "id") -> tuple[Operation, Operation]:
    list_them, get_one = shelf(kind, key)
    return (
        Operation("GET", f"{ORG}/{path}", scope, list_them),
        Operation("GET", f"{ORG}/{path}/{{ident}}", scope, get_one),
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
    *_shelved("teams", "team", "read_teams"),
    *_shelved("pipeline-templates", "template", "read_pipeline_templates", "uuid"),
    *_shelved("rules", "rule", "read_rules", "uuid"),
    *_shelved("emojis", "emoji", None, "name")[:1],
)
