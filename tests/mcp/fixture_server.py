"""The bot's MCP endpoint with the conformance suite's fixtures in place of operations."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.fernet import Fernet
from mcp.server.lowlevel import Server
from mcp_types import (
    BlobResourceContents,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    ElicitResult,
    EmptyResult,
    GetPromptRequestParams,
    GetPromptResult,
    ImageContent,
    InputRequiredResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    Prompt,
    PromptArgument,
    PromptMessage,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    UnsubscribeRequestParams,
)
from starlette.requests import Request
from starlette.types import ASGIApp

from bot.access.api_tokens.model import ApiToken
from bot.errors import NotFound
from bot.listeners.mcp.callers import McpCaller
from bot.listeners.mcp.endpoint import McpEndpoint, PublicAddress
from bot.listeners.mcp.protocol_server import Context, make_protocol_server, run_protocol_app
from bot.listeners.rest.token_gate import Admitted
from bot.operations.registry import Registry
from bot.store.vault import Vault
from tests.mcp.fixture_tools import IMAGE, FixtureTools, ask, embed

_NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
TOKEN = ApiToken("T1", "conformance", "U0ALICE01", None, None, (), None, _NOW + timedelta(days=1), _NOW)
_TEMPLATE = re.compile(r"test://template/(\w+)/data")


class FixtureLibrary:
    """The suite's resources."""

    def list_resources(self) -> ListResourcesResult:
        """Return those with an address of their own."""
        names = ("static-text", "static-binary", "watched-resource")
        return ListResourcesResult(resources=[Resource(name=name, uri=f"test://{name}") for name in names])

    def list_templates(self) -> ListResourceTemplatesResult:
        """Return the only template."""
        template = ResourceTemplate(name="template", uri_template="test://template/{id}/data")
        return ListResourceTemplatesResult(resource_templates=[template])

    async def read(self, _caller: McpCaller, uri: str) -> ReadResourceResult:
        """Read one of them."""
        if uri == "test://static-binary":
            return ReadResourceResult(contents=[BlobResourceContents(uri=uri, mime_type="image/png", blob=IMAGE)])
        if match := _TEMPLATE.fullmatch(uri):
            data = {"id": match[1], "templateTest": True, "data": f"Data for ID: {match[1]}"}
            text, mime_type = json.dumps(data), "application/json"
        elif uri in ("test://static-text", "test://watched-resource"):
            text, mime_type = "This is the content of the static text resource.", "text/plain"
        else:
            raise NotFound("Resource not found")
        return ReadResourceResult(contents=[TextResourceContents(uri=uri, mime_type=mime_type, text=text)])


def _write(text: str) -> PromptMessage:
    return PromptMessage(role="user", content=TextContent(text=text))


async def list_prompts(_ctx: Context, _params: PaginatedRequestParams) -> ListPromptsResult:
    """Return the suite's prompts."""
    uri = PromptArgument(name="resourceUri", description="The resource's address", required=True)
    needed = [PromptArgument(name=name, description="A text", required=True) for name in ("arg1", "arg2")]
    return ListPromptsResult(
        prompts=[
            Prompt(name="test_simple_prompt", description="A text"),
            Prompt(name="test_prompt_with_arguments", description="A text", arguments=needed),
            Prompt(name="test_prompt_with_embedded_resource", description="A resource", arguments=[uri]),
            Prompt(name="test_prompt_with_image", description="A picture"),
            Prompt(name="test_input_required_result_prompt", description="A text that needs an answer"),
        ],
        ttl_ms=0,
        cache_scope="private",
    )


async def get_prompt(_ctx: Context, params: GetPromptRequestParams) -> GetPromptResult | InputRequiredResult:
    """Return one of the suite's prompts."""
    given = params.arguments or {}
    match params.name:
        case "test_prompt_with_arguments":
            messages = [_write(f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'")]
        case "test_prompt_with_embedded_resource":
            embedded = embed(given["resourceUri"], "Embedded resource content for testing.")
            messages = [PromptMessage(role="user", content=embedded), _write("Process it.")]
        case "test_prompt_with_image":
            image = ImageContent(data=IMAGE, mime_type="image/png")
            messages = [PromptMessage(role="user", content=image), _write("Analyze it.")]
        case "test_input_required_result_prompt":
            context = (params.input_responses or {}).get("user_context")
            if not isinstance(context, ElicitResult):
                asked = {"user_context": ask("What context should the prompt use?", context="string")}
                return InputRequiredResult(input_requests=asked)
            messages = [_write(f"In context: {context.content}")]
        case _:
            messages = [_write("This is a simple prompt for testing.")]
    return GetPromptResult(messages=messages)


async def complete(_ctx: Context, _params: CompleteRequestParams) -> CompleteResult:
    """Suggest nothing."""
    return CompleteResult(completion=Completion(values=[], total=0, has_more=False))


async def accept(_ctx: Context, _params: object) -> EmptyResult:
    """Accept a level or a subscription."""
    return EmptyResult()


def make_fixture_server() -> Server[dict[str, Any]]:
    """Return the bot's server with the suite's tools and resources, and what else the suite asks for."""
    server = make_protocol_server(FixtureTools(), FixtureLibrary(), Vault((Fernet.generate_key().decode(),)))
    server.add_request_handler("prompts/list", PaginatedRequestParams, list_prompts)
    server.add_request_handler("prompts/get", GetPromptRequestParams, get_prompt)
    server.add_request_handler("completion/complete", CompleteRequestParams, complete)
    server.add_request_handler("logging/setLevel", SetLevelRequestParams, accept)
    server.add_request_handler("resources/subscribe", SubscribeRequestParams, accept)
    server.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, accept)
    return server


@asynccontextmanager
async def open_fixture_endpoint(*, stateless: bool) -> AsyncIterator[ASGIApp]:
    """Provide the endpoint, which admits everyone, because the suite sends no token.

    Before 2026-07-28 a server asks its client within a session, which one without a state can't.
    """

    async def admit(_request: Request) -> Admitted:
        return Admitted(TOKEN, {})

    def open_app() -> AbstractAsyncContextManager[ASGIApp]:
        return run_protocol_app(make_fixture_server(), stateless=stateless)

    endpoint = McpEndpoint(PublicAddress(""), Registry(()), admit, open_app)

    try:
        yield endpoint
    finally:
        await endpoint.close()
