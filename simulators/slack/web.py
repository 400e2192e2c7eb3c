"""The ASGI application: Web API, response URLs, uploads and the Socket Mode websocket."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from simulators.slack.api import METHODS
from simulators.slack.api.arguments import Arguments, read_arguments
from simulators.slack.api.method import Method
from simulators.slack.errors import ApiError
from simulators.slack.faults import Fault
from simulators.slack.form_files import FILES_PATH, serve_file
from simulators.slack.installation import Call, Installation
from simulators.slack.response_urls import answer_response_url, take_upload
from simulators.slack.sockets import Sockets

Json = dict[str, Any]


class WebApi:
    """The ASGI application of one workspace."""

    def __init__(self, slack: Installation, sockets: Sockets) -> None:
        self._slack, self._sockets = slack, sockets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._sockets.serve(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(Request(scope, receive), send)

    async def _http(self, request: Request, send: Send) -> None:
        name = _find_method(find_inner_path(request))
        if name is None:
            await PlainTextResponse("not found", status_code=404)(request.scope, request.receive, send)
            return
        body = await request.body()
        fault = self._slack.faults.take(name)
        if fault and fault.kind == "hang":
            await fault.release.wait()
        if fault and fault.kind == "reset":
            await _cut_connection(request)
            return
        response = self._answer(name, request, body, fault)
        if fault and fault.kind == "lose_answer":
            await _cut_connection(request)
        else:
            await response(request.scope, request.receive, send)

    def _answer(self, name: str, request: Request, body: bytes, fault: Fault | None) -> Response:
        broken = Response(status_code=503) if self._slack.down else _answer_fault(fault)
        if broken is not None:
            self._record(name, Arguments({}), broken)
            return broken
        if name == "response_url":
            return self._record_body(name, body, answer_response_url(self._slack, find_inner_path(request), body))
        if name == "upload":
            return take_upload(self._slack, request, body)
        if name == FILES_PATH:
            return self._record_body(name, b"{}", serve_file(self._slack, request))
        return self._call(name, request, body, fault)

    def _call(self, name: str, request: Request, body: bytes, fault: Fault | None) -> Response:
        args = Arguments({})
        try:
            args = read_arguments(request.url.query, request.headers.get("content-type", ""), body)
            if fault and fault.kind == "error":
                raise ApiError(fault.error)
            answer: Json = {"ok": True} | self._perform(name, request, args)
        except ApiError as refusal:
            answer = {"ok": False, "error": refusal.error} | refusal.details
        wait = answer.pop("retry_after", None)
        headers = {"x-oauth-scopes": ",".join(sorted(self._slack.scopes))}
        headers |= {"Retry-After": str(wait)} if wait else {}
        response = JSONResponse(answer, status_code=429 if wait else 200, headers=headers)
        self._record(name, args, response, answer)
        return response

    def _perform(self, name: str, request: Request, args: Arguments) -> Json:
        method = METHODS.get(name)
        if method is None:
            raise ApiError("unknown_method", req_method=name)
        self._authenticate(method, request, args)
        if method.scopes:
            self._slack.require_scope(method.scopes)
        wait = self._slack.limits.refuse(name, args.text("channel")) if self._slack.limits_on else None
        if wait:
            raise ApiError("ratelimited", retry_after=wait)
        return method.handler(self._slack, args)

    def _authenticate(self, method: Method, request: Request, args: Arguments) -> None:
        slack = self._slack
        given = request.headers.get("authorization", "").removeprefix("Bearer ") or args.text("token")
        if method.token == "none":
            return
        if not given:
            raise ApiError("not_authed")
        if given == slack.bot_token and slack.revoked:
            raise ApiError("token_revoked")
        if given not in (slack.bot_token, slack.app_token):
            raise ApiError("invalid_auth")
        if given != (slack.app_token if method.token == "app" else slack.bot_token):
            raise ApiError("not_allowed_token_type")

    def _record_body(self, name: str, body: bytes, response: Response) -> Response:
        try:
            sent = json.loads(body)
        except ValueError:
            sent = {}
        answer = json.loads(bytes(response.body)) if isinstance(response, JSONResponse) else None
        self._record(name, Arguments(sent if isinstance(sent, dict) else {}), response, answer)
        return response

    def _record(self, name: str, args: Arguments, response: Response, answer: Json | None = None) -> None:
        ok = bool(answer["ok"]) if answer else response.status_code < 300
        error = answer.get("error") if answer else None
        values = {key: value for key, value in args.values.items() if key != "token"}
        at = self._slack.now()
        self._slack.calls.append(Call(name, values, response.status_code, ok, error, at))
        self._slack.changes.notify("call", method=name, ok=ok, error=error)


def find_inner_path(request: Request) -> str:
    """Return the path below the application's mount point."""
    return str(request.scope["path"]).removeprefix(request.scope.get("root_path", ""))


def _find_method(path: str) -> str | None:
    first, _, rest = path.lstrip("/").partition("/")
    hooks = dict.fromkeys(("commands", "actions", "app"), "response_url")
    return rest if first == "api" else {**hooks, "upload": "upload", FILES_PATH: FILES_PATH}.get(first)


def _answer_fault(fault: Fault | None) -> Response | None:
    match fault.kind if fault else None:
        case "rate_limit" if fault:
            headers = {"Retry-After": str(fault.retry_after)}
            return JSONResponse({"ok": False, "error": "ratelimited"}, status_code=429, headers=headers)
        case "garble":
            return HTMLResponse("<html><body><h1>502 Bad Gateway</h1></body></html>", status_code=502)
        case "garble_plain":
            return PlainTextResponse("upstream connect error", status_code=502)
        case "fail" if fault:
            return Response(status_code=fault.status)
        case _:
            return None


async def _cut_connection(request: Request) -> None:
    """Cut the connection as a broken network does, through the server's transport."""
    transport = getattr(getattr(request.receive, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("This server gives no way to reset a connection.")
    transport.abort()
    while (await request.receive())["type"] != "http.disconnect":
        continue
