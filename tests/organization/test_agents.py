"""Filters of `agent list`: some applied by Buildkite, the others by the bot."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from bot.buildkite.resources import Agent
from tests.conversations.acts import ask_privately
from tests.conversations.world import World


def find_filters(world: World) -> list[str]:
    """Return the filters of the requests for agents."""
    return [
        request.query.replace("per_page=100", "").strip("&")
        for request in world.buildkite.requests
        if _is_list_path(request.path)
    ]


def _is_list_path(path: str) -> bool:
    return path.endswith("/agents")


def read_names(reply: str) -> list[str]:
    """Return the first column of a table."""
    return [line.split(" · ")[0] for line in reply.split("\n")[2:]]


@pytest.fixture
def mac_world(world: World) -> World:
    """Add two macs to the four Linux agents, one of them older and stopping."""
    world.buildkite.agent("mac-1", hostname="mini-1", version="3.90.0", tags=("os=macos", "arch=arm64"))
    mac = world.buildkite.agent("mac-10", hostname="mini-10", version="3.103.0", tags=("os=macos",))
    mac.connection_state = "stopping"
    return world


async def test_a_full_name_is_found_by_buildkite(mac_world: World) -> None:
    """An agent with exactly that name is returned, even if others contain it."""
    assert read_names(await ask_privately(mac_world, mac_world.bob, "agent list --name mac-1")) == ["mac-1"]
    assert find_filters(mac_world) == ["name=mac-1"]


async def test_part_of_a_name_is_found_by_the_bot(mac_world: World) -> None:
    """Buildkite knows only full names; without a match, the agents whose name contains it are listed."""
    assert read_names(await ask_privately(mac_world, mac_world.bob, "agent list mac")) == ["mac-1", "mac-10"]
    assert find_filters(mac_world) == ["name=mac", ""]


async def test_hosts_and_versions_are_found_by_buildkite(mac_world: World) -> None:
    """Host and version are sent to Buildkite; part of a name is searched for in its answer."""
    assert read_names(await ask_privately(mac_world, mac_world.bob, "agent list --hostname mini-10")) == ["mac-10"]
    reply = await ask_privately(
        mac_world, mac_world.bob, "agent list --version 3.90.0 --hostname mini-1 --name ac"
    )
    assert read_names(reply) == ["mac-1"]
    assert find_filters(mac_world) == [
        "hostname=mini-10",
        "name=ac&hostname=mini-1&version=3.90.0",
        "hostname=mini-1&version=3.90.0",
    ]


async def test_states_and_tags_are_found_by_the_bot(mac_world: World) -> None:
    """States are those of `bk`, and an agent must have all the tags."""
    mac_world.buildkite.agent_pause(mac_world.buildkite.find_agent("deploy-1"))
    build = mac_world.buildkite.create_build("web")
    mac_world.buildkite.start_job(build.find_job("lint").id, "ci-linux-1")
    states = ("running", "idle", "paused", "stopping")
    found = {
        state: read_names(await ask_privately(mac_world, mac_world.bob, f"agent list --state {state}"))
        for state in states
    }
    assert found == snapshot(
        {
            "running": ["ci-linux-1"],
            "idle": ["ci-linux-2", "ci-linux-3", "mac-1"],
            "paused": ["deploy-1"],
            "stopping": ["mac-10"],
        }
    )
    assert read_names(await ask_privately(mac_world, mac_world.bob, "agent list --tags os=macos")) == [
        "mac-1",
        "mac-10",
    ]
    assert read_names(
        await ask_privately(mac_world, mac_world.bob, "agent list --tags os=macos --tags arch=arm64")
    ) == ["mac-1"]


async def test_an_empty_list_repeats_the_filters(mac_world: World) -> None:
    """Every filter is repeated in words, with a hint about agents that are gone."""
    words = "agent list mac --hostname mini-1 --version 1.0 --state idle --tags os=linux"
    assert await ask_privately(mac_world, mac_world.bob, words) == snapshot("""\
No connected agent with “mac” in its name, on host mini-1, with version 1.0, that is idle, tagged os=linux.
Stopped and lost agents aren't listed. To see one, use `agent view` with its full id.\
""")


async def test_an_unknown_state_is_quoted(mac_world: World) -> None:
    """An unknown state is quoted, with the valid ones."""
    assert await ask_privately(mac_world, mac_world.bob, "agent list --state busy") == snapshot("""\
⚠️ `busy` isn't an option for `--state`.
Choose `running`, `idle`, `paused` or `stopping`.\
""")


@pytest.mark.parametrize("state", ["never_connected", "disconnected", "stopped", "lost"])
async def test_an_agent_that_is_gone_is_shown_by_its_id(mac_world: World, state: str) -> None:
    """A disconnected agent is shown by its full id, with its state and without useless buttons."""
    lost = mac_world.buildkite.agent("old", hostname="h")
    lost.connection_state = state
    reply = await ask_privately(mac_world, mac_world.alice, f"agent view {lost.id}")
    assert reply.split("\n")[0] == f"old is {state.replace('_', ' ')}."
    assert "[" not in reply


def test_older_and_newer_responses_are_read_the_same() -> None:
    """Older responses have the queue as a tag and no pauses; newer ones have keys for both."""
    older = {"id": "1", "name": "a", "connection_state": "connected", "meta_data": ["queue=mac", "os=macos"]}
    newer = {**older, "queue": "mac", "paused": False, "paused_at": None, "paused_timeout_in_minutes": None}
    assert Agent.model_validate(older) == Agent.model_validate(newer)
    assert Agent.model_validate({**older, "paused": None, "meta_data": None}).activity == "idle"
    assert Agent.model_validate({**newer, "paused": True}).activity == "paused"
    assert Agent.model_validate({**newer, "paused": True, "connection_state": "lost"}).activity == "lost"
