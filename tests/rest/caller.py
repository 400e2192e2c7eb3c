"""A program that calls the API with a token, over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from simulators.slack.person import Person
from tests.api_tokens.acts import make_token
from tests.conversations.world import World, open_world

POLICY = """\
[[grant]]
name = "everyone builds"
standings = ["member"]
permissions = ["help", "read", "logs", "build", "approve", "lock", "artifacts"]

[[grant]]
name = "admins"
standings = ["admin"]
permissions = ["admin", "agents", "pipelines"]

[[protect]]
name = "production"
pipelines = ["deploy-*"]
approvers = { users = ["U0ALICE01"] }
"""


@dataclass
class Caller:
    """A program with a token of a person."""

    world: World
    http: httpx.AsyncClient
    raw: str

    async def post(self, path: str, body: Any = None, *, key: str = "", **options: Any) -> httpx.Response:
        """Call an operation by its path below `/api/v1/`."""
        return await self.send("POST", path, json={} if body is None else body, key=key, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """Get a path below `/api/v1/`."""
        return await self.send("GET", path, **options)

    async def send(self, method: str, path: str, *, key: str = "", **options: Any) -> httpx.Response:
        """Send a request with the token."""
        headers = {"authorization": f"Bearer {self.raw}"} | ({"idempotency-key": key} if key else {})
        headers |= options.pop("headers", {})
        return await self.http.request(method, f"/api/v1/{path}", headers=headers, **options)


def open_http(world: World) -> httpx.AsyncClient:
    """Return a client of the bot's own port."""
    base = (world.slack.request_url or "").removesuffix("/slack/events")
    return httpx.AsyncClient(base_url=base, timeout=300, trust_env=False)


@asynccontextmanager
async def open_caller(folder: Path, **more: str) -> AsyncIterator[Caller]:
    """Provide a world with the policy, and a program with Bob's token, which announces in #deploys.

    `more` are further settings.
    """
    policy = folder / "policy.toml"
    policy.write_text(POLICY, "utf-8")
    settings = {"KITESTRING_API_RATE": "100000", **more}
    async with open_world(folder, policy=policy, more=settings) as world, open_http(world) as http:
        yield Caller(world, http, await make_token(world, world.bob, **announcing(world)))


def announcing(world: World) -> dict[str, str]:
    """Return the values of the form for a token that announces in #deploys."""
    return {"Channel for announcements": world.deploys.id}


async def give_token(caller: Caller, person: Person, **values: Any) -> Caller:
    """Return another program, with a token of that person."""
    name = values.pop("Name", "other")
    return Caller(caller.world, caller.http, await make_token(caller.world, person, name, **values))


async def retry_until(world: World, call: asyncio.Task[httpx.Response]) -> httpx.Response:
    """Let time pass while the bot pauses between its attempts, until a call is answered.

    The bot sleeps twice then: for the call's deadline, and for the pause.
    """
    while not call.done():
        asleep = asyncio.create_task(world.clock.wait_for_sleepers(2))
        await asyncio.wait({call, asleep}, return_when=asyncio.FIRST_COMPLETED)
        asleep.cancel()
        if not call.done():
            world.clock.advance(0.5)
    return call.result()
