"""Agents found by name, host, version, state and tags: by Buildkite where it can, by the bot where it cannot."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from bot.buildkite.models import Agent
from tests.conversations.acts import asks
from tests.conversations.world import World


def asked(world: World) -> list[str]:
    """With which filters Buildkite was asked for agents."""
    return [
        request.query.replace("per_page=100", "").strip("&")
        for request in world.buildkite.requests
        if _lists(request.path)
    ]


def _lists(path: str) -> bool:
    return path.endswith("/agents")


def names(said: str) -> list[str]:
    """The first column of a table."""
    return [line.split(" · ")[0] for line in said.split("\n")[2:]]


@pytest.fixture
def fleet(world: World) -> World:
    """Two macs beside the four Linux agents, one of them older and stopping."""
    world.buildkite.agent("mac-1", hostname="mini-1", version="3.90.0", tags=("os=macos", "arch=arm64"))
    mac = world.buildkite.agent("mac-10", hostname="mini-10", version="3.103.0", tags=("os=macos",))
    mac.connection_state = "stopping"
    return world


async def test_a_whole_name_is_buildkites_to_find(fleet: World) -> None:
    """An agent of exactly that name is the one that is meant, though others have it in theirs."""
    assert names(await asks(fleet, fleet.bob, "agent list --name mac-1")) == ["mac-1"]
    assert asked(fleet) == ["name=mac-1"]


async def test_part_of_a_name_is_found_here(fleet: World) -> None:
    """Buildkite knows whole names alone: where there is none, those that have it in theirs are listed."""
    assert names(await asks(fleet, fleet.bob, "agent list mac")) == ["mac-1", "mac-10"]
    assert asked(fleet) == ["name=mac", ""]


async def test_hosts_and_versions_are_buildkites_to_find(fleet: World) -> None:
    """Both are sent to it, together where both are given; a part of the name is looked for in what comes back."""
    assert names(await asks(fleet, fleet.bob, "agent list --hostname mini-10")) == ["mac-10"]
    assert names(await asks(fleet, fleet.bob, "agent list --version 3.90.0 --hostname mini-1 --name ac")) == [
        "mac-1"
    ]
    assert asked(fleet) == [
        "hostname=mini-10",
        "name=ac&hostname=mini-1&version=3.90.0",
        "hostname=mini-1&version=3.90.0",
    ]


async def test_states_and_tags_are_found_here(fleet: World) -> None:
    """Running, idle, paused and stopping, as `bk` has them; of several tags all must be there."""
    fleet.buildkite.agent_pause(fleet.buildkite.find_agent("deploy-1"))
    build = fleet.buildkite.create_build("web")
    fleet.buildkite.start_job(build.find_job("lint").id, "ci-linux-1")
    states = ("running", "idle", "paused", "stopping")
    found = {state: names(await asks(fleet, fleet.bob, f"agent list --state {state}")) for state in states}
    assert found == snapshot(
        {
            "running": ["ci-linux-1"],
            "idle": ["ci-linux-2", "ci-linux-3", "mac-1"],
            "paused": ["deploy-1"],
            "stopping": ["mac-10"],
        }
    )
    assert names(await asks(fleet, fleet.bob, "agent list --tags os=macos")) == ["mac-1", "mac-10"]
    assert names(await asks(fleet, fleet.bob, "agent list --tags os=macos --tags arch=arm64")) == ["mac-1"]


async def test_nothing_found_says_what_was_looked_for(fleet: World) -> None:
    """Every filter is repeated in words, and where an agent that is gone can still be seen."""
    words = "agent list mac --hostname mini-1 --version 1.0 --state idle --tags os=linux"
    assert await asks(fleet, fleet.bob, words) == snapshot("""\
No connected agent with “mac” in its name, on host mini-1, of version 1.0, that is idle, tagged os=linux.
Agents that have stopped or were lost are not listed: `agent view` shows one by its whole id.\
""")


async def test_a_state_that_there_is_not(fleet: World) -> None:
    """A wrong word is quoted, with those that there are."""
    assert await asks(fleet, fleet.bob, "agent list --state busy") == snapshot("""\
⚠️ `busy` is not a choice for `--state`.
It can be `running`, `idle`, `paused` or `stopping`.\
""")


@pytest.mark.parametrize("state", ["never_connected", "disconnected", "stopped", "lost"])
async def test_an_agent_that_is_gone_is_shown_by_its_id(fleet: World, state: str) -> None:
    """In no list, but by its whole id: its state in words, and no buttons that could do nothing."""
    gone = fleet.buildkite.agent("old", hostname="h")
    gone.connection_state = state
    said = await asks(fleet, fleet.alice, f"agent view {gone.id}")
    assert said.split("\n")[0] == f"old is {state.replace('_', ' ')}."
    assert "[" not in said


def test_older_and_newer_answers_mean_the_same() -> None:
    """Older ones name the queue as a tag and know of no pauses; newer ones have keys for both."""
    older = {"id": "1", "name": "a", "connection_state": "connected", "meta_data": ["queue=mac", "os=macos"]}
    newer = {**older, "queue": "mac", "paused": False, "paused_at": None, "paused_timeout_in_minutes": None}
    assert Agent.model_validate(older) == Agent.model_validate(newer)
    assert Agent.model_validate({**older, "paused": None, "meta_data": None}).activity == "idle"
    assert Agent.model_validate({**newer, "paused": True}).activity == "paused"
    assert Agent.model_validate({**newer, "paused": True, "connection_state": "lost"}).activity == "lost"
