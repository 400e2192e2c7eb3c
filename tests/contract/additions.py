"""Extends an OpenAPI document by operations, bodies and parameters that Buildkite documents elsewhere."""

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
# Objects whose keys Buildkite or its users choose freely.
OPEN = {"env", "meta_data", "states", "settings", "data", "body_html"}
# Keys that are only present for some parameters or states.
ON_REQUEST = {"jobs", "pipeline", "aliases"}
Json = dict[str, Any]


@cache
def load_additions(api: str) -> Mapping[tuple[str, str], Json]:
    """Return the additions for each operation of an API, by method and path."""
    loaded = yaml.safe_load((TESTS / "contracts" / f"{api}.yaml").read_text())
    return {(operation.split()[0], operation.split()[1]): addition for operation, addition in loaded.items()}


def extend(document: Json, api: str) -> None:
    """Add missing operations, and bodies and responses that existing operations lack."""
    for (method, path), addition in load_additions(api).items():
        operation = document["paths"].setdefault(path, {}).setdefault(method.lower(), _make_operation(path))
        if "body" in addition:
            operation["requestBody"] = _wrap_json(_make_body(addition["body"]))
        for status, fixture in addition.items():
            if isinstance(status, int):
                answer = operation["responses"].setdefault(str(status), {"description": "As documented"})
                if fixture not in ("any", "none"):
                    schemas = [*_find_schemas(answer), _make_fixture_schema(api, fixture)]
                    answer |= _wrap_json({"allOf": schemas})


def find_unknown_parameters(method: str, path: str, query: str) -> list[str]:
    """Return the query parameters that the operation doesn't have."""
    known = PAGES | set(_find_addition(method, path).get("query", ()))
    names = {re.sub(r"\[.*\]$", "", name) for name, _ in parse_qsl(query, keep_blank_values=True)}
    return sorted(names - known)


def _find_addition(method: str, path: str) -> Json:
    """Find the addition for the operation of a path; literal segments take precedence over parameters."""
    api, base = (AGENT, "/v3") if path.startswith("/v3") else (REST, "/v2")
    matches = [
        (template.count("{"), addition)
        for (verb, template), addition in load_additions(api).items()
        if verb == method and re.fullmatch(base + re.sub(r"\{\w+\}", "[^/]+", template), path)
    ]
    return min(matches, key=lambda match: match[0])[1] if matches else {}


def _make_operation(path: str) -> Json:
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
    refused = {"description": "Refused", **_wrap_json(message)}
    return {"parameters": parameters, "responses": {"4XX": refused, "5XX": {"description": "Unavailable"}}}


def _wrap_json(schema: Json) -> Json:
    return {"content": {"application/json": {"schema": schema}}}


def _make_body(given: Mapping[str, str]) -> Json:
    kinds = {name.rstrip("!"): {"type": kind} for name, kind in given.items()}
    typed = {name: {**kind, "items": {}} if kind["type"] == "array" else kind for name, kind in kinds.items()}
    required = [name[:-1] for name in given if name.endswith("!")]
    need = {"required": required} if required else {}
    return {"type": "object", "properties": typed, "additionalProperties": False, **need}


def _find_schemas(answer: Json) -> list[Json]:
    """Return the schemas that a response already has."""
    return [content["schema"] for content in answer.get("content", {}).values()]


def _make_fixture_schema(api: str, name: str) -> Json:
    return make_schema(json.loads((FIXTURES[api] / f"{name}.json").read_text()))


def make_schema(value: Any, *, outermost: bool = True) -> Json:
    """Return a schema for values with the keys and types of `value`, or null; nested keys may be absent."""
    if isinstance(value, dict):
        properties = {
            key: {} if key in OPEN else make_schema(item, outermost=False) for key, item in value.items()
        }
        required = sorted(value.keys() - ON_REQUEST) if outermost else []
        need = {"required": required} if required else {}
        return {"type": "object", "nullable": True, "properties": properties, **need}
    if isinstance(value, list):
        items = make_schema(value[0], outermost=outermost) if value else {}
        return {"type": "array", "nullable": True, "items": items}
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string"}
    return {"type": kinds[type(value)], "nullable": True} if value is not None else {}
