"""Answers requests of the REST API: `POST /api/v1/<noun>/<verb>`, as the registry has the operations.

The order matters: the host, the token, and only then what the token's bearer has sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from bot.errors import KitestringError
from bot.listeners.rest.calls import INVOCATIONS, OperationCalls
from bot.listeners.rest.event_streams import EVENTS_PATH, BuildEvents
from bot.listeners.rest.openapi import BASE, make_document, make_path
from bot.listeners.rest.page import PAGE_HEADERS, render_page
from bot.listeners.rest.problems import RequestProblem, explain_error, render_problem
from bot.listeners.rest.request_arguments import read_body_arguments, read_key, read_query_arguments, read_yes
from bot.listeners.rest.token_gate import Admitted, TokenGate
from bot.operations.operation import Effect, Operation
from bot.operations.registry import Registry
from bot.operations.reply import Call
from bot.runtime.error_boundary import run_guarded

DOCUMENT = f"{BASE}openapi.json"


class RestApi:
    """The API as an ASGI application."""

    def __init__(self, registry: Registry, gate: TokenGate, calls: OperationCalls, events: BuildEvents) -> None:
        self._registry = registry
        self._operations: Mapping[str, Operation] = {make_path(op): op for op in registry}
        self._gate = gate
        self._calls = calls
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; whatever goes wrong is a problem document."""
        request = Request(scope, receive)
        try:
            response = await run_guarded(self._answer(request), "rest")
        except KitestringError as error:
            response = render_problem(explain_error(error))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        self._gate.check_host(request)
        path = request.url.path
        if path in {"/api", "/api/"}:
            _require_method(request, "GET")
            return Response(render_page(self._document), media_type="text/html", headers=PAGE_HEADERS)
        if path == DOCUMENT:
            _require_method(request, "GET")
            return JSONResponse(self._document)
        admitted = await self._gate.admit(request)
        try:
            response = await run_guarded(self._answer_admitted(request, path, admitted), "rest")
        except KitestringError as error:
            response = render_problem(explain_error(error))
        response.headers.update(admitted.headers)
        return response

    async def _answer_admitted(self, request: Request, path: str, admitted: Admitted) -> Response:
        if path.startswith(INVOCATIONS):
            _require_method(request, "GET")
            return await self._calls.find(admitted.token, path.removeprefix(INVOCATIONS))
        if build := EVENTS_PATH.fullmatch(path):
            _require_method(request, "GET")
            return await self._events.open(request, admitted.token, build["pipeline"], build["number"])
        op = self._operations.get(path)
        if op is None:
            hint = f"GET {DOCUMENT} lists them all."
            raise RequestProblem("unknown-path", "There is no operation of this name.", hint)
        return await self._call(request, op, admitted)

    async def _call(self, request: Request, op: Operation, admitted: Admitted) -> Response:
        allowed = ("GET", "POST") if op.effect is Effect.READS else ("POST",)
        _require_method(request, *allowed)
        if request.method == "GET":
            args, key = read_query_arguments(request, op), ""
        else:
            key = read_key(request)
            args = await read_body_arguments(request)
        call = Call(op.name, args, confirmed=read_yes(request))
        return await self._calls.run(admitted.token, op, call, key)

    @cached_property
    def _document(self) -> dict[str, object]:
        return make_document(self._registry)


def _require_method(request: Request, *allowed: str) -> None:
    if request.method not in allowed:
        names = " or ".join(allowed)
        raise RequestProblem(
            "method-not-allowed", f"Only {names} is allowed here.", headers={"allow": ", ".join(allowed)}
        )
