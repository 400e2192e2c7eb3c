"""URLs in a vendor's answers never lead the bot to another host: it sends no token and no text there."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from bot.buildkite.agent_api import AgentApi
from bot.buildkite.client import connect
from bot.errors import NotFound, Unavailable
from bot.runtime.clock import ManualClock
from bot.slack.api_errors import SlackError
from bot.slack.blockkit.blocks import Message
from bot.slack.session import open_session
from bot.slack.types import File, Thread
from bot.slack.web_client import SlackClient
from simulators.http_server import Serving

HELLO = Message("hello", ())
THREAD = Thread("T1", "C1", None)


class QuickClock(ManualClock):
    """A clock whose sleepers wake at once."""

    async def sleep(self, seconds: float) -> None:
        self.advance(max(seconds, 0))


@pytest.fixture
def elsewhere() -> Iterator[socket.socket]:
    """A host that listens for connections."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.setblocking(False)
        yield sock


def url(sock: socket.socket, path: str = "/steal") -> str:
    """The URL of that host."""
    return f"http://127.0.0.1:{sock.getsockname()[1]}{path}"


def has_no_connection(sock: socket.socket) -> bool:
    """Return whether nothing has connected to that host."""
    try:
        sock.accept()
    except BlockingIOError:
        return True
    return False


class Vendor:
    """Gives every request the same answer, and records the paths."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()
        self.asked.append(scope["path"])
        await self.answer(scope, receive, send)


def clock() -> ManualClock:
    """A quick clock that starts at noon."""
    return QuickClock(datetime(2026, 11, 22, 12, tzinfo=UTC))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_buildkite_redirects_to_elsewhere(elsewhere: socket.socket, status: int) -> None:
    """Redirects are never followed, for reads, writes and logs: the request fails instead."""
    vendor = Vendor(RedirectResponse(url(elsewhere), status))
    async with Serving(vendor) as base, connect("bkua-token", "acme", endpoint=base, clock=clock()) as buildkite:
        for ask in (
            buildkite.user(),
            buildkite.job_log("web", 1, "j"),
            buildkite.job_log_tail("web", 1, "j"),
            buildkite.retry_job("web", 1, "j"),
        ):
            with pytest.raises(Unavailable, match=f"answered with a redirect .{status}."):
                await ask
    assert vendor.asked
    assert has_no_connection(elsewhere)


async def test_buildkite_links_to_pages_elsewhere(elsewhere: socket.socket) -> None:
    """Only the query of `Link` and `links.next` is used; a list that never ends is cut off."""
    for page in (
        JSONResponse([], headers={"Link": f'<{url(elsewhere)}?page=2>; rel="next"'}),
        JSONResponse({"items": [], "links": {"next": f"{url(elsewhere)}?after=x"}}),
    ):
        vendor = Vendor(page)
        async with (
            Serving(vendor) as base,
            connect("bkua-token", "acme", endpoint=base, clock=clock()) as buildkite,
        ):
            with pytest.raises(Unavailable, match="didn't match its API"):
                [found async for found in buildkite.for_background().pipelines()]
        assert set(vendor.asked) == {"/v2/organizations/acme/pipelines"}
    assert has_no_connection(elsewhere)


async def test_a_job_whose_log_is_elsewhere(elsewhere: socket.socket) -> None:
    """The log is read from the configured host, whatever `log_url`, `raw_log_url` and `web_url` say."""
    at = url(elsewhere)
    job = {"id": "j", "type": "script", "log_url": at, "raw_log_url": at, "web_url": at, "build_url": at}
    vendor = Vendor(JSONResponse(job))
    async with Serving(vendor) as base, connect("bkua-token", "acme", endpoint=base, clock=clock()) as buildkite:
        found = await buildkite.job("j")
        await buildkite.job_log("web", 1, found.id)
        await buildkite.unblock_job(found.id, {})
    prefix = "/v2/organizations/acme"
    assert vendor.asked == [
        f"{prefix}/jobs/j",
        f"{prefix}/pipelines/web/builds/1/jobs/j/log",
        f"{prefix}/jobs/j/unblock",
    ]
    assert has_no_connection(elsewhere)


async def test_names_do_not_lead_out_of_the_organization(elsewhere: socket.socket) -> None:
    """A pipeline or job whose name looks like a path or a URL is still a name within our organization."""
    vendor = Vendor(JSONResponse({"id": "j"}))
    async with Serving(vendor) as base, connect("bkua-token", "acme", endpoint=base, clock=clock()) as buildkite:
        for name in ("../../../other", url(elsewhere), "//evil.test", "a?b#c", "%2e%2e"):
            await buildkite.job(name)
        for name in ("..", ".", ""):
            with pytest.raises(NotFound, match="nothing called"):
                await buildkite.job(name)
    assert all(path.startswith("/v2/organizations/acme/jobs/") for path in vendor.asked), vendor.asked
    assert has_no_connection(elsewhere)


async def test_the_agent_api_redirects_to_elsewhere(elsewhere: socket.socket) -> None:
    """The agent token isn't sent to another host either."""
    async with Serving(Vendor(RedirectResponse(url(elsewhere), 307))) as base, httpx.AsyncClient() as http:
        with pytest.raises(Unavailable, match="answered with a redirect"):
            await AgentApi(http, "agent-token", base).metrics()
    assert has_no_connection(elsewhere)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_slack_redirects_to_elsewhere(elsewhere: socket.socket, status: int) -> None:
    """No API call, answer by response URL or upload to Slack follows a redirect."""
    vendor = Vendor(RedirectResponse(url(elsewhere), status))
    async with Serving(vendor) as base, open_session(5) as connections:
        client = AsyncWebClient(token="xoxb-token", base_url=f"{base}/api/", session=connections)
        api = SlackClient(client, connections)
        for ask in (
            api.whoami(),
            api.post(THREAD, HELLO, "m"),
            api.respond(f"{base}/commands/1", HELLO),
            api.upload("C1", File("log.txt", b"words")),
        ):
            with pytest.raises(SlackError):
                await ask
    assert len(vendor.asked) == 4
    assert has_no_connection(elsewhere)


async def test_slack_asks_for_uploads_elsewhere(elsewhere: socket.socket) -> None:
    """A file is uploaded to Slack's own host or not at all."""
    vendor = Vendor(JSONResponse({"ok": True, "upload_url": url(elsewhere), "file_id": "F1"}))
    async with Serving(vendor) as base, open_session(5) as connections:
        client = AsyncWebClient(token="xoxb-token", base_url=f"{base}/api/", session=connections)
        with pytest.raises(SlackError, match="upload_url is not Slack's"):
            await SlackClient(client, connections).upload("C1", File("log.txt", b"words"))
    assert vendor.asked == ["/api/files.getUploadURLExternal"]
    assert has_no_connection(elsewhere)


@pytest.mark.parametrize(
    "base",
    ["http://127.0.0.1:9/api/", "https://slack.com/api/", "https://slack.example/api/"],
)
async def test_a_response_url_elsewhere(elsewhere: socket.socket, base: str) -> None:
    """URLs that only resemble Slack's are refused before anything is sent."""
    at = url(elsewhere)
    odd = (
        *("https://hooks.slack.com.evil.test/x", "https://evil.test/hooks.slack.com", "https://xhooks.slack.com/"),
        *("https://hooks.slack.com@evil.test/", "https://hooks.slack.com:444/x", "http://hooks.slack.com/x"),
        *("file:///etc/passwd", "//hooks.slack.com/x", "https://[::1", "", "http://127.0.0.1:99999999/x"),
        *("https://hooks.slack.com\\\\@evil.test/", "ftp://slack.com/", "https://files.slack.com/upload"),
    )
    async with open_session(5) as connections:
        api = SlackClient(AsyncWebClient(base_url=base, session=connections), connections)
        for address in (at, *odd):
            with pytest.raises(SlackError, match="response_url is not Slack's"):
                await api.respond(address, HELLO)
    assert has_no_connection(elsewhere)
