"""The Naftiko capability keeps to the format, and what it exposes calls what exists."""

from __future__ import annotations

from typing import Any

import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from bot.cli.main import main
from bot.listeners.rest.openapi import make_document
from commands import registry

URL = "https://kitestring.example.com"
NAME: dict[str, Any] = {"type": "string", "pattern": "^[a-zA-Z0-9-]+$"}
TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
CALL: dict[str, Any] = {"type": "string", "pattern": r"^[a-zA-Z0-9-]+\.[a-zA-Z0-9-]+$"}
WITH: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "string"}}
METHOD: dict[str, Any] = {"enum": ["GET", "POST", "PUT", "PATCH", "DELETE"]}
TYPE: dict[str, Any] = {"enum": ["string", "number", "integer", "boolean", "array", "object"]}


def make_object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the schema of an object with these properties and no others."""
    properties = {**required, **(optional or {})}
    return {"type": "object", "properties": properties, "required": [*required], "additionalProperties": False}


def make_list(items: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a list that isn't empty."""
    return {"type": "array", "items": items, "minItems": 1}


def make_parameters(more: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of parameters."""
    name = {"type": "string", "pattern": "^[a-zA-Z0-9-_*]+$"}
    return {"type": "array", "items": make_object({"name": name, **more})}


def make_server(kind: str, more: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a server that the engine runs."""
    port = {"type": "integer", "minimum": 1, "maximum": 65535}
    return make_object({"type": {"const": kind}, "port": port, "namespace": NAME, **more}, {"address": TEXT})


PLACE: dict[str, Any] = {"enum": ["query", "body"]}
CONSUMED = make_object(
    {"name": NAME, "description": TEXT, "method": METHOD, "inputParameters": make_parameters({"in": PLACE})},
    {"outputRawFormat": {"const": "json"}},
)
EXPOSED = make_object(
    {
        "name": NAME,
        "description": TEXT,
        "method": METHOD,
        "inputParameters": make_parameters({"in": PLACE, "type": TYPE, "description": TEXT}),
        "call": CALL,
    },
    {"with": WITH},
)
FLAG: dict[str, Any] = {"type": "boolean"}
TOOL = make_object(
    {
        "name": NAME,
        "description": TEXT,
        "inputParameters": make_parameters({"type": TYPE, "description": TEXT, "required": FLAG}),
        "call": CALL,
    },
    {"with": WITH, "hints": make_object({"readOnly": FLAG, "destructive": FLAG, "idempotent": FLAG})},
)
CATALOGUED = make_object(
    {"name": NAME, "description": TEXT, "from": make_object({"sourceNamespace": NAME, "action": TEXT})}
)
# The parts of the format that the document uses: https://github.com/naftiko/framework/wiki/Specification-Schema
FORMAT = make_object(
    {
        "naftiko": {"const": "1.0.0-alpha3"},
        "capability": make_object(
            {
                "consumes": make_list(
                    make_object(
                        {
                            "namespace": NAME,
                            "type": {"const": "http"},
                            "baseUri": {"type": "string", "pattern": "^https?://[^/]+(/[^{]*)?$"},
                            "authentication": make_object({"type": {"const": "bearer"}, "token": TEXT}),
                            "resources": make_list(
                                make_object({"name": NAME, "path": TEXT, "operations": make_list(CONSUMED)})
                            ),
                        },
                        {"description": TEXT},
                    )
                ),
                "exposes": make_list(
                    {
                        "oneOf": [
                            make_server("mcp", {"description": TEXT, "tools": make_list(TOOL)}),
                            make_server(
                                "rest",
                                {
                                    "resources": make_list(
                                        make_object({"name": NAME, "path": TEXT, "operations": make_list(EXPOSED)})
                                    )
                                },
                            ),
                            make_server(
                                "skill",
                                {
                                    "description": TEXT,
                                    "skills": make_list(
                                        make_object(
                                            {"name": NAME, "description": TEXT, "tools": make_list(CATALOGUED)}
                                        )
                                    ),
                                },
                            ),
                        ]
                    }
                ),
            }
        ),
    },
    {
        "info": make_object({"label": TEXT, "description": TEXT}, {"tags": make_list(TEXT)}),
        "binds": make_list(
            make_object(
                {
                    "namespace": NAME,
                    "keys": {"type": "object", "propertyNames": {"pattern": "^[A-Z][A-Z0-9_]*$"}},
                },
                {"description": TEXT},
            )
        ),
    },
)


def print_capability(*arguments: str) -> Any:
    """Return what the command prints, as data."""
    printed = CliRunner().invoke(main, ["capability", *arguments])
    assert printed.exit_code == 0, printed.output
    return yaml.safe_load(printed.stdout)


def test_the_capability_keeps_to_the_format() -> None:
    """It has the keys, kinds and names that the format knows, and none besides."""
    Draft202012Validator.check_schema(FORMAT)
    problems = [
        f"{error.json_path}: {error.message[:200]}"
        for error in Draft202012Validator(FORMAT).iter_errors(print_capability("--url", URL))
    ]
    assert problems == []


def test_everything_that_is_exposed_can_be_called() -> None:
    """Each tool and each resource calls an operation of the API, with its arguments; the skill lists each tool."""
    capability = print_capability("--url", f"{URL}/")["capability"]
    [api], (tools, rest, skill) = capability["consumes"], capability["exposes"]
    assert api["baseUri"] == URL
    assert {resource["path"] for resource in api["resources"]} <= make_document(registry())["paths"].keys()  # type: ignore[attr-defined]
    calls = {
        f"{api['namespace']}.{call['name']}": {parameter["name"] for parameter in call["inputParameters"]}
        for resource in api["resources"]
        for call in resource["operations"]
    }
    exposed = [*tools["tools"], *(call for resource in rest["resources"] for call in resource["operations"])]
    assert len(exposed) == 2 * len(calls)
    for operation in exposed:
        assert operation.get("with", {}).keys() == calls[operation["call"]]
    catalogue = [tool["from"] for group in skill["skills"] for tool in group["tools"]]
    assert catalogue == [
        {"sourceNamespace": tools["namespace"], "action": tool["name"]} for tool in tools["tools"]
    ]


def test_hints_follow_the_effects() -> None:
    """A tool that reads says so; one that asks first is destructive; what only people decide is left out."""
    [tools, *_] = print_capability("--url", URL)["capability"]["exposes"]
    hints = {tool["name"]: tool["hints"] for tool in tools["tools"]}
    assert hints["build-view"] == {"readOnly": True, "destructive": False, "idempotent": True}
    assert hints["build-cancel"] == {"readOnly": False, "destructive": True, "idempotent": False}
    assert hints["lock"] == {"readOnly": False, "destructive": False, "idempotent": True}
    assert "proposal-approve" not in hints


def test_the_address_is_checked() -> None:
    """Without an address it says that it printed an example; a wrong one is refused."""
    example = CliRunner().invoke(main, ["capability"])
    assert "The address is an example" in example.stderr
    wrong = CliRunner().invoke(main, ["capability", "--url", "kitestring.example.com"])
    assert wrong.exit_code == 2
    assert "begins with https://" in wrong.stderr
