"""Whatever fits Buildkite's documents is answered by the stand-in as they promise."""

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
from tests.contract.calls import Scene, scene
from tests.contract.test_client_contract import Stand
from tests.contract.validation import agent_document, rest_document

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# The same requests in each run, a handful for each operation.
BOUNDED = settings(
    max_examples=3,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def real(at: Scene) -> dict[str, Any]:
    """Path parameters that lead to something."""
    web = {"pipeline": "web", "number": 1, "job": at.failed, "artifact": at.artifact, "annotation": at.annotation}
    cluster = at.sim.cluster
    first = {kind: at.sim.documents_of(kind)[0] for kind in ("team", "template", "rule")}
    shelf = {kind: item.get("uuid") or item["id"] for kind, item in first.items()}
    fleet = {"id": next(iter(at.sim.agents)), "cluster": cluster.id, "queue": cluster.queues[0].id}
    return {"org": "acme-inc", **web, **shelf, **fleet, "service": at.service, "stack": "kube"}


def ask(stand: Stand, operation: Any, base: str, authorization: str) -> bool:
    """A handful of requests for one operation, to what is there and to whatever else fits; was one well?"""
    well: list[bool] = []

    @BOUNDED
    @given(case=operation.as_strategy())
    def one(case: Any) -> None:
        answered(case)
        if case.path_parameters:
            known = real(stand.at)
            case.path_parameters.update({name: known[name] for name in case.path_parameters})
            answered(case)

    def answered(case: Any) -> None:
        response = case.call(base_url=base, headers={"Authorization": authorization})
        case.validate_response(response, checks=CHECKS)
        well.append(response.status_code < 400)
        if case.method != "GET" and well[-1]:
            stand.at = scene()

    one()
    return any(well)


def run(stand: Stand, document: dict[str, Any], base: str, authorization: str) -> dict[str, bool]:
    """Asks for each operation of a document: whether any of its requests succeeded."""
    schema = schemathesis.openapi.from_dict(document)
    operations = (found.ok() for found in schema.get_all_operations())
    return {operation.label: ask(stand, operation, base, authorization) for operation in operations}


async def test_any_documented_rest_request_is_answered() -> None:
    """No request that fits the document breaks the stand-in, or is answered in a way it does not promise."""
    stand = Stand()
    async with Serving(stand) as base:
        well = await asyncio.to_thread(run, stand, rest_document(), f"{base}/v2", "Bearer bkua_sim")
    assert len(well) > 60
    assert [label for label, item in well.items() if label.startswith("GET ") and not item] == []


async def test_any_documented_agent_api_request_is_answered() -> None:
    """The same for the Agent API."""
    stand = Stand()
    async with Serving(stand) as base:
        well = await asyncio.to_thread(run, stand, agent_document(), f"{base}/v3", "Token bkct_sim")
    assert {label for label, item in well.items() if item} >= {"GET /metrics", "GET /stacks"}
