"""A client that others wrote for Buildkite works against the simulator unchanged."""

import asyncio
from typing import Any

import pytest
from pybuildkite.buildkite import Buildkite, BuildState

from bot.sim.buildkite import BuildkiteSim


@pytest.fixture
def client(base: str) -> Any:
    """pybuildkite as published, pointed at the simulator."""
    made = Buildkite()
    made.base_url = f"{base}/v2/"
    made.set_access_token("bkua_sim")
    return made


def everything(client: Any) -> list[Any]:
    """What a script would do: create, look, cancel, rebuild, list."""
    org, builds = "acme-inc", client.builds()
    made = builds.create_build(org, "web", "HEAD", "main", message="Hello", meta_data={"a": "b"})
    number = made["number"]
    return [
        made["message"],
        builds.get_build_by_number(org, "web", number)["state"],
        builds.cancel_build(org, "web", number)["state"],
        builds.rebuild_build(org, "web", number)["number"],
        [one["number"] for one in builds.list_all_for_pipeline(org, "web", states=[BuildState.CANCELED])],
        [one["number"] for one in builds.list_all_for_org(org, meta_data={"a": "b"})],
        [one["name"] for one in client.agents().list_all(org)],
        [one["slug"] for one in client.pipelines().list_pipelines(org)],
    ]


async def test_pybuildkite(sim: BuildkiteSim, client: Any) -> None:
    """pybuildkite creates, reads, cancels, rebuilds and lists builds, agents and pipelines."""
    assert await asyncio.to_thread(everything, client) == [
        "Hello",
        "scheduled",
        "canceled",
        2,
        [1],
        [2, 1],
        ["ci-linux-1", "ci-linux-2", "ci-linux-3", "deploy-1"],
        ["web", "deploy-prod", "api", "docs-site", "mobile"],
    ]
    assert sim.builds[0].state == "canceled"
