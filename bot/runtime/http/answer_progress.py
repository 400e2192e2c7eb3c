"""Reports from inside the ASGI app which of a connection's requests are answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_STATE = "kitestring.answers"


class AnswerProgress:
    """Counts the answers of a connection that are complete; `on_complete` is called after each of them."""

    def __init__(self, on_complete: Callable[[], None]) -> None:
        self.complete = 0
        # Whether part of an answer, but not all of it, is sent.
        self.begun = False
        self._on_complete = on_complete

    def make_state(self) -> dict[str, object]:
        """Return the `state` of the connection's ASGI scopes, by which the app finds this object."""
        return {_STATE: self}

    def mark_begun(self) -> None:
        """Note that a part of an answer is sent."""
        self.begun = True

    def mark_complete(self) -> None:
        """Note that an answer is complete, or that there won't be any."""
        self.complete += 1
        self.begun = False
        self._on_complete()


def report_answers(app: ASGIApp) -> ASGIApp:
    """Wrap `app` so that each connection knows which of its requests are answered."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        progress: AnswerProgress = scope["state"][_STATE]
        is_complete = False

        async def send_and_report(message: Message) -> None:
            nonlocal is_complete
            progress.mark_begun()
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                is_complete = True
                progress.mark_complete()

        try:
            await app(scope, receive, send_and_report)
        finally:
            if not is_complete:
                # Later, because uvicorn answers 500 for an app that returns without an answer.
                asyncio.get_running_loop().call_soon(progress.mark_complete)

    return run
