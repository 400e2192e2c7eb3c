"""Slackbot, which calls the bot for people."""

from __future__ import annotations

import json
from typing import Any

import httpx
from slack_sdk.signature import SignatureVerifier

from simulators.slack.person import Person
from tests.conversations.world import SIGNING_SECRET, World
from tests.mcp.agents import get_address, settle_while


class Slackbot:
    """Slackbot: it signs what it sends, and says for whom."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.team = world.bot.workspace.deps.slack.identity.team
        self._sent = 0

    def sign(self, body: bytes, secret: str = SIGNING_SECRET, late: int = 0) -> dict[str, str]:
        """Return the headers of a request."""
        timestamp = str(int(self.world.clock.now().timestamp()) - late)
        signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body)
        assert signature
        return {
            "x-slack-request-timestamp": timestamp,
            "x-slack-signature": signature,
            "content-type": "application/json",
            "accept": "application/json",
        }

    def write(self, method: str, params: dict[str, Any], person: Person | None, team: str = "") -> bytes:
        """Return the body of a request."""
        self._sent += 1
        identity = {"user_id": person.id, "team_id": team or self.team} if person else None
        meta = {"_meta": {"slack": identity}} if identity else {}
        return json.dumps(
            {"jsonrpc": "2.0", "id": self._sent, "method": method, "params": {**params, **meta}}
        ).encode()

    async def send(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        """Send a request, while time passes."""
        async with httpx.AsyncClient(timeout=60) as client:
            address = get_address(self.world, "/mcp/slack")
            return await settle_while(self.world, client.post(address, content=body, headers=headers))

    def ask(self, person: Person, tool: str, arguments: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
        """Return the body and the headers of a call of a tool for a person."""
        body = self.write("tools/call", {"name": tool, "arguments": arguments}, person)
        return body, self.sign(body)

    async def call(self, person: Person, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool for a person."""
        answer = await self.send(*self.ask(person, tool, arguments))
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()["result"]
        return result
