"""The process serves the right paths, and copes with odd clients and a missing Slack."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.process.program import TIMEOUT_SECONDS, run
from tests.process.town import BUILDKITE_PATH, SLACK_PATH, Town

pytestmark = pytest.mark.process
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # HTTP only: loading authorities takes time


@pytest.fixture
async def web() -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the bot."""
    async with httpx.AsyncClient(verify=PLAIN, trust_env=False) as client:
        yield client


@pytest.mark.exhaustive(keep=1)
async def test_what_is_served(empty: Town, web: httpx.AsyncClient) -> None:
    """Health, readiness and metrics are served; unsigned requests get 4xx; Socket Mode has no path for Slack."""
    at = (await empty.serve()).address
    assert (await web.get(f"{at}/healthz")).text == "alive\n"
    assert (await web.get(f"{at}/readyz")).json() == {"ready": True, "reason": None}
    assert "kitestring_webhooks" in (await web.get(f"{at}/metrics")).text
    assert (await web.get(f"{at}/metrics", headers={"X-Forwarded-For": "192.0.2.7"})).status_code == 403
    assert (await web.post(f"{at}{BUILDKITE_PATH}", json={"event": "ping"})).status_code == 401
    assert (await web.post(f"{at}{SLACK_PATH}", json={})).status_code == (404 if empty.socket else 401)
    assert await empty.programs[0].terminate() == 0


async def test_webhooks_need_a_token(plain: Town, web: httpx.AsyncClient) -> None:
    """`/buildkite/webhooks` answers 404 unless its token is set, and `/metrics` can have its own port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environ = {name: value for name, value in plain.environ.items() if name != "BUILDKITE_WEBHOOK_TOKEN"}
    program = await plain.serve_with(environ | {"METRICS_PORT": str(port)})
    assert (await web.post(f"{program.address}{BUILDKITE_PATH}", json={"event": "ping"})).status_code == 404
    assert (await web.get(f"{program.address}/metrics")).status_code == 404
    assert "kitestring_webhooks" in (await web.get(f"http://127.0.0.1:{port}/metrics")).text
    assert (await web.get(f"http://127.0.0.1:{port}/readyz")).status_code == 404
    assert await program.terminate() == 0


async def test_a_revoked_token_makes_it_unready(plain: Town, web: httpx.AsyncClient) -> None:
    """`/readyz` reports a token that Slack says is revoked."""
    at = (await plain.serve()).address
    plain.slack.revoked = True
    assert (await plain.alice.types(plain.deploys, "/bk build create web")).ok
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while (answer := await web.get(f"{at}/readyz")).status_code == 200:
            pass
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert "Slack refuses the bot token" in answer.json()["reason"]


async def test_slow_clients_do_not_delay_the_stop(plain: Town) -> None:
    """Clients that never finish their request are cut off: the process stops within seconds, without complaint."""
    program = await plain.serve()
    host, port = urlsplit(program.address).netloc.split(":")
    head = b"POST /slack/events HTTP/1.1\r\nHost: a\r\n"
    silent, heading, sending = [await asyncio.open_connection(host, int(port)) for _ in range(3)]
    heading[1].write(head)
    sending[1].write(head + b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
    await asyncio.gather(heading[1].drain(), sending[1].drain())
    async with asyncio.timeout(TIMEOUT_SECONDS):
        assert await program.terminate() == 0
    plain.check_log(program.log_text)
    for _, writer in (silent, heading, sending):
        writer.close()


async def test_a_refreshed_socket_is_opened_again(by_socket: Town) -> None:
    """Slack replaces its connection now and then, and the next command arrives on the new one."""
    town = by_socket
    await town.serve()
    before = list(town.slack.sockets.connections)
    await town.slack.refresh_sockets()
    await town.until(
        lambda: [connection for connection in town.slack.sockets.connections if connection not in before]
    )
    await town.start_build("/bk build create web")
    assert await town.programs[0].terminate() == 0
    town.check()


async def test_socket_mode_starts_while_slack_is_away(by_socket: Town) -> None:
    """While Slack is down the bot keeps trying to connect, and succeeds in the end."""
    by_socket.slack.faults.fail("apps.connections.open", times=1)
    program = await by_socket.serve()
    assert await program.terminate() == 0
    by_socket.check_log(program.log_text)


@pytest.mark.exhaustive(keep=1)
async def test_the_doctor_finds_everything_well(empty: Town) -> None:
    """`doctor` as a process, against both vendors, prints its findings and its exit status matches them."""
    ran = await run(empty.folder, empty.environ, "migrate")
    assert (ran.status, ran.out, ran.err) == (0, "", "")
    assert empty.webhook.enabled
    ran = await run(empty.folder, empty.environ, "doctor")
    assert (ran.status, ran.err) == (0, ""), ran.out
    assert "✗" not in ran.out
    empty.check_log(ran.out)


async def test_the_manifest_is_printed(plain: Town) -> None:
    """`manifest` as a process needs no settings."""
    ran = await run(plain.folder, {}, "manifest", "--socket-mode")
    assert (ran.status, ran.err) == (0, "")
    assert "socket_mode_enabled: true" in ran.out


async def test_the_log_is_one_json_object_per_line(plain: Town) -> None:
    """With LOG_LEVEL=debug too, every line is one JSON object, and none contains a secret."""
    program = await plain.serve(LOG_LEVEL="debug")
    await plain.start_build("/bk build create web -e DEPLOY=an-env-value-nobody-logs")
    assert await program.terminate() == 0
    plain.check_log(program.log_text)
    assert {"event", "level", "logger", "timestamp"} <= set(json.loads(program.log_text.splitlines()[0]))
