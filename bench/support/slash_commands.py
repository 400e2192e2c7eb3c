"""Sends signed slash commands at a steady rate, and counts their answers."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlencode

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from simulators.slack.signing import sign_headers
from tests.conversations.world import SIGNING_SECRET

_FORM = "application/x-www-form-urlencoded"
_ANSWERS = "/commands/bench/"
_WAIT_SECONDS = 30.0


@dataclass(frozen=True)
class CommandSender:
    """The person and channel of the commands, and the base address for their response URLs."""

    user: str
    team: str
    channel: str
    base: str

    def render_request(self, name: str, text: str) -> bytes:
        """Return `/bk text` as a whole HTTP request; `name` is its trigger and the end of its response URL."""
        fields = {
            "token": "unused",
            "team_id": self.team,
            "team_domain": "acme",
            "channel_id": self.channel,
            "channel_name": "deploys",
            "user_id": self.user,
            "user_name": "alice",
            "command": "/bk",
            "text": text,
            "api_app_id": "A0BENCH00",
            "is_enterprise_install": "false",
            "response_url": f"{self.base}{_ANSWERS}{name}",
            "trigger_id": name,
        }
        body = urlencode(fields).encode()
        head = sign_headers(SIGNING_SECRET, int(time.time()), body, _FORM)
        lines = "".join(f"{key}: {value}\r\n" for key, value in {**head, "Content-Length": str(len(body))}.items())
        return f"POST /slack/events HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode() + body


@dataclass
class AnswerCounter:
    """Wraps a simulated Slack and counts the answers to these commands by name."""

    app: ASGIApp
    seen: Counter[str] = field(default_factory=Counter)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        if scope["type"] != "http" or not path.startswith(_ANSWERS):
            await self.app(scope, receive, send)
            return
        while (await receive()).get("more_body"):
            pass
        self.seen[path.removeprefix(_ANSWERS)] += 1
        await JSONResponse({"ok": True})(scope, receive, send)


async def send_commands(port: int, asker: CommandSender, names: list[str], text: str, rate: float) -> list[float]:
    """Send the commands at that rate; return the seconds until each was acknowledged.

    The time counts from when a command was due. Raise RuntimeError for one without an empty 200.
    """
    began, waiting = time.perf_counter(), []
    idle: asyncio.LifoQueue[_Connection] = asyncio.LifoQueue()
    for number, name in enumerate(names):
        due = began + number / rate
        await asyncio.sleep(due - time.perf_counter())
        line = await _take_connection(idle, port)
        waiting.append(asyncio.create_task(_send_command(line, idle, asker.render_request(name, text), due)))
    return list(await asyncio.gather(*waiting))


async def _take_connection(idle: asyncio.LifoQueue[_Connection], port: int) -> _Connection:
    """Return the connection used last, unless the server closed it as idle."""
    while not idle.empty():
        if not (line := idle.get_nowait()).reader.at_eof():
            return line
    return await _Connection.open(port)


async def _send_command(
    line: _Connection, idle: asyncio.LifoQueue[_Connection], request: bytes, due: float
) -> float:
    async with asyncio.timeout(_WAIT_SECONDS):
        head, body = await line.send(request)
    took = time.perf_counter() - due
    if head[9:12] != b"200" or body:
        raise RuntimeError(f"Not acknowledged: {head[:40]!r} {body[:200]!r}")
    idle.put_nowait(line)
    return took


@dataclass
class _Connection:
    """A keep-alive connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, port: int) -> _Connection:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, request: bytes) -> tuple[bytes, bytes]:
        """Return the head of the answer, and its body."""
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        return head, await self.reader.readexactly(int(length or b"0"))
