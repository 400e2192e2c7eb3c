"""Slackbot calls the bot for people, whom Slack names in requests that it signs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api_tokens.acts import read_audit
from tests.api_tokens.conftest import POLICY
from tests.conversations.world import World, open_world
from tests.mcp.slackbot import Slackbot


@pytest.fixture
async def slackbot(tmp_path: Path) -> AsyncIterator[Slackbot]:
    """Provide Slackbot in a workspace that lets it in."""
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    more = {"KITESTRING_SLACKBOT": "on"}
    async with open_world(tmp_path, policy=tmp_path / "policy.toml", more=more) as world:
        yield Slackbot(world)


async def test_slackbot_starts_a_build_for_a_person(slackbot: Slackbot) -> None:
    """The build starts in the person's name, and the audit says which way it came."""
    world = slackbot.world
    body = slackbot.write("tools/list", {}, None)
    tools = (await slackbot.send(body, slackbot.sign(body))).json()["result"]["tools"]
    assert all(tool["_meta"]["slack"]["supportsBlockKit"] for tool in tools)
    result = await slackbot.call(world.bob, "build_create", pipeline="web")
    assert not result.get("isError"), result
    assert [build.pipeline.slug for build in world.buildkite.builds] == ["web"]
    shown = await slackbot.call(world.bob, "run_operation", operation="whoami")
    assert shown["_meta"]["slack"]["blocks"][0]["type"] == "section"
    assert "bob" in json.dumps(shown["_meta"]["slack"]["blocks"])
    assert [transition for _op, transition, _detail in await read_audit(world, "build create")][-1] == "done"


async def test_slackbot_is_held_to_the_persons_rights(slackbot: Slackbot) -> None:
    """A guest may do nothing, and people can't approve by asking Slackbot."""
    world = slackbot.world
    refused = await slackbot.call(world.gwen, "build_create", pipeline="web")
    assert refused["isError"]
    body = slackbot.write(
        "tools/call", {"name": "run_operation", "arguments": {"operation": "proposal approve"}}, world.bob
    )
    approval = (await slackbot.send(body, slackbot.sign(body))).json()["result"]
    assert approval["isError"]
    assert world.buildkite.builds == []


async def test_a_repeated_call_does_nothing_twice(slackbot: Slackbot) -> None:
    """Slack signs a retry anew: the first outcome comes back, and there's one build."""
    body = slackbot.write(
        "tools/call", {"name": "build_create", "arguments": {"pipeline": "web"}}, slackbot.world.bob
    )
    first = await slackbot.send(body, slackbot.sign(body))
    slackbot.world.clock.advance(1)
    again = await slackbot.send(body, slackbot.sign(body))
    assert again.json()["result"]["structuredContent"] == first.json()["result"]["structuredContent"]
    assert len(slackbot.world.buildkite.builds) == 1


async def test_what_slack_did_not_sign_does_nothing(slackbot: Slackbot) -> None:
    """A wrong or missing signature, a stale one, a replay, another workspace, no person: 401, nothing else."""
    world = slackbot.world
    create = {"name": "build_create", "arguments": {"pipeline": "web"}}
    body = slackbot.write("tools/call", create, world.bob)
    elsewhere = slackbot.write("tools/call", create, world.bob, "T0ELSEWHERE")
    unnamed = slackbot.write("tools/call", create, None)
    read = slackbot.write("tools/list", {}, world.bob)
    once = slackbot.sign(read)
    assert (await slackbot.send(read, once)).status_code == 200
    for sent, headers in (
        (body, slackbot.sign(body, "0" * 32)),
        (body, {"content-type": "application/json", "accept": "application/json"}),
        (body, slackbot.sign(body, late=600)),
        (body, slackbot.sign(read)),
        (read, once),
        (elsewhere, slackbot.sign(elsewhere)),
        (unnamed, slackbot.sign(unnamed)),
    ):
        answer = await slackbot.send(sent, headers)
        assert answer.status_code == 401, answer.text
    assert world.buildkite.builds == []


async def test_it_is_off_unless_enabled(world: World) -> None:
    """Without the setting there's no such endpoint."""
    slackbot = Slackbot(world)
    body = slackbot.write("tools/list", {}, world.bob)
    assert (await slackbot.send(body, slackbot.sign(body))).status_code == 404


async def test_slackbot_does_nothing_for_people_who_stopped_their_agents(slackbot: Slackbot) -> None:
    """Slackbot is an agent like those with tokens."""
    world = slackbot.world
    await world.bob.types(world.deploys, "/bk agents-off")
    await world.settle(2)
    refused = await slackbot.call(world.bob, "build_create", pipeline="web")
    assert refused["isError"]
    assert refused["_meta"]["kitestring/problem"]["rule"] == "agents off"
    assert not world.buildkite.builds
