"""Defines tools from operations, and those beside them: search, run, wait, and ask for an outcome."""

from __future__ import annotations

from mcp_types import Tool, ToolAnnotations

from bot.listeners.mcp.result_bounds import CURSOR
from bot.listeners.mcp.tool_results import CONFIRM, PENDING
from bot.listeners.mcp.tool_schema import make_input_schema, make_output_schema
from bot.operations.operation import Effect, Operation
from bot.runtime.json_types import JsonObject

SEARCH = "search_operations"
RUN = "run_operation"
RESULT = "operation_result"
WAIT = "build_wait"
_CURSOR_ARGUMENT = "cursor"
_STRING: JsonObject = {"type": "string"}


def name_tool(op: Operation) -> str:
    """Return the name of an operation's tool: `build_create`."""
    return op.name.replace(" ", "_")


def define_tool(op: Operation, *, whole: bool) -> Tool:
    """Define the tool of an operation, with the `whole` schema of its results or an outline."""
    return Tool(
        name=name_tool(op),
        description=op.summary,
        input_schema=dict(extend_input_schema(op)),
        output_schema=dict(_describe_output(op, whole=whole)),
        annotations=describe_effect(op),
    )


def extend_input_schema(op: Operation) -> JsonObject:
    """Return an operation's arguments with those of the tool: a cursor to go on, or the answer to its question."""
    schema = make_input_schema(op.args)
    properties = schema["properties"]
    own: dict[str, JsonObject] = {}
    if op.effect is Effect.READS:
        own[_CURSOR_ARGUMENT] = _STRING
    if op.confirm:
        own[CONFIRM] = {"type": "boolean", "description": "The person agreed"}
    return {**schema, "properties": {**(properties if isinstance(properties, dict) else {}), **own}}


def describe_effect(op: Operation) -> ToolAnnotations:
    """Return the hints about what an operation changes, without those that the protocol assumes anyway.

    What asks a person before it begins stops or deletes something.
    """
    if op.effect is Effect.READS:
        return ToolAnnotations(read_only_hint=True)
    destroys = op.confirm is not None
    return ToolAnnotations(
        destructive_hint=None if destroys else False, idempotent_hint=True if op.repeatable else None
    )


def _describe_output(op: Operation, *, whole: bool) -> JsonObject:
    """Return what the tool of an operation returns: its result, a cursor that goes on, or that it waits."""
    return make_output_schema(op.result, {CURSOR: _STRING, PENDING: {"type": "object"}}, whole=whole)


def define_search_tools(*, read_only: bool) -> tuple[Tool, ...]:
    """Define the tools that find and run what has no tool of its own."""
    return (
        Tool(
            name=SEARCH,
            description="Find operations beyond the listed tools by what you want to do. run_operation runs them.",
            input_schema=_require({"intent": _STRING}),
            annotations=ToolAnnotations(read_only_hint=True),
        ),
        Tool(
            name=RUN,
            description="Run an operation that search_operations found, with the arguments it lists.",
            input_schema=_require({"operation": _STRING}, "arguments", {"type": "object"}),
            annotations=ToolAnnotations(read_only_hint=True) if read_only else None,
        ),
    )


def define_result_tool() -> Tool:
    """Define the tool that asks for the outcome of a call that was pending."""
    return Tool(
        name=RESULT,
        description="Get the outcome of a call that waited for approval or took long.",
        input_schema=_require({"invocation": _STRING}),
        annotations=ToolAnnotations(read_only_hint=True),
    )


def define_wait_tool(longest: int, view: Operation, *, whole: bool) -> Tool:
    """Define the tool that waits for a build, and then returns what `view` does."""
    seconds: JsonObject = {"type": "integer", "minimum": 1, "maximum": longest, "default": 50}
    return Tool(
        name=WAIT,
        description="Wait until a build passes, fails or is blocked. Call again if it still runs.",
        input_schema=_require({"pipeline": _STRING, "number": {"type": "integer"}}, "seconds", seconds),
        output_schema=dict(_describe_output(view, whole=whole)),
        annotations=ToolAnnotations(read_only_hint=True),
    )


def _require(
    required: dict[str, JsonObject], name: str = "", optional: JsonObject | None = None
) -> dict[str, object]:
    more = {name: optional} if name else {}
    return {"type": "object", "properties": {**required, **more}, "required": list(required)}
