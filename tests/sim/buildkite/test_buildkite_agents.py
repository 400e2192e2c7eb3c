"""Agents and queues of the simulator: taking jobs, pausing, stopping."""

import httpx
import pytest

from simulators.buildkite.sim import BuildkiteSim
from tests.sim.buildkite.manual_clock import ManualClock


def words(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["message"]


async def test_pause_and_resume(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """A paused agent shows by whom, why and how long, takes no jobs, and can't be paused twice."""
    agent = sim.find_agent("deploy-1")
    path = f"/agents/{agent.id}"
    paused = await api.put(f"{path}/pause", json={"note": "Disk", "timeout_in_minutes": 60})
    assert paused.status_code == 204
    shown = (await api.get(path)).json()
    assert (shown["paused"], shown["paused_note"], shown["paused_timeout_in_minutes"]) == (True, "Disk", 60)
    assert shown["paused_by"]["name"] == "Sam Kim"
    assert words(await api.put(f"{path}/pause")) == (422, "Agent is already paused")
    assert (await api.put(f"{path}/resume", json={})).status_code == 204
    assert words(await api.put(f"{path}/resume")) == (422, "Agent is not paused")
    assert words(await api.put("/agents/none/pause")) == (404, "No agent found")


async def test_pause_ends_by_itself(sim: BuildkiteSim, api: httpx.AsyncClient, clock: ManualClock) -> None:
    """Without a timeout a pause lasts five minutes, and the agent runs no jobs meanwhile."""
    for name in ("ci-linux-1", "ci-linux-2", "ci-linux-3"):
        await api.put(f"/agents/{sim.find_agent(name).id}/pause")
    build = sim.create_build("mobile")
    clock.forward(299)
    sim.tick()
    assert not sim.advance(build)
    clock.forward(1)
    sim.tick()
    assert sim.advance(build)
    assert build.jobs[0].state == "running"


async def test_forced_stop_cancels_job_and_build(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """Without `force: false` the job and its build are canceled."""
    build, agent = sim.create_build("mobile"), sim.find_agent("ci-linux-1")
    sim.start_job(build.jobs[0].id, agent)
    assert (await api.put(f"/agents/{agent.id}/stop")).status_code == 204
    assert (build.state, build.jobs[0].signal_reason) == ("canceled", "agent_stop")
    assert agent.connection_state == "stopped"
    assert words(await api.put(f"/agents/{agent.id}/stop")) == (400, "Can only stop connected agents")
    assert words(await api.put(f"/agents/{agent.id}/pause")) == (422, "Only connected agents may be paused")


async def test_graceful_stop_waits_for_the_job(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """A graceful stop shows stopping until the job ends."""
    build, agent = sim.create_build("mobile"), sim.find_agent("ci-linux-1")
    sim.start_job(build.jobs[0].id, agent)
    await api.put(f"/agents/{agent.id}/stop", json={"force": False})
    listed = {item["name"]: item["connection_state"] for item in (await api.get("/agents")).json()}
    assert listed["ci-linux-1"] == "stopping"
    sim.finish_job(build.jobs[0].id)
    assert (agent.connection_state, build.jobs[0].state) == ("stopped", "passed")
    assert len((await api.get("/agents")).json()) == 3
    assert (await api.get(f"/agents/{agent.id}")).json()["stopped_at"]


@pytest.mark.parametrize(("way", "state"), [("lose_agent", "lost"), ("disconnect_agent", "disconnected")])
def test_a_lost_agent_fails_its_job(sim: BuildkiteSim, way: str, state: str) -> None:
    """The job of a lost or disconnected agent ends with exit status -1."""
    build, agent = sim.create_build("mobile"), sim.find_agent("ci-linux-1")
    sim.start_job(build.jobs[0].id, agent)
    getattr(sim, way)("ci-linux-1")
    assert (agent.connection_state, agent.job) == (state, None)
    assert (build.jobs[0].state, build.jobs[0].exit_status, build.state) == ("failed", -1, "failing")


def test_jobs_go_to_their_queue(sim: BuildkiteSim) -> None:
    """Only an agent of the deploy queue takes a job of that queue."""
    build = sim.create_build("deploy-prod")
    sim.run_build(build)
    sim.unblock(build.jobs[1].id, {"release-name": "1"})
    sim.advance(build)
    agent = build.jobs[2].agent
    assert agent is not None
    assert agent.name == "deploy-1"


async def test_paused_queue_dispatches_nothing(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """A queue whose dispatch is paused starts no jobs; pausing twice is refused."""
    queue = sim.find_queue("default")
    assert queue is not None
    path = f"/clusters/{sim.cluster.id}/queues/{queue.id}"
    paused = await api.post(f"{path}/pause_dispatch", json={"dispatch_paused_note": "Incident"})
    assert (paused.status_code, paused.json()["dispatch_paused_note"]) == (200, "Incident")
    assert words(await api.post(f"{path}/pause_dispatch")) == (422, "Cluster queue is already paused")
    build = sim.create_build("mobile")
    assert not sim.advance(build)
    assert (await api.post(f"{path}/resume_dispatch")).json()["dispatch_paused"] is False
    assert words(await api.post(f"{path}/resume_dispatch")) == (422, "Cluster queue is not paused")
    assert sim.advance(build)


async def test_agents_are_found_by_name_and_queue(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """The list can be filtered by name or queue."""
    queue = sim.find_queue("deploy")
    assert queue is not None
    by_queue = (await api.get(f"/agents?cluster_queue_id={queue.id}")).json()
    by_name = (await api.get("/agents?name=ci-linux-2")).json()
    assert [item["name"] for item in by_queue + by_name] == ["deploy-1", "ci-linux-2"]
