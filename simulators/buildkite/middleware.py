"""Handles each request of the simulated API: faults, authentication, rate limits, scopes, recording."""

import json
from collections.abc import Iterable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Message, Receive, Scope, Send

from simulators.buildkite.faults import Fault
from simulators.buildkite.http_types import ApiRequest, ApiResponse, Operation
from simulators.buildkite.server_state import RecordedRequest, ServerState
from simulators.buildkite.tokens import Token
from simulators.buildkite.values import Refusal, refuse_missing

UNAUTHENTICATED = (
    "Authentication required. Please supply a valid API Access Token:"
    " https://buildkite.com/docs/apis/rest-api#authentication"
)


def reply(answer: ApiResponse, more: dict[str, str] | None = None) -> Response:
    headers = {**(more or {}), **answer.headers}
    if answer.text is not None:
        return Response(answer.text, answer.status, headers, answer.media_type)
    if answer.body is None:
        return Response(status_code=answer.status, headers=headers)
    body = json.dumps(answer.body, ensure_ascii=False).encode()
    return Response(body, answer.status, headers, "application/json; charset=utf-8")


def _answer_refusal(refusal: Refusal) -> ApiResponse:
    return ApiResponse(refusal.status, {"message": refusal.message, **refusal.more})


def read_json(body: bytes, content_type: str) -> Any:
    """Read a JSON object. Raise Refusal 400 for forms and other bodies."""
    if not body:
        return {}
    if "json" not in content_type:
        raise Refusal(400, "Only JSON bodies are accepted. Send Content-Type: application/json")
    try:
        parsed = json.loads(body)
    except ValueError as error:
        raise Refusal(400, "Problems parsing JSON") from error
    if not isinstance(parsed, dict):
        raise Refusal(400, "Body should be a JSON object")
    return parsed


class ApiApp:
    """The ASGI application that serves the operations."""

    def __init__(self, sim: ServerState, operations: Iterable[Operation]) -> None:
        self._sim = sim
        routes = [Route(op.path, self._endpoint(op), methods=[op.method]) for op in operations]
        self._router = Router(routes, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._router(scope, receive, send)
            return
        request = Request(scope, receive)
        body = await request.body()
        fault = self._sim.faults.take(request.method, request.url.path)
        response = await self._apply_fault(fault, request)
        self._record(request, body, response)
        if response is None:
            await _cut_connection(receive, send)
        else:
            await response(scope, receive, send)

    async def _apply_fault(self, fault: Fault | None, request: Request) -> Response | None:
        """Return the response under this fault; None if the connection is to be cut."""
        if fault is None or fault.kind == "hang":
            early = await self._answer(request) if fault is None or fault.applied else None
            if fault is not None:
                fault.arrived.set()
                await fault.released.wait()
            return early or await self._answer(request)
        if fault.applied:
            await self._answer(request)
        fault.arrived.set()
        if fault.kind == "reset":
            return None
        body = fault.body if fault.body is not None else {"message": "Something went wrong"}
        return reply(ApiResponse(fault.status, body, fault.headers))

    async def _answer(self, request: Request) -> Response:
        if self._sim.down:
            return reply(ApiResponse(503, {"message": "Service Unavailable"}))
        responses: list[Response] = []
        path = request.url.path.rstrip("/") or "/"  # Rails accepts a trailing slash
        scope = {**request.scope, "path": path, "sim.body": await request.body(), "sim.responses": responses}
        try:
            await self._router(scope, request.receive, _discard)
        except HTTPException as error:
            return reply(ApiResponse(error.status_code, {"message": error.detail}))
        return responses[0] if responses else reply(ApiResponse(404, {"message": "Not Found"}))

    def _endpoint(self, op: Operation) -> Any:
        async def run(request: Request) -> Response:
            response = self._run(op, request, request.scope["sim.body"])
            request.scope["sim.responses"].append(response)
            return response

        return run

    def _run(self, op: Operation, request: Request, body: bytes) -> Response:
        if op.public:
            return reply(op.handler(self._sim, self._make_request(request, body, self._sim.own)))
        try:
            token = self._authenticate(request)
        except Refusal as refusal:
            return reply(_answer_refusal(refusal))
        if not request.url.path.startswith("/v2"):  # only the REST API has these limits
            return reply(self._handle(op, request, body, token))
        now, window = self._sim.now(), None if token is self._sim.own else token.window
        exceeded = self._sim.limits.count(now, window)
        limits = self._sim.limits.headers(now, window)
        limits["Access-Control-Expose-Headers"] = "Link"
        if exceeded:
            return reply(ApiResponse(429, exceeded.refusal(now)), limits)
        return reply(self._handle(op, request, body, token), limits)

    def _authenticate(self, request: Request) -> Token:
        parsed = request.headers.get("authorization", "")
        if request.url.path.startswith("/v3"):
            if parsed != f"Token {self._sim.agent_token}":
                raise Refusal(401, "Invalid access token")
            return self._sim.own
        token = self._bearer(parsed)
        if token is None:
            raise Refusal(401, UNAUTHENTICATED)
        return token

    def _bearer(self, parsed: str) -> Token | None:
        """Return the request's token if it is valid."""
        token = self._sim.tokens.get(parsed.removeprefix("Bearer ")) if parsed.startswith("Bearer ") else None
        return None if token is None or token.revoked else token

    def _handle(self, op: Operation, request: Request, body: bytes, token: Token) -> ApiResponse:
        try:
            if op.scope and op.scope not in token.scopes:
                raise Refusal(403, f"Your access token doesn't have the {op.scope} scope")
            if request.path_params.get("org", self._sim.org) != self._sim.org:
                raise Refusal(404, "No organization found")
            if "org" in request.path_params and not token.member:
                raise Refusal(404, "No organization found")
            if not token.sees(request.path_params.get("pipeline", "")) and "pipeline" in request.path_params:
                raise refuse_missing("pipeline")
            return op.handler(self._sim, self._make_request(request, body, token))
        except Refusal as refusal:
            return _answer_refusal(refusal)

    def _make_request(self, request: Request, body: bytes, token: Token) -> ApiRequest:
        parsed = read_json(body, request.headers.get("content-type", ""))
        return ApiRequest(
            method=request.method,
            path=request.url.path,
            base_url=self._sim.base_url,
            params=request.path_params,
            query=request.query_params,
            headers=request.headers,
            json=parsed,
            token=token,
        )

    def _record(self, request: Request, body: bytes, response: Response | None) -> None:
        headers = {key: value for key, value in request.headers.items() if key != "authorization"}
        token = self._bearer(request.headers.get("authorization", ""))
        self._sim.requests.append(
            RecordedRequest(
                method=request.method,
                path=request.url.path,
                query=request.url.query,
                headers=headers,
                json=_parse_json(body),
                status=response.status_code if response else 0,
                response_json=_parse_json(bytes(response.body)) if response else None,
                response_headers=dict(response.headers) if response else {},
                by=token.user.name if token else "",
            )
        )


def _parse_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


async def _discard(_message: Message) -> None:
    """Discard what the router sends; ApiApp sends the response itself."""


async def _cut_connection(receive: Receive, send: Send) -> None:
    """Cut the connection without an answer. ASGI can't, so this uses uvicorn's transport."""
    cycle = getattr(send, "__self__", None)
    transport = getattr(cycle, "transport", None)
    if transport is not None:
        transport.abort()
        await receive()  # take the disconnect, so that uvicorn ends the request without a traceback
