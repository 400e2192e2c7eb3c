"""Brings into an OpenAPI document what the vendor documents beyond it: further operations, bodies, parameters."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import yaml

TESTS = Path(__file__).parents[1]
REST, AGENT = "additions", "agent-additions"
FIXTURES = {REST: TESTS / "fixtures" / "rest", AGENT: TESTS / "fixtures" / "agent_api"}
PAGES = {"page", "per_page", "after", "before"}
# Keys of the vendor's own choice, or of the user's.
OPEN = {"env", "meta_data", "states", "settings", "data", "body_html"}
# Keys that parameters or the state of the object decide about.
ON_REQUEST = {"jobs", "pipeline", "aliases"}
Json = dict[str, Any]


@cache
def additions(of: str) -> Mapping[tuple[str, str], Json]:
    """What is said of each operation of an API, by method and path."""
    told = yaml.safe_load((TESTS / "contracts" / f"{of}.yaml").read_text())
    return {(operation.split()[0], operation.split()[1]): more for operation, more in told.items()}


def extend(document: Json, of: str) -> None:
    """Adds the operations, and gives those that are there the bodies and answers that they lack."""
    for (method, path), told in additions(of).items():
        operation = document["paths"].setdefault(path, {}).setdefault(method.lower(), _operation(path))
        if "body" in told:
            operation["requestBody"] = _json(_body(told["body"]))
        for status, fixture in told.items():
            if isinstance(status, int):
                answer = operation["responses"].setdefault(str(status), {"description": "As documented"})
                if fixture not in ("any", "none"):
                    answer |= _json({"allOf": [*_promised(answer), _fixture(of, fixture)]})


def unknown_parameters(method: str, path: str, query: str) -> list[str]:
    """Those of a query that its operation does not know."""
    known = PAGES | set(_told(method, path).get("query", ()))
    names = {re.sub(r"\[.*\]$", "", name) for name, _ in parse_qsl(query, keep_blank_values=True)}
    return sorted(names - known)


def _told(method: str, path: str) -> Json:
    """What is said of the operation that this path belongs to; literal parts go before parameters."""
    of, base = (AGENT, "/v3") if path.startswith("/v3") else (REST, "/v2")
    fitting = [
        (template.count("{"), told)
        for (verb, template), told in additions(of).items()
        if verb == method and re.fullmatch(base + re.sub(r"\{\w+\}", "[^/]+", template), path)
    ]
    return min(fitting, key=lambda item: item[0])[1] if fitting else {}


def _operation(path: str) -> Json:
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer" if name == "number" else "string"},
        }
        for name in re.findall(r"\{(\w+)\}", path)
    ]
    message = {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}}
    refused = {"description": "Refused", **_json(message)}
    return {"parameters": parameters, "responses": {"4XX": refused, "5XX": {"description": "Unavailable"}}}


def _json(schema: Json) -> Json:
    return {"content": {"application/json": {"schema": schema}}}


def _body(given: Mapping[str, str]) -> Json:
    kinds = {name.rstrip("!"): {"type": kind} for name, kind in given.items()}
    typed = {name: {**kind, "items": {}} if kind["type"] == "array" else kind for name, kind in kinds.items()}
    required = [name[:-1] for name in given if name.endswith("!")]
    need = {"required": required} if required else {}
    return {"type": "object", "properties": typed, "additionalProperties": False, **need}


def _promised(answer: Json) -> list[Json]:
    """The schema that the document has already."""
    return [kind["schema"] for kind in answer.get("content", {}).values()]


def _fixture(of: str, name: str) -> Json:
    return shape(json.loads((FIXTURES[of] / f"{name}.json").read_text()))


def shape(value: Any, *, outermost: bool = True) -> Json:
    """The schema of what has the keys and types of `value`, which may be null; within, keys may be absent."""
    if isinstance(value, dict):
        properties = {key: {} if key in OPEN else shape(item, outermost=False) for key, item in value.items()}
        required = sorted(value.keys() - ON_REQUEST) if outermost else []
        need = {"required": required} if required else {}
        return {"type": "object", "nullable": True, "properties": properties, **need}
    if isinstance(value, list):
        items = shape(value[0], outermost=outermost) if value else {}
        return {"type": "array", "nullable": True, "items": items}
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string"}
    return {"type": kinds[type(value)], "nullable": True} if value is not None else {}
