"""The simulator fails on request: statuses, cut connections, lost answers, hangs."""

import asyncio

import httpx
import pytest

from simulators.buildkite.sim import BuildkiteSim

BODY = {"commit": "HEAD", "branch": "main"}


async def test_next_requests_fail_then_recover(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """A fault affects exactly the requests it was added for."""
    sim.faults.fail(502, times=2, method="POST", path="/builds$")
    assert (await api.get("/builds")).status_code == 200
    answers = [(await api.post("/pipelines/web/builds", json=BODY)).status_code for _ in range(3)]
    assert answers == [502, 502, 201]
    assert len(sim.builds) == 1


@pytest.mark.parametrize(("applied", "made"), [(False, 0), (True, 1)])
async def test_cut_connection(api: httpx.AsyncClient, sim: BuildkiteSim, applied: bool, made: int) -> None:
    """The connection is cut without an answer, after or before the request took effect."""
    sim.faults.reset(method="POST", applied=applied)
    with pytest.raises(httpx.TransportError):
        await api.post("/pipelines/web/builds", json=BODY)
    assert len(sim.builds) == made
    assert [request.status for request in sim.requests] == [0]


@pytest.mark.parametrize("applied", [False, True])
async def test_hanging_request(api: httpx.AsyncClient, sim: BuildkiteSim, applied: bool) -> None:
    """A hanging request is answered once released; only an applied one takes effect before."""
    fault = sim.faults.hang(method="POST", applied=applied)
    asking = asyncio.create_task(api.post("/pipelines/web/builds", json=BODY))
    await fault.arrived.wait()
    assert len(sim.builds) == applied
    fault.release()
    assert (await asking).status_code == 201
    assert len(sim.builds) == 1


async def test_down(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """While it is down every request gets 503, and none counts against a limit."""
    sim.down = True
    assert (await api.get("/builds")).status_code == 503
    sim.down = False
    assert (await api.get("/builds")).headers["RateLimit-User-Remaining"] == "49"


async def test_requests_are_recorded_without_the_token(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """Each exchange is recorded with query, body and answer, never with the token."""
    await api.post("/pipelines/web/builds?a=b", json=BODY)
    (request,) = sim.requests
    assert (request.method, request.query, request.json, request.status) == ("POST", "a=b", BODY, 201)
    assert request.path == "/v2/organizations/acme-inc/pipelines/web/builds"
    assert request.response_json["number"] == 1
    assert "bkua_sim" not in repr(request)
