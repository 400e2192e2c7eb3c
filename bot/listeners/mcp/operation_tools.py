"""Offers operations as tools, and carries out their calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp_types import CallToolRequestParams, CallToolResult, InputRequiredResult, ListToolsResult, Tool

from bot.errors import UsageError
from bot.listeners.mcp.build_waiting import BuildWaiting
from bot.listeners.mcp.callers import McpCaller, WrongRequest
from bot.listeners.mcp.confirmations import ask_confirmation, read_confirmation
from bot.listeners.mcp.operation_search import search_operations
from bot.listeners.mcp.tasks import make_task_result, understands_tasks
from bot.listeners.mcp.tool_definitions import (
    RESULT,
    RUN,
    SEARCH,
    WAIT,
    define_result_tool,
    define_search_tools,
    define_tool,
    define_wait_tool,
    extend_input_schema,
    name_tool,
)
from bot.listeners.mcp.tool_results import CONFIRM, add_blocks, make_data_result, make_state_result
from bot.listeners.rest.calls import OperationCalls, SlackPerson
from bot.listeners.rest.outcome_lookup import CallState
from bot.operations.operation import Effect, Operation
from bot.operations.registry import Registry
from bot.operations.reply import Call
from bot.runtime.json_types import JsonObject, JsonValue

# Enough to choose from, and few enough to read.
_FOUND_LIMIT = 8
_SHOWS_BLOCKS = {"slack": {"supportsBlockKit": True}}
_KEY = "kitestring/idempotency-key"
Context = ServerRequestContext[dict[str, Any], Any]
ToolAnswer = CallToolResult | InputRequiredResult | dict[str, Any]


class OperationTools:
    """The tools of an address: operations, and how to find, await and ask for the rest."""

    def __init__(self, registry: Registry, calls: OperationCalls, waiting: BuildWaiting) -> None:
        self._registry = registry
        self._calls = calls
        self._waiting = waiting

    def list_tools(self, caller: McpCaller) -> ListToolsResult:
        """Return the tools that the caller's address offers and their token may call, in a stable order.

        The everyday tools have to be short; those that an address chooses come with the whole schemas of results.
        """
        toolset = caller.toolset
        whole = not toolset.has_search
        operations = [op for op in toolset.choose_listed(self._registry) if _has_permission(caller, op)]
        own = [define_result_tool()]
        if any(op is self._waiting.view for op in operations):
            own.append(define_wait_tool(self._waiting.longest, self._waiting.view, whole=whole))
        if toolset.has_search:
            own.extend(define_search_tools(read_only=toolset.read_only))
        tools = [*(define_tool(op, whole=whole) for op in operations), *own]
        if isinstance(caller.token, SlackPerson):
            tools = [tool.model_copy(update={"meta": _SHOWS_BLOCKS}) for tool in tools]
        return ListToolsResult(tools=tools)

    async def call(self, ctx: Context, caller: McpCaller, params: CallToolRequestParams) -> ToolAnswer:
        """Carry out a call. Raise WrongRequest, and KitestringError for what can't be begun."""
        given = dict(params.arguments or {})
        match params.name:
            case name if name == SEARCH and caller.toolset.has_search:
                return self._search(caller, _take_text(given, "intent"))
            case name if name == RUN and caller.toolset.has_search:
                op = self._find_by_name(caller, _take_text(given, "operation"))
                return await self._run(ctx, caller, params, op, {**_take_object(given, "arguments"), **given})
            case name if name == RESULT:
                return await self._find_outcome(caller, _take_text(given, "invocation"))
            case name if name == WAIT:
                return await self._waiting.wait(ctx, caller, given)
        return await self._run(ctx, caller, params, self._find_tool(caller, params.name), given)

    def find_tool(self, caller: McpCaller, name: str) -> Tool | None:
        """Return a tool of the caller's address, or None."""
        return next((tool for tool in self.list_tools(caller).tools if tool.name == name), None)

    async def _run(
        self, ctx: Context, caller: McpCaller, params: CallToolRequestParams, op: Operation, given: JsonObject
    ) -> ToolAnswer:
        args, cursor, confirmed = _split_own_arguments(op, given)
        call: JsonObject = {"operation": op.name, "args": args}
        confirmed = confirmed or read_confirmation(params, call)
        key = _read_key(ctx, caller, op)
        state, _repeated = await self._calls.carry_out(
            caller.token, op, Call(op.name, args, confirmed=confirmed), key
        )
        if state.outcome is None and understands_tasks(ctx):
            return make_task_result(state)
        result = make_state_result(state, call, cursor)
        if isinstance(caller.token, SlackPerson):
            return add_blocks(result, state)
        return ask_confirmation(ctx, state, call) or result

    async def find_state(self, caller: McpCaller, task_id: str) -> CallState:
        """Return how an earlier call of the same token stands. Raise RequestProblem for an unknown one."""
        return await self._calls.find_state(caller.token, task_id)

    async def cancel(self, caller: McpCaller, state: CallState) -> None:
        """Withdraw a call that waits for approval."""
        withdraw = self._registry["proposal withdraw"]
        call = Call(withdraw.name, {"proposal": state.invocation.id})
        await self._calls.carry_out(caller.token, withdraw, call)

    async def _find_outcome(self, caller: McpCaller, invocation: str) -> CallToolResult:
        state = await self.find_state(caller, invocation)
        return make_state_result(state, {"invocation": invocation})

    def _search(self, caller: McpCaller, intent: str) -> CallToolResult:
        callable_ones = [op for op in self._registry if caller.toolset.allows(op) and _has_permission(caller, op)]
        found = search_operations(intent, callable_ones, _FOUND_LIMIT)
        listed: list[JsonValue] = [_describe(op) for op in found]
        return make_data_result({"operations": listed}, {"intent": intent})

    def _find_tool(self, caller: McpCaller, name: str) -> Operation:
        for op in caller.toolset.choose_listed(self._registry):
            if name_tool(op) == name:
                return op
        raise WrongRequest(f"There's no tool {name[:60]!r}.", "See tools/list.")

    def _find_by_name(self, caller: McpCaller, name: str) -> Operation:
        op = self._registry.find(name) or self._registry.find(name.replace("_", " "))
        if op is None or not caller.toolset.allows(op):
            problem = f"There's no operation {name[:60]!r} here."
            raise UsageError(problem, f"Find one with {SEARCH}.", "operation")
        return op


def _describe(op: Operation) -> JsonObject:
    return {
        "operation": op.name,
        "does": op.summary,
        "changes": op.effect.value.removeprefix("changes_"),
        "arguments": extend_input_schema(op),
    }


def _has_permission(caller: McpCaller, op: Operation) -> bool:
    permissions = caller.token.permissions
    return permissions is None or op.needs in permissions


def _split_own_arguments(op: Operation, given: JsonObject) -> tuple[JsonObject, str, bool]:
    """Split what a call gives into the operation's arguments, the cursor and the confirmation."""
    own = {"cursor", CONFIRM} - op.args.model_fields.keys()
    args = {name: value for name, value in given.items() if name not in own}
    cursor = given.get("cursor") if "cursor" in own else ""
    return args, cursor if isinstance(cursor, str) else "", CONFIRM in own and given.get(CONFIRM) is True


def _read_key(ctx: Context, caller: McpCaller, op: Operation) -> str:
    """Return the key that recognises a repeat: the client's, if it gives one; of Slackbot's the request's."""
    if isinstance(caller.token, SlackPerson):
        return "" if op.effect is Effect.READS else caller.token.key
    key = (ctx.meta or {}).get(_KEY)
    return key[:255] if isinstance(key, str) else ""


def _take_text(given: dict[str, Any], name: str) -> str:
    value = given.pop(name, None)
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"`{name}` is missing.", "It's a text.", name)
    return value.strip()


def _take_object(given: dict[str, Any], name: str) -> JsonObject:
    value = given.pop(name, None)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise UsageError(f"`{name}` must be an object.", "It has the operation's arguments by name.", name)
    return value
