"""A program follows a build by server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.rest.caller import Caller, give_token


@dataclass
class Stream:
    """The events so far of a stream."""

    events: list[dict[str, Any]] = field(default_factory=list)
    ended: bool = False

    async def read(self, response: httpx.Response) -> None:
        """Collect events until the server ends the stream."""
        event: dict[str, Any] = {}
        async for line in response.aiter_lines():
            name, _, value = line.partition(": ")
            if line and name:
                event[name] = value
            elif event:
                self.events.append(event)
                event = {}
        self.ended = True

    @property
    def states(self) -> list[str]:
        """Return the build's state in each of its events."""
        return [json.loads(event["data"])["state"] for event in self.events if event["event"] == "build"]


@asynccontextmanager
async def follow(program: Caller, last: str = "") -> AsyncIterator[Stream]:
    """Follow web#1 while the block runs."""
    headers = {"authorization": f"Bearer {program.raw}"} | ({"last-event-id": last} if last else {})
    stream = Stream()
    async with program.http.stream("GET", "/api/v1/builds/web/1/events", headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        reading = asyncio.create_task(stream.read(response))
        try:
            yield stream
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def test_from_start_to_end(program: Caller) -> None:
    """Each change is an event; after the end of the build the stream ends, and 204 tells clients to stay away."""
    world = program.world
    await program.post("build/create", {"pipeline": "web"})
    await world.settle(4)
    async with follow(program) as stream:
        await world.settle(2)
        (build,) = world.buildkite.builds
        world.buildkite.advance(build)
        await world.settle(20)
        world.buildkite.run_build(build, fail=["lint"])
        await world.settle(20)
        assert (stream.states[0], stream.states[-1]) == ("scheduled", "failed")
        assert "running" in stream.states
        last = json.loads(stream.events[-2]["data"])
        assert last["failed_jobs"]
        assert stream.events[-1]["event"] == "end"
    async with follow(program, stream.events[0]["id"]) as resumed:
        await world.settle(3)
        assert resumed.states == ["failed"]
    headers = {"last-event-id": stream.events[-2]["id"]}
    assert (await program.get("builds/web/1/events", headers=headers)).status_code == 204


async def test_only_so_many_streams(program: Caller) -> None:
    """The eleventh stream of a token is refused, until another is closed."""
    await program.post("build/create", {"pipeline": "web"})
    await program.world.settle(4)
    headers = {"authorization": f"Bearer {program.raw}"}
    url = "/api/v1/builds/web/1/events"
    streams = [
        await program.http.send(program.http.build_request("GET", url, headers=headers), stream=True)
        for _ in range(10)
    ]
    refused = await program.get("builds/web/1/events")
    assert (refused.status_code, refused.json()["type"]) == (429, "/api#too-many-streams")
    for stream in streams:
        await stream.aclose()
    await program.world.settle(3)
    async with follow(program):
        pass


async def test_who_may_not_read_learns_nothing(program: Caller) -> None:
    """A pipeline that the token doesn't reach is refused whether or not the build exists."""
    await program.post("build/create", {"pipeline": "web"})
    await program.world.settle(4)
    narrow = await give_token(program, program.world.bob, Pipelines=["mobile"])
    for number in (1, 2):
        answer = await narrow.get(f"builds/web/{number}/events")
        assert (answer.status_code, answer.json()["rule"]) == (403, "api token")
