"""Holds recorded exchanges against Buildkite's OpenAPI documents, corrected by an overlay."""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import yaml
from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.paths.exceptions import PathNotFound
from openapi_core.testing import MockRequest, MockResponse

from simulators.buildkite.server_state import RecordedRequest
from tests.contract.additions import AGENT, REST, extend, unknown_parameters

CONTRACTS = Path(__file__).parent.parent / "contracts"


def rest_document() -> dict[str, Any]:
    """The REST API's document with the overlay applied, and what is documented beyond it."""
    document: dict[str, Any] = yaml.safe_load((CONTRACTS / "buildkite-rest-openapi.yaml").read_text())
    for patch in yaml.safe_load((CONTRACTS / "overlay.yaml").read_text()):
        put(document, patch["at"], patch["put"])
    extend(document, REST)
    return document


def agent_document() -> dict[str, Any]:
    """The Agent API's document, with the scheme its own text asks for: `Token`, not `Bearer`."""
    document: dict[str, Any] = yaml.safe_load((CONTRACTS / "buildkite-agent-openapi.yaml").read_text())
    scheme = {"type": "apiKey", "in": "header", "name": "Authorization"}
    put(document, "/components/securitySchemes/agentToken", scheme)
    extend(document, AGENT)
    return document


@cache
def rest_spec() -> OpenAPI:
    """The REST API's contract."""
    return OpenAPI.from_dict(rest_document())


@cache
def agent_spec() -> OpenAPI:
    """The Agent API's contract."""
    return OpenAPI.from_dict(agent_document())


def put(document: Any, pointer: str, value: Any) -> None:
    """Sets what the JSON pointer names; a `*` segment stands for every key. Raises KeyError off the map."""
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    for place in list(_places(document, way)):
        place[last] = value


def _places(node: Any, way: list[str]) -> Iterator[Any]:
    if not way:
        yield node
        return
    first, *rest = way
    for key in list(node) if first == "*" else [first]:
        yield from _places(node[key], rest)


def validate(recorded: Iterable[RecordedRequest], spec: OpenAPI) -> int:
    """Checks request and response of each exchange whose path the document has; gives how many.

    Raises AssertionError that lists every breach. Exchanges cut off by a fault have no response to check.
    """
    breaches: list[str] = []
    count = 0
    for exchange in recorded:
        found = _breach(exchange, spec)
        if found is None:
            continue
        count += 1
        breaches += [f"{exchange.method} {exchange.path} → {exchange.status}: {found}"] if found else []
    assert not breaches, "\n".join(breaches)
    return count


def _breach(exchange: RecordedRequest, spec: OpenAPI) -> str | None:
    """None: the document does not have the path. Empty: all is well. A refused request may be wrong."""
    request = _request(exchange, spec)
    try:
        if exchange.status < 400:
            spec.validate_request(request)
        if exchange.status:
            spec.validate_response(request, _response(exchange))
    except PathNotFound:
        return None
    except OpenAPIError as error:
        details = getattr(error.__cause__, "schema_errors", ())
        return " ".join([str(error), *(f"{detail.json_path}: {detail.message}" for detail in details)])
    odd = unknown_parameters(exchange.method, exchange.path, exchange.query) if exchange.status < 400 else []
    return f"no such parameters: {', '.join(odd)}" if odd else ""


def _request(exchange: RecordedRequest, spec: OpenAPI) -> MockRequest:
    """The request at the vendor's own address; records leave Authorization out, so one is put in."""
    server = str(spec.spec["servers"][0]["url"])
    host = server.rsplit("/v", 1)[0]
    body = b"" if exchange.json is None else json.dumps(exchange.json).encode()
    return MockRequest(
        host,
        exchange.method,
        exchange.path,
        args=dict(parse_qsl(exchange.query)),
        headers={**exchange.headers, "Authorization": "Bearer recorded"},
        data=body,
    )


def _response(exchange: RecordedRequest) -> MockResponse:
    """A HEAD answer has no body, and 204 has none either."""
    body = b"" if exchange.response_json is None else json.dumps(exchange.response_json).encode()
    kind = exchange.response_headers.get("content-type", "application/json").split(";")[0]
    return MockResponse(body, exchange.status, exchange.response_headers, kind)
