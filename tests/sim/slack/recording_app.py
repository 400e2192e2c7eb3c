"""A manual clock, and an app that records requests and answers as configured."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

SECRET = "0123456789abcdef0123456789abcdef"
START = 1767225600.0


@dataclass
class ManualTime:
    """Seconds since the epoch that pass only when told to."""

    seconds: float = START

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class RecordingApp:
    """An app that keeps every request and answers with `answer`, or as `then` decides."""

    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answer: Any = None
    status: int = 200
    then: Callable[[], Awaitable[None]] | None = None

    async def __call__(self, request: Request) -> Response:
        self.requests.append((dict(request.headers), await request.body()))
        if self.then is not None:
            await self.then()
        if self.answer is None:
            return Response(status_code=self.status)
        return JSONResponse(self.answer, status_code=self.status)

    @property
    def last_payload(self) -> dict[str, Any]:
        """Return the payload of the last request, in any encoding."""
        headers, body = self.requests[-1]
        if headers["content-type"] == "application/json":
            return dict(json.loads(body))
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        return dict(json.loads(form["payload"])) if "payload" in form else dict(form)

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of the last request."""
        return self.requests[-1][0]
