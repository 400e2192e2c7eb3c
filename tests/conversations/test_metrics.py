"""Metrics: each one that is defined moves with what it counts."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from simulators.slack.signing import sign_headers
from tests.conversations.world import SIGNING_SECRET, World

FIXTURES = Path(__file__).parents[1] / "fixtures" / "slack"
RUNBOOK = Path(__file__).parents[2] / "docs/runbook.md"


async def read_samples(world: World) -> list[Sample]:
    """Return all samples of the metrics page."""
    async with httpx.AsyncClient() as http:
        page = await http.get(urljoin(world.slack.request_url, "/metrics"))
    return [sample for family in text_string_to_metric_families(page.text) for sample in family.samples]


async def send_notice(world: World) -> None:
    """Send the event that the app was uninstalled."""
    body = (FIXTURES / "event_app_uninstalled.json").read_bytes()
    headers = sign_headers(SIGNING_SECRET, int(world.slack.now()), body, "application/json")
    async with httpx.AsyncClient() as http:
        await http.post(str(world.slack.request_url), content=body, headers=headers)


async def count_limited(world: World) -> dict[str, float]:
    """Return the number of limited calls by method."""
    samples = await read_samples(world)
    return {
        sample.labels["method"]: sample.value
        for sample in samples
        if sample.name == "kitestring_slack_limited_total"
    }


async def test_a_limited_post_is_counted(world: World) -> None:
    """A post that Slack answers with 429 is counted under its method."""
    assert await count_limited(world) == {}
    world.slack.faults.rate_limit("chat.postMessage", times=2, retry_after=1)
    await world.bob.types(world.deploys, "/bk build create web -b main")
    await world.settle()
    assert await count_limited(world) == {"chat.postMessage": 2}


@pytest.mark.parametrize("method", ["response_url", "views.open", "users.info"])
async def test_every_limited_call_is_counted(world: World, method: str) -> None:
    """Answers by response URL and calls of other methods count as well."""
    world.slack.faults.rate_limit(method, retry_after=1)
    await world.bob.types(world.deploys, "/bk build create")
    await world.bob.types(world.deploys, "/bk help")
    await world.settle()
    assert await count_limited(world) == {method: 1}


async def test_every_metric_moves(world: World) -> None:
    """A few minutes with a bot move each counter and each histogram, and set each gauge."""
    world.slack.faults.rate_limit("chat.postMessage", retry_after=1)
    await world.bob.types(world.deploys, "/bk build create web -b main")
    await world.settle()
    world.buildkite.run_build(world.buildkite.builds[-1])
    await world.settle()
    async with httpx.AsyncClient() as http:
        await http.post(world.slack.request_url, content=b"{}")
    await send_notice(world)
    samples = {}
    for sample in await read_samples(world):
        samples[sample.name] = max(samples.get(sample.name, 0), sample.value)
    families = {family.name: family for family in world.bot.platform.metrics.registry.collect()}
    moved = {
        name: samples.get(name + {"counter": "_total", "histogram": "_count"}[family.type], 0)
        for name, family in families.items()
        if family.type != "gauge"
    }
    assert len(moved) == 8
    assert [name for name, value in moved.items() if value == 0] == []
    assert {name for name, family in families.items() if family.type == "gauge"} <= set(samples)
