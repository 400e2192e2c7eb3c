"""The page's actions of an agent: it calls the bot's tools over MCP, with a token that the browser never sees.

https://modelcontextprotocol.io/specification/2026-07-28
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

from simulators.demo_page.demo_state import DemoState
from simulators.demo_page.origin_guard import ActionRefused

Json = dict[str, Any]
Given = Mapping[str, Any]
_REVISION = "2026-07-28"
_TASKS = "io.modelcontextprotocol/tasks"
_PROTOCOL = "io.modelcontextprotocol/"
# A call that takes longer goes on as a task.
_TIMEOUT_SECONDS = 30.0


async def agent_tools(state: DemoState, given: Given) -> Json:
    """Return the tools that an agent is offered: names, descriptions, and an example of their arguments."""
    listed = await _send(state, given, "tools/list", "", {})
    return {"tools": [_describe_tool(tool) for tool in listed["tools"]]}


async def agent_call(state: DemoState, given: Given) -> Json:
    """Call a tool; the answer is its text, or a task that goes on until people have decided."""
    name = str(given["tool"])
    params: Json = {"name": name, "arguments": dict(given.get("arguments") or {})}
    if given.get("state"):
        params |= {"requestState": given["state"], "inputResponses": _accept(given.get("questions") or {})}
    return _describe_answer(await _send(state, given, "tools/call", name, params))


async def agent_task(state: DemoState, given: Given) -> Json:
    """Return how a task is, and its answer once it has ended."""
    task = str(given["task"])
    answer = await _send(state, given, "tasks/get", task, {"taskId": task})
    ended = answer.get("result")
    described = (
        _describe_answer(ended) if isinstance(ended, Mapping) else {"text": answer.get("statusMessage", "")}
    )
    return {**described, "status": answer["status"]}


def _accept(questions: Mapping[str, Any]) -> Json:
    return {key: {"action": "accept", "content": {"confirm": True}} for key in questions}


def _describe_tool(tool: Mapping[str, Any]) -> Json:
    schema = tool["inputSchema"]
    required = dict.fromkeys(schema.get("required", ()), "")
    hints = tool.get("annotations", {})
    return {
        "name": tool["name"],
        "description": tool.get("description", ""),
        "arguments": required,
        "reads": bool(hints.get("readOnlyHint")),
    }


def _describe_answer(answer: Mapping[str, Any]) -> Json:
    if answer.get("resultType") == "task":
        return {"task": answer["taskId"], "status": answer["status"], "text": answer.get("statusMessage", "")}
    if answer.get("resultType") == "input_required":
        requests = answer.get("inputRequests", {})
        questions = {key: request.get("params", {}).get("message", "") for key, request in requests.items()}
        return {"questions": questions, "state": answer.get("requestState")}
    text = "\n".join(part["text"] for part in answer.get("content", ()) if part.get("type") == "text")
    return {"text": text, "failed": bool(answer.get("isError"))}


async def _send(state: DemoState, given: Given, method: str, name: str, params: Json) -> Json:
    """Return the result of a request of the chosen agent. Raise ActionRefused for one that is refused."""
    agent = next((agent for agent in state.agents if agent.name == given.get("agent")), None)
    if agent is None:
        raise ActionRefused("Choose a token first.")
    meta: Json = {
        f"{_PROTOCOL}protocolVersion": _REVISION,
        f"{_PROTOCOL}clientCapabilities": {"elicitation": {"form": {}}, "extensions": {_TASKS: {}}},
    }
    headers = {
        "authorization": f"Bearer {agent.token}",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": _REVISION,
        "mcp-method": method,
        "mcp-name": name,
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
    async with httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False) as http:
        answer = (await http.post(agent.url, json=body, headers=headers)).json()
    if "result" not in answer:
        problem = answer.get("error") or answer
        raise ActionRefused(str(problem.get("message") or problem.get("detail") or "The bot refused the call."))
    result: Json = answer["result"]
    return result


AGENT: Mapping[str, Callable[[DemoState, Given], Awaitable[Json]]] = {
    "agent_tools": agent_tools,
    "agent_call": agent_call,
    "agent_task": agent_task,
}
