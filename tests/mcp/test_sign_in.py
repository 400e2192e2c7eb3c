"""People connect their editor by signing in with Slack, without copying a token."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from simulators.slack.person import Person
from tests.api_tokens.acts import make_token
from tests.api_tokens.conftest import POLICY
from tests.conversations.world import World, open_world
from tests.mcp.agents import read_data, read_text, settle_while
from tests.mcp.signing_in import BASE, REDIRECT, SETTINGS, Browser, Editor, ToBot

Visit = Callable[..., Browser]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A workspace in which people may sign in from their clients."""
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    async with open_world(tmp_path, policy=tmp_path / "policy.toml", more=SETTINGS) as world:
        yield world


@pytest.fixture
async def visit(world: World) -> AsyncIterator[Visit]:
    """Open a person's browser, which is closed in the end."""
    async with AsyncExitStack() as stack:

        def open_browser(person: Person, **answers: str) -> Browser:
            browser = Browser(world, person, **answers)
            stack.push_async_callback(browser.http.aclose)
            return browser

        yield open_browser


async def use(editor: Editor, tool: str, **arguments: Any) -> CallToolResult:
    """Connect the editor, and call a tool."""

    async def connect() -> CallToolResult:
        async with (
            editor.open_http() as http,
            Client(streamable_http_client(f"{BASE}/mcp", http_client=http)) as agent,
        ):
            return await agent.call_tool(tool, arguments)

    return await settle_while(editor.browser.world, connect())


async def refresh(editor: Editor, token: str) -> httpx.Response:
    """Send a refresh token."""
    assert editor.registered
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": editor.registered.client_id or ""}
    return await editor.browser.http.post("/oauth/token", data=form)


async def test_a_person_signs_in_from_their_editor(world: World, visit: Visit) -> None:
    """The client finds the way by itself, the person reads what it wants, and then it acts for them."""
    editor = Editor(visit(world.bob))
    result = await use(editor, "build_create", pipeline="web")
    assert read_data(result)["build"]["pipeline"] == "web"
    assert "Let Claude Code act for you?" in editor.browser.seen[0]
    assert "localhost:7777" in editor.browser.seen[0]
    await world.settle(3)
    assert "bob's agent (claude-code)" in world.slack.transcript()
    await world.bob.types(world.deploys, "/bk api-token list")
    await world.settle(1)
    assert "claude-code" in world.whispers(world.bob)[-1]


async def test_a_token_in_the_configuration_works_beside_it(world: World) -> None:
    """An API token is admitted without signing in, on the same address."""
    raw = await make_token(world, world.bob)
    async with httpx.AsyncClient(transport=ToBot(world), base_url=BASE) as http:
        known = await http.post("/mcp", json={}, headers={"authorization": f"Bearer {raw}"})
        unknown = await http.post("/mcp", json={})
        described = await http.get("/.well-known/oauth-protected-resource/mcp")
        server = await http.get("/.well-known/oauth-authorization-server")
    assert (known.status_code != 401, unknown.status_code) == (True, 401)
    assert described.json()["authorization_servers"] == [BASE] == [server.json()["issuer"]]


async def test_a_person_lets_a_client_only_read(world: World, visit: Visit) -> None:
    """The choice on the page limits the client's token."""
    editor = Editor(visit(world.bob, may="read"))
    assert not (await use(editor, "pipeline_list")).is_error
    refused = await use(editor, "run_operation", operation="build create", arguments={"pipeline": "web"})
    assert "lacks the permission" in read_text(refused)


async def test_tokens_are_renewed_and_each_refresh_token_works_once(world: World, visit: Visit) -> None:
    """After an hour the client renews its token; a refresh token that is used twice ends them all."""
    editor = Editor(visit(world.bob))
    await use(editor, "pipeline_list")
    assert editor.tokens
    stolen = editor.tokens.refresh_token or ""
    world.clock.advance(timedelta(hours=2).total_seconds())
    headers = {"authorization": f"Bearer {editor.tokens.access_token}"}
    assert (await editor.browser.http.post("/mcp", json={}, headers=headers)).status_code == 401
    renewed = (await refresh(editor, stolen)).json()
    headers = {"authorization": f"Bearer {renewed['access_token']}"}
    assert (await editor.browser.http.post("/mcp", json={}, headers=headers)).status_code != 401
    again = await refresh(editor, stolen)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (await editor.browser.http.post("/mcp", json={}, headers=headers)).status_code == 401
    assert (await refresh(editor, renewed["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_code_works_once_for_its_client(world: World, visit: Visit) -> None:
    """A code gets nothing with the wrong verifier, from another client, when it's old, and the second time."""
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    browser = visit(world.bob)
    url, client = await _open_question(browser, challenge)
    back = await browser.sign_in(await browser.answer((await browser.http.get(url)).text))
    form = {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(back).query)["code"][0],
        "redirect_uri": REDIRECT,
        "code_verifier": verifier,
        "client_id": client,
    }
    _url, other = await _open_question(browser, challenge)
    for wrong in ({"code_verifier": "w" * 43}, {"client_id": other}, {"code": "made-up"}):
        answer = await browser.http.post("/oauth/token", data=form | wrong)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant"), wrong
    assert (await browser.http.post("/oauth/token", data=form | {"client_id": "made-up"})).status_code == 401
    first, second = [await browser.http.post("/oauth/token", data=form) for _ in range(2)]
    assert (first.status_code, second.status_code) == (200, 400)
    assert second.json()["error"] == "invalid_grant"


async def test_a_person_declines(world: World, visit: Visit) -> None:
    """The client is told, and nothing was made."""
    editor = Editor(visit(world.bob, presses="no"))
    with pytest.raises(BaseException):  # noqa: B017, PT011  (the client's own errors, in a group)
        await use(editor, "pipeline_list")
    assert editor.result["error"] == ["access_denied"]
    assert editor.tokens is None


async def test_only_members_of_the_workspace_sign_in(world: World, visit: Visit) -> None:
    """A guest, who may make no token, and someone of another workspace get a page that says so."""
    browser = visit(world.gwen)
    url, _client = await _open_question(browser)
    page = (await browser.http.get(url)).text
    assert await browser.sign_in(await browser.answer(page)) == ""
    assert "You may not let programs act for you here." in browser.seen[-1]
    page = (await browser.http.get(url)).text
    stranger = replace(world.bob.profile, team="T0OTHER01")
    assert await browser.sign_in(await browser.answer(page), stranger) == ""
    assert "another workspace" in browser.seen[-1]


async def test_others_cannot_answer_for_the_person(world: World, visit: Visit) -> None:
    """A form of another page, a sign-in that began elsewhere and an old page are refused."""
    bob, eve = visit(world.bob), visit(world.bob)
    url, _client = await _open_question(bob)
    page = (await bob.http.get(url)).text
    forged = await eve.http.post("/oauth/consent", data={"request": url.partition("request=")[2], "answer": "yes"})
    assert forged.status_code == 400
    slack = await bob.answer(page)
    assert await eve.sign_in(slack) == ""
    assert "didn&#x27;t begin in this browser" in eve.seen[-1]
    world.clock.advance(3600)
    assert (await bob.http.get(url)).status_code == 400


async def test_a_client_registers_only_what_is_safe(world: World) -> None:
    """Codes don't go to plain http elsewhere, nor to what a browser would run."""
    async with httpx.AsyncClient(transport=ToBot(world), base_url=BASE) as http:
        for uri in ("http://evil.example/cb", "javascript:alert(1)", "data:text/html,x"):
            answer = await http.post("/oauth/register", json={"redirect_uris": [uri]})
            assert (uri, answer.status_code, answer.json()["error"]) == (uri, 400, "invalid_redirect_uri")
        for uri in ("https://app.example/cb", "cursor://anysphere.cursor-mcp/cb", "http://127.0.0.1:1/cb"):
            assert (await http.post("/oauth/register", json={"redirect_uris": [uri]})).status_code == 201


async def _open_question(browser: Browser, challenge: str = "x" * 43) -> tuple[str, str]:
    """Register a client; return the address of the page that asks the person, and the client's id."""
    wanted = {"redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none"}
    client = (await browser.http.post("/oauth/register", json=wanted)).json()["client_id"]
    asked = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": REDIRECT,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "state": "s",
    }
    return str((await browser.http.get("/oauth/authorize", params=asked)).headers["location"]), client
