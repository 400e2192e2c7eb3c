"""Validates recorded exchanges against Buildkite's OpenAPI documents, corrected by an overlay."""

import json
import re
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
from tests.contract.additions import AGENT, REST, extend, find_unknown_parameters

_PORT = re.compile(r"127\.0\.0\.1:\d+")
CONTRACTS = Path(__file__).parent.parent / "contracts"


def load_rest_document() -> dict[str, Any]:
    """Return the REST API's document with the overlay and the additions."""
    document: dict[str, Any] = yaml.safe_load((CONTRACTS / "buildkite-rest-openapi.yaml").read_text())
    for patch in yaml.safe_load((CONTRACTS / "overlay.yaml").read_text()):
        put_value(document, patch["at"], patch["put"])
    extend(document, REST)
    return document


def load_agent_document() -> dict[str, Any]:
    """Return the Agent API's document with the scheme that its text requires: `Token`, not `Bearer`."""
    document: dict[str, Any] = yaml.safe_load((CONTRACTS / "buildkite-agent-openapi.yaml").read_text())
    scheme = {"type": "apiKey", "in": "header", "name": "Authorization"}
    put_value(document, "/components/securitySchemes/agentToken", scheme)
    extend(document, AGENT)
    return document


@cache
def load_rest_spec() -> OpenAPI:
    """Return the REST API's contract."""
    return OpenAPI.from_dict(load_rest_document())


@cache
def load_agent_spec() -> OpenAPI:
    """Return the Agent API's contract."""
    return OpenAPI.from_dict(load_agent_document())


def put_value(document: Any, pointer: str, value: Any) -> None:
    """Set the value at a JSON pointer, in which `*` matches every key; raise KeyError if it doesn't exist."""
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    for node in list(_find_nodes(document, parents)):
        node[last] = value


def _find_nodes(node: Any, segments: list[str]) -> Iterator[Any]:
    if not segments:
        yield node
        return
    first, *rest = segments
    for key in list(node) if first == "*" else [first]:
        yield from _find_nodes(node[key], rest)


def validate(recorded: Iterable[RecordedRequest], spec: OpenAPI) -> int:
    """Validate request and response of each exchange with a documented path, and return their number.

    Raise AssertionError that lists every breach. Exchanges cut off by a fault have no response to validate.
    """
    breaches: list[str] = []
    count = 0
    for exchange in recorded:
        breach = _find_breach_once(_write_down(exchange), spec)
        if breach is None:
            continue
        count += 1
        breaches += [f"{exchange.method} {exchange.path} → {exchange.status}: {breach}"] if breach else []
    assert not breaches, "\n".join(breaches)
    return count


def _write_down(exchange: RecordedRequest) -> str:
    """Return an exchange as text, the same for those that differ only in ports and in numbers in their headers."""
    numberless = {
        name: {key: "0" if value.isdigit() else value for key, value in getattr(exchange, name).items()}
        for name in ("headers", "response_headers")
    }
    return _PORT.sub("127.0.0.1:80", json.dumps({**vars(exchange), **numberless}))


@cache
def _find_breach_once(exchange: str, spec: OpenAPI) -> str | None:
    """Find the breach of an exchange that was written down: most tests begin with the same ones."""
    return _find_breach(RecordedRequest(**json.loads(exchange)), spec)


def _find_breach(exchange: RecordedRequest, spec: OpenAPI) -> str | None:
    """Return what is wrong, empty if nothing is, or None for an undocumented path.

    A refused request may break the contract; its response may not.
    """
    request = _make_request(exchange, spec)
    try:
        if exchange.status < 400:
            spec.validate_request(request)
        if exchange.status:
            spec.validate_response(request, _make_response(exchange))
    except PathNotFound:
        return None
    except OpenAPIError as error:
        details = getattr(error.__cause__, "schema_errors", ())
        return " ".join([str(error), *(f"{detail.json_path}: {detail.message}" for detail in details)])
    odd = find_unknown_parameters(exchange.method, exchange.path, exchange.query) if exchange.status < 400 else []
    return f"no such parameters: {', '.join(odd)}" if odd else ""


def _make_request(exchange: RecordedRequest, spec: OpenAPI) -> MockRequest:
    """Return the request at Buildkite's own address, with the Authorization header that records lack."""
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


def _make_response(exchange: RecordedRequest) -> MockResponse:
    """Return the response; answers to HEAD and answers with 204 have no body."""
    body = b"" if exchange.response_json is None else json.dumps(exchange.response_json).encode()
    kind = exchange.response_headers.get("content-type", "application/json").split(";")[0]
    return MockResponse(body, exchange.status, exchange.response_headers, kind)
