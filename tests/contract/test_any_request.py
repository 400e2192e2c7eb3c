"""The simulator answers any documented request as Buildkite's documentation says."""

import asyncio
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from simulators.http_server import Serving
from tests.contract.calls import Scene, make_scene
from tests.contract.test_client_contract import SceneServer
from tests.contract.validation import load_agent_document, load_rest_document
from tests.sampling import many_examples

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# The same few requests for each operation in every run.
BOUNDED = settings(
    many_examples(3),
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def find_parameters(at: Scene) -> dict[str, Any]:
    """Return path parameters of existing objects."""
    web = {"pipeline": "web", "number": 1, "job": at.failed, "artifact": at.artifact, "annotation": at.annotation}
    cluster = at.sim.cluster
    first = {kind: at.sim.documents_of(kind)[0] for kind in ("team", "template", "rule")}
    shelf = {kind: document.get("uuid") or document["id"] for kind, document in first.items()}
    fleet = {"id": next(iter(at.sim.agents)), "cluster": cluster.id, "queue": cluster.queues[0].id}
    return {"org": "acme-inc", **web, **shelf, **fleet, "service": at.service, "stack": "kube"}


def try_operation(server: SceneServer, operation: Any, base: str, authorization: str) -> bool:
    """Send a few requests for one operation, for existing and for other objects; return whether any succeeded."""
    successes: list[bool] = []

    @BOUNDED
    @given(case=operation.as_strategy())
    def try_case(case: Any) -> None:
        send(case)
        if case.path_parameters:
            known = find_parameters(server.at)
            case.path_parameters.update({name: known[name] for name in case.path_parameters})
            send(case)

    def send(case: Any) -> None:
        response = case.call(base_url=base, headers={"Authorization": authorization})
        case.validate_response(response, checks=CHECKS)
        successes.append(response.status_code < 400)
        if case.method != "GET" and successes[-1]:
            server.at = make_scene()

    try_case()
    return any(successes)


def try_document(server: SceneServer, document: dict[str, Any], base: str, authorization: str) -> dict[str, bool]:
    """Try each operation of a document and return whether any of its requests succeeded."""
    schema = schemathesis.openapi.from_dict(document)
    operations = (result.ok() for result in schema.get_all_operations())
    return {operation.label: try_operation(server, operation, base, authorization) for operation in operations}


async def test_any_documented_rest_request_is_answered() -> None:
    """No documented request breaks the simulator or gets an undocumented answer."""
    server = SceneServer()
    async with Serving(server) as base:
        tried = await asyncio.to_thread(
            try_document, server, load_rest_document(), f"{base}/v2", "Bearer bkua_sim"
        )
    assert len(tried) > 60
    assert [label for label, worked in tried.items() if label.startswith("GET ") and not worked] == []


async def test_any_documented_agent_api_request_is_answered() -> None:
    """No documented request to the Agent API breaks the simulator or gets an undocumented answer."""
    server = SceneServer()
    async with Serving(server) as base:
        tried = await asyncio.to_thread(
            try_document, server, load_agent_document(), f"{base}/v3", "Token bkct_sim"
        )
    assert {label for label, worked in tried.items() if worked} >= {"GET /metrics", "GET /stacks"}
