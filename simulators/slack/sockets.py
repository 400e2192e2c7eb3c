"""Socket Mode: one-use websocket addresses, envelopes and their acknowledgements.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from simulators.slack.installation import Installation
from simulators.slack.state import APP_ID

Json = dict[str, Any]
MOST_CONNECTIONS = 10
HOST = {"host": "applink-7"}


class Unacknowledged(Exception):
    """Raised if the connection closes before the envelope is acknowledged."""


@dataclass(eq=False)
class Connection:
    """An open websocket and the envelopes that it hasn't acknowledged yet."""

    socket: WebSocket
    awaited: dict[str, asyncio.Future[Json]] = field(default_factory=dict)

    def drop(self) -> None:
        """Fail everything that is still awaited."""
        for future in self.awaited.values():
            if not future.done():
                future.set_exception(Unacknowledged())
        self.awaited.clear()


class Sockets:
    """All Socket Mode connections of the app."""

    def __init__(self, slack: Installation, catch_up: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._slack, self._catch_up = slack, catch_up
        self._turns = itertools.count()
        self.connections: list[Connection] = []

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one websocket from its opening to its end."""
        socket = WebSocket(scope, receive, send)
        ticket = socket.query_params.get("ticket", "")
        if (
            ticket not in self._slack.socket_tickets
            or len(self.connections) >= MOST_CONNECTIONS
            or self._slack.down
        ):
            await socket.close(code=1008)
            return
        self._slack.socket_tickets.discard(ticket)
        await socket.accept()
        connection = Connection(socket)
        self.connections.append(connection)
        await socket.send_json(self._hello())
        self._slack.changes.notify("socket", connections=len(self.connections))
        catching_up = asyncio.create_task(self._catch_up())
        try:
            await self._listen(connection)
        finally:
            catching_up.cancel()

    def _hello(self) -> Json:
        debug = HOST | {"build_number": 54, "approximate_connection_time": 18060}
        count = len(self.connections)
        return {
            "type": "hello",
            "num_connections": count,
            "debug_info": debug,
            "connection_info": {"app_id": APP_ID},
        }

    async def _listen(self, connection: Connection) -> None:
        try:
            while True:
                frame = await connection.socket.receive_json()
                owed = connection.awaited.pop(str(frame.get("envelope_id")), None)
                if owed is not None and not owed.done():
                    owed.set_result(frame)
        except (WebSocketDisconnect, RuntimeError):
            return
        finally:
            if connection in self.connections:
                self.connections.remove(connection)
            connection.drop()
            self._slack.changes.notify("socket", connections=len(self.connections))

    async def send(self, envelope: Json, patience: float) -> Json:
        """Send an envelope over any connection and return the acknowledgement.

        Raise Unacknowledged if there is no connection or it closes, TimeoutError after `patience`.
        """
        if not self.connections:
            raise Unacknowledged()
        connection = self.connections[next(self._turns) % len(self.connections)]
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        connection.awaited[envelope["envelope_id"]] = future
        try:
            await connection.socket.send_json(envelope)
            return await asyncio.wait_for(future, patience)
        except (WebSocketDisconnect, RuntimeError):
            raise Unacknowledged() from None
        finally:
            connection.awaited.pop(envelope["envelope_id"], None)

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to reconnect; `warning` only announces it, other reasons close it."""
        for connection in list(self.connections):
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await connection.socket.send_json({"type": "disconnect", "reason": reason, "debug_info": HOST})
            if reason != "warning" and connection in self.connections:
                self.connections.remove(connection)
                connection.drop()
