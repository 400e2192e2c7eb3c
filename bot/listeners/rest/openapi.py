"""Describes the API as OpenAPI 3.1, generated from the operations' own models: nothing is listed by hand.

https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import models_json_schema

from bot import __version__
from bot.errors import UsageError
from bot.listeners.rest.event_streams import FollowedBuild
from bot.listeners.rest.problems import KINDS
from bot.listeners.rest.request_arguments import YES
from bot.operations.grammar import parse
from bot.operations.operation import Args, Effect, Operation
from bot.operations.registry import Registry
from bot.operations.results import Data, describe_models

Json = dict[str, object]
References = Mapping[type[BaseModel] | type[Data], Json]
BASE = "/api/v1/"
_REF = "#/components/schemas/{model}"
_ALWAYS = (400, 401, 403, 404, 408, 409, 413, 415, 421, 422, 429, 503)
_NO_BODY = (401, 403, 404, 409, 421, 422, 429, 503)
_KEY: Mapping[str, object] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Sent again with the same arguments, it gets the first result, and nothing is done twice.",
    "schema": {"type": "string", "maxLength": 255, "pattern": "^[!-~]+$"},
}


class FieldProblem(BaseModel):
    """A mistake in an argument."""

    pointer: str
    detail: str


class ProblemDocument(BaseModel):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    hint: str | None = None
    rule: str | None = None
    options: list[str] | None = None
    invocation: str | None = None
    errors: list[FieldProblem] | None = None


class Approval(BaseModel):
    """The approvals that a proposed invocation waits for."""

    rule: str
    needed: int
    given: int
    expires_at: str


class Pending(BaseModel):
    """An invocation that goes on: `state` is accepted, running, proposed (it waits for approvals) or unknown."""

    invocation: str
    operation: str
    state: str
    poll: str
    approval: Approval | None = None


def make_path(op: Operation) -> str:
    """Return the path of an operation: its name, with slashes for spaces."""
    return BASE + op.name.replace(" ", "/")


def is_exposed(op: Operation) -> bool:
    """Return whether a token may call the operation at all."""
    return op.token_callable and not op.form_only_message


def make_document(registry: Registry) -> Json:
    """Return the whole document."""
    exposed = [op for op in registry if is_exposed(op)]
    references, components = _make_schemas(exposed)
    paths: Json = {make_path(op): _describe_path(op, references, components, registry) for op in exposed}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kitestring",
            "version": __version__,
            "description": "The operations of `/bk`, called with an API token by programs. Each is judged by the "
            "same policy, locks and approvals as its command in Slack.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": {**paths, **_describe_own_paths(references)},
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "kst_…"}},
        },
    }


def _make_schemas(exposed: Sequence[Operation]) -> tuple[References, Json]:
    """Return the reference to the schema of each model, and the schemas themselves."""
    results, components = describe_models(dict.fromkeys(op.result for op in exposed), _REF.format(model="{name}"))
    inputs = dict.fromkeys(op.args for op in exposed)
    outputs = (ProblemDocument, Pending, FollowedBuild)
    wanted = [*((model, "validation") for model in inputs), *((model, "serialization") for model in outputs)]
    found, document = models_json_schema(wanted, ref_template=_REF)  # type: ignore[arg-type]
    references = {model: dict(schema) for (model, _mode), schema in found.items()}
    return {**references, **results}, {**document["$defs"], **components}  # type: ignore[dict-item]


def _describe_path(op: Operation, references: References, components: Json, registry: Registry) -> Json:
    post = _describe_operation(op, references)
    example = find_example(op, registry)
    body: Json = {"schema": references[op.args], **({"example": example} if example else {})}
    post["requestBody"] = {"required": not _is_optional(op.args), "content": {"application/json": body}}
    post["parameters"] = [*_list_confirmation(op), dict(_KEY)]
    if op.effect is not Effect.READS:
        return {"post": post}
    get = _describe_operation(op, references, suffix="_get")
    get["parameters"] = [*_list_query(references[op.args], components)]
    return {"get": get, "post": post}


def _describe_operation(op: Operation, references: References, suffix: str = "") -> Json:
    return {
        "operationId": op.name.replace(" ", "_").replace("-", "_") + suffix,
        "tags": [op.noun],
        "summary": op.summary,
        "description": f"Permission: `{op.needs.value}`.",
        "responses": {
            "200": _describe_json(_make_done_schema(op, references[op.result]), "It is done."),
            "202": _describe_json(references[Pending], "It goes on, or waits for approval: ask at `poll`."),
            **_list_problems(_ALWAYS, references),
        },
    }


def _make_done_schema(op: Operation, result: Json) -> Json:
    return {
        "type": "object",
        "required": ["invocation", "operation", "state", "result"],
        "properties": {
            "invocation": {"type": "string"},
            "operation": {"const": op.name},
            "state": {"const": "done"},
            "result": result,
        },
    }


def _list_problems(statuses: Iterable[int], references: References) -> Json:
    schema = references[ProblemDocument]
    return {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {"application/problem+json": {"schema": schema}},
        }
        for status in statuses
    }


def _describe_json(schema: Json, description: str) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _is_optional(model: type[Args]) -> bool:
    return not any(field.is_required() for field in model.model_fields.values())


def _list_confirmation(op: Operation) -> list[Json]:
    if op.confirm is None:
        return []
    words = "Confirm what would otherwise be answered with `confirmation-required`, as `--yes` does in Slack."
    return [{"name": YES, "in": "query", "description": words, "schema": {"type": "boolean"}}]


def _list_query(reference: Json, components: Json) -> list[Json]:
    """Return the arguments as query parameters: lists repeat their name, pairs are `name[key]=value`."""
    model = components[str(reference["$ref"]).rpartition("/")[2]]
    assert isinstance(model, dict)  # noqa: S101  (pydantic's own)
    required = model.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": schema,
            **({"style": "deepObject", "explode": True} if _is_mapping(schema) else {}),
        }
        for name, schema in model.get("properties", {}).items()
    ]


def _is_mapping(schema: Json) -> bool:
    options = schema.get("anyOf", [schema])
    return isinstance(options, list) and any(option.get("type") == "object" for option in options)


def find_example(op: Operation, registry: Registry) -> Json | None:
    """Return the arguments of the operation's first example that needs no context, or None."""
    for example in op.examples:
        try:
            call = parse(example, registry)
            if call.operation == op.name and call.args:
                return op.args.model_validate(dict(call.args)).model_dump(mode="json", exclude_unset=True)
        except (UsageError, ValidationError):
            continue
    return None


def _describe_own_paths(references: References) -> Json:
    """Return the paths that aren't operations."""
    problems = _list_problems(_NO_BODY, references)
    state: Json = {"type": "object", "required": ["invocation", "operation", "state"]}
    return {
        f"{BASE}invocations/{{invocation}}": {
            "get": {
                "operationId": "invocation",
                "tags": ["invocations"],
                "summary": "Tell how an invocation of this token stands.",
                "parameters": [_make_parameter("invocation", {"type": "string"})],
                "responses": problems
                | {"200": _describe_json(state, "How it stands: with its result, its problem, or where to ask.")},
            }
        },
        f"{BASE}builds/{{pipeline}}/{{number}}/events": {
            "get": {
                "operationId": "build_events",
                "tags": ["builds"],
                "summary": "Follow a build: an event with its whole state after each change, until it ends.",
                "parameters": [
                    _make_parameter("pipeline", {"type": "string"}),
                    _make_parameter("number", {"type": "integer", "minimum": 1, "maximum": 999999999}),
                ],
                "responses": problems
                | {
                    "200": {
                        "description": "Server-sent events: `build`, each a FollowedBuild, and at last `end`.",
                        "content": {"text/event-stream": {}},
                    },
                    "204": {"description": "The build has ended, and `Last-Event-ID` is its last event."},
                },
            }
        },
    }


def _make_parameter(name: str, schema: Json) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def list_kinds() -> list[tuple[str, int, str]]:
    """Return each kind of problem with its status and title."""
    return [(kind, int(known.status), known.title) for kind, known in KINDS.items()]
