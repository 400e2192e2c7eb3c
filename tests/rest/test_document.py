"""The API's own description: valid, complete, and true of what the server answers."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bot.listeners.rest.openapi import is_exposed, make_document, make_path
from commands import registry
from tests.rest.caller import Caller
from tests.sampling import many_examples

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# The same few requests for each operation in every run.
BOUNDED = settings(
    many_examples(5),
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
# In requests about existing things, so that more than refusals is seen.
KNOWN: dict[str, Any] = {
    "pipeline": "web",
    "number": 1,
    "agent": "ci-linux-1",
    "cluster": "Default",
    "queue": "default",
}


def test_the_document_is_valid() -> None:
    """It is OpenAPI 3.1, and has every operation that a token may call."""
    operations = registry()
    document = make_document(operations)
    OpenAPIV31SpecValidator(document).validate()
    assert {make_path(op) for op in operations if is_exposed(op)} <= set(document["paths"])  # type: ignore[call-overload]


def test_results_are_those_of_the_operations() -> None:
    """Each 200 has the operation's own result, and no result has the name of another schema."""
    operations = registry()
    document: Any = make_document(operations)
    schemas = document["components"]["schemas"]
    for op in filter(is_exposed, operations):
        done = document["paths"][make_path(op)]["post"]["responses"]["200"]["content"]["application/json"][
            "schema"
        ]
        name = done["properties"]["result"]["$ref"].rpartition("/")[2]
        assert name == op.result.__name__
        assert schemas[name]["required"] == [*op.result.__struct_fields__]


def test_nothing_is_imported_before_the_first_request() -> None:
    """A bot that no program calls doesn't pay for the API."""
    code = (
        "import sys, bot.app.bot; print([name for name in sys.modules if name.startswith('bot.listeners.rest')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _try_all(document: dict[str, Any], base: str, raw: str) -> list[str]:
    """Send a few requests for each operation; return those of which any succeeded."""
    schema = schemathesis.openapi.from_dict(document)
    # Streams of events don't end by themselves; test_events.py follows them.
    found = [result.ok() for result in schema.get_all_operations()]
    operations = [operation for operation in found if not operation.path.endswith("/events")]
    return [operation.label for operation in operations if _try(operation, base, raw)]


def _try(operation: Any, base: str, raw: str) -> bool:
    successes: list[bool] = []

    @BOUNDED
    @given(case=operation.as_strategy())
    def try_case(case: Any) -> None:
        send(case)
        for given_values in (case.body, case.query, case.path_parameters):
            if isinstance(given_values, dict):
                given_values.update({name: KNOWN[name] for name in given_values if name in KNOWN})
        send(case)

    def send(case: Any) -> None:
        response = case.call(base_url=base, headers={"Authorization": f"Bearer {raw}"})
        case.validate_response(response, checks=CHECKS)
        successes.append(response.status_code < 300)

    try_case()
    return any(successes)


async def test_any_documented_request_is_answered(program: Caller) -> None:
    """No documented request breaks the server or gets an answer that isn't documented."""
    limits = program.world.buildkite.limits
    limits.user.limit = limits.org.limit = 1_000_000
    document = (await program.get("openapi.json")).json()
    base = str(program.http.base_url).rstrip("/")
    trying = asyncio.create_task(asyncio.to_thread(_try_all, document, base, program.raw))
    while not trying.done():
        await program.world.settle(1)
    assert len(trying.result()) > 10
