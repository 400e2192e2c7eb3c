"""A first start while Slack is away says so at once, keeps trying, and can be stopped."""

from __future__ import annotations

import socket

import httpx
import pytest

from tests.process.program import Program, run, start
from tests.process.town import BUILDKITE_PATH, SLACK_PATH, Town

pytestmark = pytest.mark.process
WAITING = "Slack doesn't answer, still trying"


async def start_without_slack(town: Town) -> tuple[Program, str]:
    """Start the bot for the first time while Slack is down; return it with its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    town.slack.down = True
    program = Program(await start(town.folder, {**town.environ, "PORT": str(port)}, "serve"))
    town.programs.append(program)
    await program.wait_for_event(WAITING)
    return program, f"http://127.0.0.1:{port}"


async def test_a_first_start_waits_for_slack(plain: Town) -> None:
    """Meanwhile the process is alive and not ready, and vendors are told to come back; then it starts."""
    program, address = await start_without_slack(plain)
    async with httpx.AsyncClient(base_url=address, transport=httpx.AsyncHTTPTransport(retries=9)) as http:
        assert (await http.get("/healthz")).text == "alive\n"
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        for path in (SLACK_PATH, BUILDKITE_PATH):
            refused = await http.post(path, content=b"{}")
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        plain.slack.down = False
        await program.wait_until_listening()
        assert (await http.get("/readyz")).status_code == 200
    assert next(line["seconds"] for line in program.lines if line["event"] == WAITING) == 1.0
    assert await program.terminate() == 0


async def test_a_waiting_start_can_be_stopped(plain: Town) -> None:
    """SIGTERM ends a start that waits for Slack, and the database can be used again."""
    program, _ = await start_without_slack(plain)
    assert await program.terminate() == 0, program.log_text
    plain.slack.down = False
    plain.slack.revoked = True
    ended = await run(plain.folder, plain.environ, "serve")
    assert (ended.status, "Slack refuses SLACK_BOT_TOKEN (token_revoked)" in ended.err) == (2, True)
