"""A person who connects a client by signing in with Slack, through the bot's public name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import httpx2
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from simulators.slack.api.open_id import agree
from simulators.slack.models import Profile
from simulators.slack.person import Person
from tests.conversations.world import World
from tests.mcp.agents import get_address

BASE = "https://kitestring.acme.example"
REDIRECT = "http://localhost:7777/callback"
SETTINGS = {
    "KITESTRING_URL": BASE,
    "SLACK_SIGN_IN_CLIENT_ID": "1.2",
    "SLACK_SIGN_IN_CLIENT_SECRET": "app-secret",
}


class ToBot(httpx.AsyncBaseTransport):
    """Carries requests for the public name to the bot's own port."""

    def __init__(self, world: World) -> None:
        self._port = urlsplit(get_address(world)).port
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, whose Host header stays."""
        url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        carried = httpx.Request(
            request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
        )
        return await self._inner.handle_async_request(carried)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class ClientToBot(httpx2.AsyncBaseTransport):
    """Carries requests of the MCP SDK, which has an HTTP library of its own."""

    def __init__(self, world: World) -> None:
        self._port = urlsplit(get_address(world)).port
        self._inner = httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, whose Host header stays."""
        url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        carried = httpx2.Request(
            request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
        )
        return await self._inner.handle_async_request(carried)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


@dataclass
class Browser:
    """A person's browser; `presses` is the button of the question, `may` what they choose to allow."""

    world: World
    person: Person
    presses: str = "yes"
    may: str = "all"
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.http = httpx.AsyncClient(transport=ToBot(self.world), base_url=BASE)

    async def authorize(self, url: str) -> str:
        """Open the address that a client gave, answer, sign in; return the client's address in the end."""
        asked = await self.http.get(url)
        assert asked.status_code == 302, asked.text
        question = await self.http.get(asked.headers["location"])
        self.seen.append(question.text)
        return await self.sign_in(await self.answer(question.text))

    async def answer(self, page: str) -> str:
        """Press a button on the page that asks; return where that leads."""
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', page))
        answered = await self.http.post("/oauth/consent", data={**hidden, "answer": self.presses, "may": self.may})
        assert answered.status_code == 303, answered.text
        return str(answered.headers["location"])

    async def sign_in(self, url: str, profile: Profile | None = None) -> str:
        """Agree at Slack, if that is where it leads, and come back."""
        if "/openid/connect/authorize" not in url:
            return url
        back = await self.http.get(agree(self.world.slack, url, profile or self.person.profile))
        self.seen.append(back.text)
        return str(back.headers.get("location", ""))


@dataclass
class Editor:
    """A client that keeps its registration and its tokens, and opens the person's browser to sign in."""

    browser: Browser
    name: str = "Claude Code"
    tokens: OAuthToken | None = None
    registered: OAuthClientInformationFull | None = None
    result: dict[str, list[str]] = field(default_factory=dict)

    def make_auth(self) -> OAuthClientProvider:
        """Return what signs the client's requests."""
        wanted = OAuthClientMetadata(
            client_name=self.name, redirect_uris=[REDIRECT], token_endpoint_auth_method="none"
        )
        return OAuthClientProvider(f"{BASE}/mcp", wanted, self, self._open, self._read)

    def open_http(self) -> httpx2.AsyncClient:
        """Return the HTTP client that the protocol's client uses."""
        return httpx2.AsyncClient(transport=ClientToBot(self.browser.world), auth=self.make_auth(), timeout=60)

    async def _open(self, url: str) -> None:
        self.result = parse_qs(urlsplit(await self.browser.authorize(url)).query)

    async def _read(self) -> AuthorizationCodeResult:
        found: dict[str, Any] = {name: values[0] for name, values in self.result.items()}
        return AuthorizationCodeResult(code=found.get("code", ""), state=found.get("state"), iss=found.get("iss"))

    async def get_tokens(self) -> OAuthToken | None:
        """Return the tokens."""
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep the tokens."""
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """Return the registration."""
        return self.registered

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep the registration."""
        self.registered = client_info
