"""Serves the tasks extension: a call that waits for people is a task, which ends when they decide.

A task is an invocation: it's stored before it's named, so it can be asked for at once and after a restart.
https://github.com/modelcontextprotocol/ext-tasks
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    RequestParams,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import Field

from bot.errors import KitestringError
from bot.listeners.mcp.callers import McpCaller
from bot.listeners.mcp.tool_results import make_state_result
from bot.listeners.rest.outcome_lookup import CallState

EXTENSION = "io.modelcontextprotocol/tasks"
# Milliseconds between questions about a task, and for which it can be asked for: invocations are kept for longer.
_POLL_MS = 2_000
_KEPT_MS = 24 * 60 * 60 * 1000
Context = ServerRequestContext[dict[str, Any], Any]


class TaskParams(RequestParams):
    """Names a task."""

    task_id: str = Field(alias="taskId")


class TaskAnswers(TaskParams):
    """Answers to what a task asks; none of ours asks, because people are asked in Slack."""

    input_responses: dict[str, Any] = Field(default_factory=dict, alias="inputResponses")


class TaskBook(Protocol):
    """Finds and cancels the tasks of a caller."""

    async def find_state(self, caller: McpCaller, task_id: str) -> CallState:
        """Return how a task stands. Raise RequestProblem for an unknown one."""
        ...

    async def cancel(self, caller: McpCaller, state: CallState) -> None:
        """Withdraw what still waits."""
        ...


class TaskHandlers:
    """Answers `tasks/get`, `tasks/update` and `tasks/cancel`."""

    def __init__(self, book: TaskBook, identify: GetCaller) -> None:
        self._book = book
        self._identify = identify

    def register(self, server: Server[dict[str, Any]]) -> None:
        """Advertise the extension and serve its methods."""
        server.extensions[EXTENSION] = {}
        server.add_request_handler("tasks/get", TaskParams, self._get)
        server.add_request_handler("tasks/update", TaskAnswers, self._update)
        server.add_request_handler("tasks/cancel", TaskParams, self._cancel)

    async def _get(self, ctx: Context, params: TaskParams) -> dict[str, Any]:
        state = await self._find(ctx, params)
        task = describe_task(state)
        if state.outcome is None:
            return {"resultType": "complete", **task}
        ended = make_state_result(state, {"invocation": params.task_id}).model_dump(
            mode="json", by_alias=True, exclude_none=True
        )
        return {"resultType": "complete", **task, "result": ended}

    async def _update(self, ctx: Context, params: TaskAnswers) -> dict[str, Any]:
        await self._find(ctx, params)
        return {"resultType": "complete"}

    async def _cancel(self, ctx: Context, params: TaskParams) -> dict[str, Any]:
        state = await self._find(ctx, params)
        if state.state == "proposed":
            await self._book.cancel(self._identify(ctx), state)
        return {"resultType": "complete"}

    async def _find(self, ctx: Context, params: TaskParams) -> CallState:
        _require_extension(ctx)
        _require_matching_header(ctx, params.task_id)
        try:
            return await self._book.find_state(self._identify(ctx), params.task_id)
        except KitestringError as error:
            raise MCPError(INVALID_PARAMS, str(error)) from None


class GetCaller(Protocol):
    """Returns who sent a request."""

    def __call__(self, ctx: Context) -> McpCaller: ...


def understands_tasks(ctx: Context) -> bool:
    """Return whether the client of this request knows what to do with a task."""
    capabilities = ctx.session.client_capabilities
    known = (capabilities.extensions if capabilities else None) or {}
    return ctx.protocol_version in MODERN_PROTOCOL_VERSIONS and EXTENSION in known


def make_task_result(state: CallState) -> dict[str, Any]:
    """Return the result of a call that goes on as a task."""
    return {"resultType": "task", **describe_task(state)}


def describe_task(state: CallState) -> dict[str, Any]:
    """Return a task as the extension has it: an invocation that waits is at work, one that has ended is complete.

    What an operation reports as its problem is a result too; `failed` is for errors of the protocol.
    """
    invocation = state.invocation
    withdrawn = state.state == "refused" and _is_withdrawn(state)
    status = "working" if state.outcome is None else "cancelled" if withdrawn else "completed"
    waits = {"statusMessage": "Waits for people's approval in Slack."} if state.state == "proposed" else {}
    return {
        "taskId": invocation.id,
        "status": status,
        **waits,
        "createdAt": _format(invocation.created_at),
        "lastUpdatedAt": _format(invocation.closed_at or invocation.started_at or invocation.created_at),
        "ttlMs": _KEPT_MS,
        "pollIntervalMs": _POLL_MS,
    }


def _is_withdrawn(state: CallState) -> bool:
    problem = (state.outcome.problem if state.outcome else None) or {}
    return problem.get("end") == "withdrawn"


def _format(time: datetime | None) -> str:
    return time.isoformat().replace("+00:00", "Z") if time else ""


def _require_extension(ctx: Context) -> None:
    if not understands_tasks(ctx):
        missing: dict[str, Any] = {"requiredCapabilities": {"extensions": {EXTENSION: {}}}}
        raise MCPError(
            MISSING_REQUIRED_CLIENT_CAPABILITY, "Declare the tasks extension to use its methods.", missing
        )


def _require_matching_header(ctx: Context, task_id: str) -> None:
    """Raise MCPError unless the header names the task, by which proxies route the request."""
    named = ctx.request.headers.get("mcp-name") if ctx.request else None
    if named != task_id:
        raise MCPError(HEADER_MISMATCH, "Mcp-Name must be the id of the task.")
