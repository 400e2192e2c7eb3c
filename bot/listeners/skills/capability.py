"""Writes the exposed operations as a Naftiko capability: one API, offered over REST, MCP and as a skill.

https://github.com/naftiko/framework/wiki/Specification-Schema
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias
from urllib.parse import urlsplit

from bot.listeners.rest.openapi import is_exposed, make_path
from bot.listeners.skills.skill_contents import DESCRIPTION, NAME
from bot.operations.arguments import Argument, read_arguments
from bot.operations.operation import Effect, Operation
from bot.operations.registry import Registry
from bot.runtime.json_types import JsonObject, JsonValue

Parameters: TypeAlias = list[JsonValue]
VERSION = "1.0.0-alpha3"
API, TOOLS, REST, SKILLS = NAME, f"{NAME}-tools", f"{NAME}-api", f"{NAME}-skills"
# The engine that runs the document binds this variable; the token itself is never in it.
_TOKEN = "KITESTRING_TOKEN"  # noqa: S105
_TYPES = {"bool": "boolean", "number": "number", "dict": "object", "list": "array"}
# Where the engine serves what it exposes: one port for each kind of server.
_PORTS = {"mcp": 3001, "skill": 3002, "rest": 3003}
_LOOPBACK = "127.0.0.1"


def make_capability(registry: Registry, url: str) -> JsonObject:
    """Return the document for a bot at that address. Raise ValueError if it isn't an http or https URL."""
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise ValueError(f"`{url}` isn't the address of a bot: it begins with https:// or http://.")
    exposed = [op for op in registry if is_exposed(op)]
    return {
        "naftiko": VERSION,
        "info": {"label": "Kitestring", "description": DESCRIPTION, "tags": ["ci", "buildkite", "slack"]},
        "binds": [
            {
                "namespace": f"{NAME}-env",
                "description": "An API token of Kitestring, made with `/bk api-token create`.",
                "keys": {_TOKEN: "kitestring-token"},
            }
        ],
        "capability": {
            "consumes": [_describe_api(exposed, url)],
            "exposes": [_expose_tools(exposed), _expose_rest(exposed), _expose_skill(exposed)],
        },
    }


def _describe_api(exposed: Sequence[Operation], url: str) -> JsonObject:
    return {
        "namespace": API,
        "type": "http",
        "description": "Kitestring's REST API: what a token's owner may do in Buildkite, under the team's policy.",
        "baseUri": url.rstrip("/"),
        "authentication": {"type": "bearer", "token": f"{{{{{_TOKEN}}}}}"},
        "resources": [_describe_resource(op) for op in exposed],
    }


def _describe_resource(op: Operation) -> JsonObject:
    is_read = op.effect is Effect.READS
    place = "query" if is_read else "body"
    call: JsonObject = {
        "name": _name(op),
        "description": op.summary,
        "method": "GET" if is_read else "POST",
        "inputParameters": [{"name": argument.name, "in": place} for argument in _list_arguments(op)],
        "outputRawFormat": "json",
    }
    return {"name": _name(op), "path": make_path(op), "operations": [call]}


def _expose_tools(exposed: Sequence[Operation]) -> JsonObject:
    return {
        "type": "mcp",
        "address": _LOOPBACK,
        "port": _PORTS["mcp"],
        "namespace": TOOLS,
        "description": DESCRIPTION,
        "tools": [_describe_tool(op) for op in exposed],
    }


def _describe_tool(op: Operation) -> JsonObject:
    parameters: Parameters = [
        {**_describe_argument(argument), "required": argument.required} for argument in _list_arguments(op)
    ]
    return {
        "name": _name(op),
        "description": op.summary,
        "inputParameters": parameters,
        "hints": {
            "readOnly": op.effect is Effect.READS,
            "destructive": op.effect is not Effect.READS and op.confirm is not None,
            "idempotent": op.may_run_twice,
        },
        **_call(op, TOOLS),
    }


def _expose_rest(exposed: Sequence[Operation]) -> JsonObject:
    return {
        "type": "rest",
        "address": _LOOPBACK,
        "port": _PORTS["rest"],
        "namespace": REST,
        "resources": [_expose_resource(op) for op in exposed],
    }


def _expose_resource(op: Operation) -> JsonObject:
    is_read = op.effect is Effect.READS
    place = "query" if is_read else "body"
    call: JsonObject = {
        "name": _name(op),
        "description": op.summary,
        "method": "GET" if is_read else "POST",
        "inputParameters": [{"in": place, **_describe_argument(argument)} for argument in _list_arguments(op)],
        **_call(op, REST),
    }
    return {"name": _name(op), "path": make_path(op), "operations": [call]}


def _expose_skill(exposed: Sequence[Operation]) -> JsonObject:
    """Return the skill server: a catalogue of the tools, which executes nothing itself."""
    tools: list[JsonValue] = [
        {
            "name": _name(op),
            "description": op.summary,
            "from": {"sourceNamespace": TOOLS, "action": _name(op)},
        }
        for op in exposed
    ]
    return {
        "type": "skill",
        "address": _LOOPBACK,
        "port": _PORTS["skill"],
        "namespace": SKILLS,
        "description": DESCRIPTION,
        "skills": [{"name": NAME, "description": DESCRIPTION, "tools": tools}],
    }


def _call(op: Operation, namespace: str) -> Mapping[str, JsonValue]:
    """Return the call of the consumed operation with the exposed one's arguments, as they are."""
    given: JsonObject = {argument.name: f"{namespace}.{argument.name}" for argument in _list_arguments(op)}
    return {"call": f"{API}.{_name(op)}", **({"with": given} if given else {})}


def _list_arguments(op: Operation) -> list[Argument]:
    return [argument for argument in read_arguments(op.args) if argument.opt.in_manual]


def _describe_argument(argument: Argument) -> JsonObject:
    kind = _TYPES.get(argument.kind, "string")
    choices = f": {', '.join(argument.choices)}" if argument.choices else ""
    return {"name": argument.name, "type": kind, "description": f"{argument.description}{choices}"}


def _name(op: Operation) -> str:
    return op.name.replace(" ", "-")
