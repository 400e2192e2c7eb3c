"""Tools, resources and prompts that the conformance suite expects of a server.

https://github.com/modelcontextprotocol/conformance
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    CallToolRequestParams,
    CallToolResult,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    EmbeddedResource,
    ImageContent,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    ListToolsResult,
    LoggingMessageNotification,
    LoggingMessageNotificationParams,
    SamplingMessage,
    TextContent,
    TextResourceContents,
    Tool,
)

from bot.errors import Conflict
from bot.listeners.mcp.callers import McpCaller, WrongRequest
from bot.listeners.mcp.protocol_server import Context

IMAGE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
SOUND = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
PAUSE_SECONDS = 0.05
Result = CallToolResult | InputRequiredResult
RunTool = Callable[[Context, CallToolRequestParams], Awaitable[Result]]


def answer(text: str) -> CallToolResult:
    """Return a result of one text."""
    return CallToolResult(content=[TextContent(text=text)])


def embed(uri: str, text: str, mime_type: str = "text/plain") -> EmbeddedResource:
    """Return a text as an embedded resource."""
    return EmbeddedResource(resource=TextResourceContents(uri=uri, mime_type=mime_type, text=text))


def ask(message: str, **properties: str) -> ElicitRequest:
    """Return a question for a form of these fields, by type."""
    schema = {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in properties.items()},
        "required": list(properties),
    }
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def sample(text: str, max_tokens: int = 100) -> CreateMessageRequest:
    """Return a request for a model's answer."""
    asked = SamplingMessage(role="user", content=TextContent(text=text))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[asked], max_tokens=max_tokens))


async def send_text(_ctx: Context, _params: CallToolRequestParams) -> Result:
    return answer("This is a simple text response for testing.")


async def send_image(_ctx: Context, _params: CallToolRequestParams) -> Result:
    return CallToolResult(content=[ImageContent(data=IMAGE, mime_type="image/png")])


async def send_sound(_ctx: Context, _params: CallToolRequestParams) -> Result:
    return CallToolResult(content=[AudioContent(data=SOUND, mime_type="audio/wav")])


async def send_resource(_ctx: Context, _params: CallToolRequestParams) -> Result:
    return CallToolResult(content=[embed("test://embedded-resource", "This is an embedded resource content.")])


async def send_mixture(_ctx: Context, _params: CallToolRequestParams) -> Result:
    resource = embed("test://mixed-content-resource", '{"test": "data", "value": 123}', "application/json")
    image = ImageContent(data=IMAGE, mime_type="image/png")
    return CallToolResult(content=[TextContent(text="Multiple content types test:"), image, resource])


async def send_log(ctx: Context, _params: CallToolRequestParams) -> Result:
    for text in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        noted = LoggingMessageNotificationParams(level="info", data=text)
        await ctx.session.send_notification(LoggingMessageNotification(params=noted), ctx.request_id)
        await asyncio.sleep(PAUSE_SECONDS)
    return answer("Logged.")


async def log_nothing(_ctx: Context, _params: CallToolRequestParams) -> Result:
    return answer("The client asked for no log.")


async def report_progress(ctx: Context, _params: CallToolRequestParams) -> Result:
    for percent in (0, 50, 100):
        await ctx.session.report_progress(percent, 100, f"Completed step {percent} of 100")
        await asyncio.sleep(PAUSE_SECONDS)
    return answer("Done.")


async def fail(_ctx: Context, _params: CallToolRequestParams) -> Result:
    raise Conflict("This tool intentionally returns an error for testing")


async def require_sampling(ctx: Context, _params: CallToolRequestParams) -> Result:
    capabilities = ctx.session.client_capabilities
    if capabilities is None or capabilities.sampling is None:
        missing = {"requiredCapabilities": {"sampling": {}}}
        raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, "This tool needs sampling.", missing)
    return answer("The client can sample.")


def _relate(ctx: Context) -> ServerMessageMetadata:
    return ServerMessageMetadata(related_request_id=ctx.request_id)


async def sample_old(ctx: Context, params: CallToolRequestParams) -> Result:
    """Ask the client's model during the call, as revisions before 2026-07-28 do."""
    request = sample(str((params.arguments or {})["prompt"]))
    result = await ctx.session.send_request(request, CreateMessageResult, metadata=_relate(ctx))
    return answer(f"LLM response: {getattr(result.content, 'text', '')}")


async def _elicit(ctx: Context, message: str, properties: dict[str, Any]) -> Result:
    schema = {"type": "object", "properties": properties, "required": []}
    given = await ctx.session.elicit_form(message, schema, ctx.request_id)
    return answer(f"Elicitation completed: action={given.action}, content={json.dumps(given.content)}")


async def elicit_old(ctx: Context, params: CallToolRequestParams) -> Result:
    """Ask the client's person during the call, as revisions before 2026-07-28 do."""
    message = str((params.arguments or {})["message"])
    return await _elicit(ctx, message, {"username": {"type": "string"}, "email": {"type": "string"}})


async def elicit_defaults(ctx: Context, _params: CallToolRequestParams) -> Result:
    properties = {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    }
    return await _elicit(ctx, "Describe a person.", properties)


async def elicit_choices(ctx: Context, _params: CallToolRequestParams) -> Result:
    plain, titled = ["a", "b", "c"], [{"const": "a", "title": "First"}, {"const": "b", "title": "Second"}]
    properties = {
        "untitledSingle": {"type": "string", "enum": plain},
        "titledSingle": {"type": "string", "oneOf": titled},
        "legacyEnum": {"type": "string", "enum": plain, "enumNames": ["First", "Second", "Third"]},
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": plain}},
        "titledMulti": {"type": "array", "items": {"anyOf": titled}},
    }
    return await _elicit(ctx, "Choose.", properties)


async def ask_name(_ctx: Context, params: CallToolRequestParams) -> Result:
    given = (params.input_responses or {}).get("user_name")
    if isinstance(given, ElicitResult) and given.content:
        return answer(f"Hello, {given.content.get('name')}!")
    return InputRequiredResult(input_requests={"user_name": ask("What is your name?", name="string")})


async def ask_model(_ctx: Context, params: CallToolRequestParams) -> Result:
    given = (params.input_responses or {}).get("capital_question")
    if given is not None:
        return answer(str(given.model_dump(mode="json").get("content")))
    return InputRequiredResult(input_requests={"capital_question": sample("What is the capital of France?")})


async def ask_roots(_ctx: Context, params: CallToolRequestParams) -> Result:
    given = (params.input_responses or {}).get("client_roots")
    if isinstance(given, ListRootsResult):
        return answer(", ".join(str(root.uri) for root in given.roots))
    return InputRequiredResult(input_requests={"client_roots": ListRootsRequest()})


async def ask_with_state(_ctx: Context, params: CallToolRequestParams) -> Result:
    if params.input_responses and params.request_state == "asked":
        return answer("state-ok")
    return InputRequiredResult(input_requests={"confirm": ask("Confirm it.", ok="boolean")}, request_state="asked")


async def ask_all(_ctx: Context, params: CallToolRequestParams) -> Result:
    asked = {
        "user_name": ask("What is your name?", name="string"),
        "greeting": sample("Generate a greeting", 50),
        "client_roots": ListRootsRequest(),
    }
    if asked.keys() <= (params.input_responses or {}).keys():
        return answer("Everything is answered.")
    return InputRequiredResult(input_requests=asked, request_state="asked")


async def ask_twice(_ctx: Context, params: CallToolRequestParams) -> Result:
    given = params.input_responses or {}
    if "step2" in given and params.request_state == "two":
        return answer("Both steps are answered.")
    if "step1" in given and params.request_state == "one":
        return InputRequiredResult(input_requests={"step2": ask("A color?", color="string")}, request_state="two")
    return InputRequiredResult(input_requests={"step1": ask("A name?", name="string")}, request_state="one")


async def ask_what_client_can(ctx: Context, _params: CallToolRequestParams) -> Result:
    capabilities = ctx.session.client_capabilities
    asked: dict[str, Any] = {}
    if capabilities and capabilities.sampling is not None:
        asked["greeting"] = sample("Generate a greeting")
    if capabilities and capabilities.elicitation is not None:
        asked["user_name"] = ask("What is your name?", name="string")
    return InputRequiredResult(input_requests=asked, request_state="asked")


_TEXT = {"type": "string"}
TOOLS: dict[str, tuple[RunTool, dict[str, Any]]] = {
    "test_simple_text": (send_text, {}),
    "test_image_content": (send_image, {}),
    "test_audio_content": (send_sound, {}),
    "test_embedded_resource": (send_resource, {}),
    "test_multiple_content_types": (send_mixture, {}),
    "test_tool_with_logging": (send_log, {}),
    "test_logging_tool": (log_nothing, {}),
    "test_tool_with_progress": (report_progress, {}),
    "test_error_handling": (fail, {}),
    "test_missing_capability": (require_sampling, {}),
    "test_sampling": (sample_old, {"prompt": _TEXT}),
    "test_elicitation": (elicit_old, {"message": _TEXT}),
    "test_elicitation_sep1034_defaults": (elicit_defaults, {}),
    "test_elicitation_sep1330_enums": (elicit_choices, {}),
    "test_input_required_result_elicitation": (ask_name, {}),
    "test_streaming_elicitation": (ask_name, {}),
    "test_input_required_result_sampling": (ask_model, {}),
    "test_input_required_result_list_roots": (ask_roots, {}),
    "test_input_required_result_request_state": (ask_with_state, {}),
    "test_input_required_result_tampered_state": (ask_with_state, {}),
    "test_input_required_result_multiple_inputs": (ask_all, {}),
    "test_input_required_result_multi_round": (ask_twice, {}),
    "test_input_required_result_capabilities": (ask_what_client_can, {}),
}


class FixtureTools:
    """The suite's tools, where the bot has its operations."""

    def list_tools(self, _caller: McpCaller) -> ListToolsResult:
        """Return all of them."""
        return ListToolsResult(tools=[_define(name, properties) for name, (_run, properties) in TOOLS.items()])

    async def call(self, ctx: Context, _caller: McpCaller, params: CallToolRequestParams) -> Result:
        """Run one of them."""
        if params.name not in TOOLS:
            raise WrongRequest(f"There's no tool {params.name}.")
        return await TOOLS[params.name][0](ctx, params)


def _define(name: str, properties: dict[str, Any]) -> Tool:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return Tool(name=name, description=f"For the scenario of {name}.", input_schema=schema)
