"""The simulator's webhooks: payloads, signatures and network faults."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.buildkite.seed_demo import seed_demo
from simulators.buildkite.sim import BuildkiteSim
from simulators.buildkite.webhooks import sign
from simulators.http_server import Serving
from tests.sim.buildkite.manual_clock import START, ManualClock

FIXTURES = Path(__file__).parents[2] / "fixtures" / "webhooks"
SECRET = "309c9c842a8565adecbd7469c6005989"


class WebhookRecorder:
    """Receives webhooks and keeps headers and raw bodies."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.app = Starlette(routes=[Route("/", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        self.received.append((dict(request.headers), await request.body()))
        return Response(status_code=202)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _headers, body in self.received]


@pytest.fixture
def recorder() -> WebhookRecorder:
    return WebhookRecorder()


@pytest.fixture
async def url(recorder: WebhookRecorder) -> AsyncIterator[str]:
    async with Serving(recorder.app) as base:
        yield base + "/"


def vectors() -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads((FIXTURES / "signature_vectors.json").read_text())
    return found


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector["name"])
def test_signatures_match_known_vectors(vector: dict[str, str]) -> None:
    """Signing the published bodies gives the published headers."""
    assert sign(vector["body"].encode(), vector["secret"], int(vector["timestamp"])) == vector["header"]


async def test_signed_delivery(sim: BuildkiteSim, recorder: WebhookRecorder, url: str, clock: ManualClock) -> None:
    """A delivery is signed when it is sent, over its exact bytes, and has no token."""
    sim.add_webhook(url, SECRET)
    sim.create_build("web", message="Grüße ✓")
    clock.forward(600)
    assert await sim.deliver() == [("build.scheduled", 202), *[("job.scheduled", 202)] * 3]
    headers, body = recorder.received[0]
    stamp = int(START + 600)
    digest = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["x-buildkite-signature"] == f"timestamp={stamp},signature={digest}"
    assert headers["x-buildkite-event"] == "build.scheduled"
    assert headers["user-agent"] == "Buildkite-Request"
    assert "x-buildkite-token" not in headers
    assert len({headers["x-buildkite-request"] for headers, _body in recorder.received}) == 4


async def test_token_mode(sim: BuildkiteSim, recorder: WebhookRecorder, url: str) -> None:
    """In token mode the token is sent as it is, and nothing is signed."""
    sim.add_webhook(url, "secret", mode="token", events=["build.scheduled"])
    sim.create_build("web")
    assert await sim.deliver() == [("build.scheduled", 202)]
    assert recorder.received[0][0]["x-buildkite-token"] == "secret"
    assert "x-buildkite-signature" not in recorder.received[0][0]


PLAYED = (
    *("build.scheduled", "build.running", "build.failing", "build.finished", "build.skipped"),
    *("job.scheduled", "job.started", "job.finished", "job.activated"),
    *("agent.connected", "agent.lost", "agent.disconnected"),
)


def play_history(sim: BuildkiteSim) -> None:
    """Play a history that fires every build, job and agent event."""
    build = sim.create_build("deploy-prod")
    sim.run_build(build)
    sim.unblock(build.jobs[1].id, {"release-name": "1"})
    sim.run_build(build, fail={"deploy"})
    sim.retry_job(build.find_job("deploy").id)
    sim.run_build(build)
    sim.create_build("api")
    sim.create_build("api")
    sim.agent("late")
    sim.lose_agent("ci-linux-1")
    sim.disconnect_agent("ci-linux-2")


@pytest.mark.parametrize("event", PLAYED)
async def test_payloads_have_the_documented_keys(
    sim: BuildkiteSim, recorder: WebhookRecorder, url: str, event: str
) -> None:
    """Every key of the documented payload is in each of its objects, and builds have no jobs."""
    sim.add_webhook(url, SECRET, events=[event])
    play_history(sim)
    await sim.deliver()
    documented = json.loads((FIXTURES / f"{event}.json").read_text())
    for body in recorder.bodies:
        assert set(documented) == set(body)
        for part in set(documented) & {"build", "pipeline", "job", "agent", "sender"}:
            assert set(documented[part]) <= set(body[part]) | {"group_key", "unblock_url"}, part
        assert "jobs" not in body.get("build", {})
        assert body["sender"]["name"] == "Sam Kim"


async def test_blocked_build_arrives_as_finished(sim: BuildkiteSim, recorder: WebhookRecorder, url: str) -> None:
    """A blocked build is sent as build.finished, passed and blocked; its later end isn't blocked."""
    sim.add_webhook(url, SECRET, events=["build.finished"])
    play_history(sim)
    await sim.deliver()
    ends = [(body["build"]["state"], body["build"]["blocked"]) for body in recorder.bodies]
    assert ends == [("passed", True), ("failed", False), ("passed", False)]


@pytest.mark.parametrize(
    ("style", "shown"), [("utc", "2026-08-21 02:00:00 UTC"), ("iso", "2026-08-21T02:00:00.000Z")]
)
async def test_times_of_payloads(
    sim: BuildkiteSim, recorder: WebhookRecorder, url: str, style: str, shown: str
) -> None:
    """Times have the chosen format in every object."""
    sim.time_style = style
    sim.add_webhook(url, SECRET, events=["job.started"])
    sim.start_job(sim.create_build("web").jobs[0].id)
    await sim.deliver()
    (body,) = recorder.bodies
    times = [body["build"]["created_at"], body["job"]["started_at"], body["pipeline"]["created_at"]]
    assert times == [shown] * 3


async def test_payload_newer_than_its_event(sim: BuildkiteSim, recorder: WebhookRecorder, url: str) -> None:
    """Rendered at dispatch, the build of build.scheduled is already canceled; otherwise it isn't yet."""
    sim.add_webhook(url, SECRET, events=["build.scheduled"])
    for late in (False, True):
        sim.render_at_dispatch = late
        sim.cancel_build(sim.create_build("web"))
    await sim.deliver()
    assert [body["build"]["state"] for body in recorder.bodies] == ["scheduled", "canceled"]


async def test_network_off_and_dropping(sim: BuildkiteSim, url: str) -> None:
    """Disabled webhooks, and a network that drops all, deliver nothing, not even later."""
    sim.add_webhook(url, SECRET)
    sim.webhooks_off = True
    sim.create_build("web")
    sim.webhooks_off = False
    sim.network.drop = 1
    sim.create_build("web")
    assert await sim.deliver() == []


async def test_doubled_deliveries(sim: BuildkiteSim, recorder: WebhookRecorder, url: str) -> None:
    """A doubled delivery has the same body with another request id."""
    sim.network.double = 1
    sim.add_webhook(url, SECRET, events=["build.scheduled"])
    sim.create_build("web")
    await sim.deliver()
    (item, first), (two, second) = recorder.received
    assert first == second
    assert item["x-buildkite-request"] != two["x-buildkite-request"]


async def test_delayed_deliveries(sim: BuildkiteSim, url: str, clock: ManualClock) -> None:
    """A delayed delivery stays in the outbox until it is due."""
    sim.network.delay, sim.network.longest = 1, 30
    sim.add_webhook(url, SECRET, events=["build.scheduled"])
    sim.create_build("web")
    assert await sim.deliver() == []
    assert len(sim.outbox) == 1
    clock.forward(30)
    assert await sim.deliver() == [("build.scheduled", 202)]


def test_a_seed_decides_the_network(clock: ManualClock) -> None:
    """One seed always loses, doubles and shuffles the same deliveries; another seed others."""

    def order(seed: int) -> list[str]:
        sim = BuildkiteSim(now=clock, seed=seed)
        seed_demo(sim)
        sim.add_webhook("http://127.0.0.1:9/", SECRET)
        sim.network.drop = sim.network.double = sim.network.reorder = 0.3
        play_history(sim)
        return [delivery.event for delivery in sim.outbox]

    assert order(5) == order(5) != order(6)


async def test_unreachable_receiver(sim: BuildkiteSim) -> None:
    """An unreachable receiver has status 0 in the history, and nothing is sent again."""
    async with Serving(WebhookRecorder().app) as stopped_url:
        pass
    sim.add_webhook(stopped_url + "/", SECRET, events=["build.scheduled"])
    sim.create_build("web")
    assert await sim.deliver() == [("build.scheduled", 0)]
    assert await sim.deliver() == []
    assert sim.snapshot()["deliveries"][-1]["status"] == 0


async def test_service_made_over_rest(sim: BuildkiteSim, recorder: WebhookRecorder, url: str, api: Any) -> None:
    """A webhook created over REST gets a ping first, and the response has its whole token."""
    asked = {"provider": "webhook", "settings": {"url": url, "token": SECRET, "events": ["build.scheduled"]}}
    made = await api.post("/services", json=asked)
    assert (made.status_code, made.json()["settings"]["token"]) == (201, SECRET)
    assert [item["id"] for item in (await api.get("/services")).json()["items"]] == [made.json()["id"]]
    assert await sim.deliver() == [("ping", 202)]
    documented = json.loads((FIXTURES / "ping.json").read_text())
    assert set(recorder.bodies[0]) == set(documented)
    assert recorder.bodies[0]["organization"]["slug"] == "acme-inc"


async def test_subscribers_are_notified_of_changes(sim: BuildkiteSim) -> None:
    """A subscriber is notified of each change until it unsubscribes."""
    watcher = sim.subscribe()
    build = sim.create_build("mobile")
    assert watcher.get_nowait() == {"event": "build.scheduled", "id": build.id}
    sim.unsubscribe(watcher)
    size = watcher.qsize()
    sim.create_build("mobile")
    assert watcher.qsize() == size
