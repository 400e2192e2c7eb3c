"""Offers builds, logs and the caller's rights as resources."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from urllib.parse import unquote

from mcp_types import (
    ListResourcesResult,
    ListResourceTemplatesResult,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from bot.errors import NotFound, Unavailable
from bot.listeners.mcp.callers import McpCaller
from bot.listeners.mcp.result_bounds import bound_result
from bot.listeners.mcp.tool_results import DATA_NOTE
from bot.listeners.rest.calls import OperationCalls
from bot.listeners.rest.problems import make_problem
from bot.operations.registry import Registry
from bot.operations.reply import Call
from bot.runtime.json_types import JsonObject

SCHEME = "kitestring"
RIGHTS = f"{SCHEME}://rights"
_JSON = "application/json"


@dataclass(frozen=True)
class _Kind:
    """A kind of resource: the shape of its address, and the operation that reads it."""

    name: str
    template: str
    description: str
    operation: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """Return the pattern of its addresses, with a group for each argument."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/?#]+)", self.template))


_KINDS = (
    _Kind("rights", RIGHTS, "Who you act for, and what the policy lets you do.", "whoami"),
    _Kind(
        "build",
        f"{SCHEME}://builds/{{pipeline}}/{{number}}",
        "A build with its failed and blocked jobs.",
        "build view",
    ),
    _Kind(
        "log",
        f"{SCHEME}://builds/{{pipeline}}/{{number}}/jobs/{{job}}/log",
        "The end of a job's log, with secrets masked.",
        "job log",
    ),
)


class OperationResources:
    """Resources that are read by operations, with the rights of their callers."""

    def __init__(self, registry: Registry, calls: OperationCalls) -> None:
        self._registry = registry
        self._calls = calls

    def list_resources(self) -> ListResourcesResult:
        """Return the resources that take no arguments."""
        return ListResourcesResult(
            resources=[
                Resource(name=kind.name, uri=kind.template, description=kind.description, mime_type=_JSON)
                for kind in _KINDS
                if not kind.pattern.groups
            ]
        )

    def list_templates(self) -> ListResourceTemplatesResult:
        """Return the templates of builds and logs."""
        return ListResourceTemplatesResult(
            resource_templates=[
                ResourceTemplate(
                    name=kind.name, uri_template=kind.template, description=kind.description, mime_type=_JSON
                )
                for kind in _KINDS
                if kind.pattern.groups
            ]
        )

    async def read(self, caller: McpCaller, uri: str) -> ReadResourceResult:
        """Read a resource by its operation. Raise NotFound for an unknown address, or the operation's error."""
        call = _parse_address(uri)
        state, _repeated = await self._calls.carry_out(caller.token, self._registry[call.operation], call)
        outcome = state.outcome
        if outcome is None:
            raise Unavailable("Reading it takes too long. Try again.")
        if outcome.problem:
            raise make_problem(outcome.problem)
        bounded = dict(bound_result(outcome.result or {}, {"operation": call.operation, "args": call.args}))
        text = json.dumps({"note": DATA_NOTE, **bounded}, ensure_ascii=False, separators=(",", ":"))
        return ReadResourceResult(contents=[TextResourceContents(uri=uri, mime_type=_JSON, text=text)])


def _parse_address(uri: str) -> Call:
    for kind in _KINDS:
        if match := kind.pattern.fullmatch(uri):
            args: JsonObject = {name: unquote(value) for name, value in match.groupdict().items()}
            return Call(kind.operation, args)
    raise NotFound(f"There's no resource {uri[:200]}.", "See resources/templates/list.")
