"""The simulator's answers match Buildkite's OpenAPI documents."""

import ssl
from collections.abc import AsyncIterator

import httpx
import pytest
import yaml

from simulators.buildkite.seed_demo import seed_demo
from simulators.buildkite.server_state import RecordedRequest
from simulators.buildkite.sim import BuildkiteSim
from simulators.http_server import Serving
from tests.contract.validation import CONTRACTS, load_agent_spec, load_rest_spec, validate

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # only HTTP is used, and loading certificates takes time
B = "/pipelines/deploy-prod/builds/1"


@pytest.fixture
def sim() -> BuildkiteSim:
    made = BuildkiteSim()
    seed_demo(made)
    made.limits.user.limit = 1000
    return made


@pytest.fixture
async def api(sim: BuildkiteSim) -> AsyncIterator[httpx.AsyncClient]:
    async with Serving(sim.app) as base:
        sim.base_url = base
        headers = {"Authorization": "Bearer bkua_sim"}
        async with httpx.AsyncClient(base_url=f"{base}/v2", headers=headers, verify=PLAIN) as client:
            yield client


def calls(sim: BuildkiteSim) -> list[tuple[str, str, object]]:
    """Return one call for every operation of the REST document, in an order that can succeed."""
    org, failed = "/organizations/acme-inc", sim.create_build("deploy-prod")
    sim.run_build(failed, fail={"test"})
    job, cluster, agent = failed.jobs[0].id, sim.cluster.id, next(iter(sim.agents))
    pipeline = {
        "name": "New",
        "repository": "git@example.com:x.git",
        "cluster_id": cluster,
        "configuration": "steps:\n- command: make\n",
    }
    return [
        *[("GET", f"{org}{path}", None) for path in ("", "/pipelines", "/agents", "/clusters", "/teams")],
        *[("GET", f"{org}{path}", None) for path in ("/pipeline-templates", "/rules", "/emojis")],
        *[("GET", f"{org}/clusters/{cluster}/{path}", None) for path in ("queues", "tokens")],
        *[("GET", path, None) for path in ("/user", "/access-token", "/meta", "/organizations")],
        ("POST", f"{org}/pipelines", pipeline),
        ("PATCH", f"{org}/pipelines/new", {"description": "Newer"}),
        ("GET", f"{org}/pipelines/new", None),
        ("DELETE", f"{org}/pipelines/new", None),
        ("POST", f"{org}/pipelines/web/builds", {"commit": "HEAD", "branch": "main"}),
        ("PUT", f"{org}/pipelines/web/builds/1/cancel", None),
        ("GET", f"{org}/pipelines/web/builds", None),
        ("GET", f"{org}{B}", None),
        *[("GET", f"{org}{B}/{path}", None) for path in ("artifacts", "annotations", f"jobs/{job}/log")],
        ("POST", f"{org}{B}/annotations", {"body": "Look"}),
        ("PUT", f"{org}{B}/jobs/{job}/retry", None),
        ("PUT", f"{org}{B}/rebuild", None),
        ("GET", f"{org}/agents/{agent}", None),
        ("PUT", f"{org}/agents/{agent}/stop", {"force": False}),
        ("DELETE", "/access-token", None),
    ]


async def test_every_operation_answers_as_documented(sim: BuildkiteSim, api: httpx.AsyncClient) -> None:
    """Each operation of the REST document succeeds, and its exchange validates."""
    for method, path, body in calls(sim):
        answer = await api.request(method, path, json=body)
        assert answer.status_code < 300, (method, path, answer.text)
    document = yaml.safe_load((CONTRACTS / "buildkite-rest-openapi.yaml").read_text())
    promised = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert len({call[:2] for call in calls(sim)}) >= len(promised)
    assert validate(sim.requests, load_rest_spec()) == len(sim.requests)


async def test_every_build_state_is_documented(sim: BuildkiteSim, api: httpx.AsyncClient) -> None:
    """Scheduled, running, failing, blocked, canceling and canceled builds validate, and so do refusals."""
    builds = [sim.create_build("mobile") for _ in range(4)]
    for build in builds[1:]:
        sim.start_job(build.jobs[0].id)
    sim.finish_job(builds[2].jobs[0].id, 1)
    sim.cancel_build(builds[3])
    blocked = sim.create_build("deploy-prod")
    sim.run_build(blocked)
    path = "/organizations/acme-inc/pipelines"
    states = [(await api.get(f"{path}/mobile/builds/{number}")).json()["state"] for number in (1, 2, 3, 4)]
    assert states == ["scheduled", "running", "failing", "canceling"]
    for _ in range(2):
        await api.put(f"{path}/deploy-prod/builds/1/cancel")
    await api.get(f"{path}/deploy-prod/builds")
    assert validate(sim.requests, load_rest_spec()) == 7


async def test_agent_api(sim: BuildkiteSim, api: httpx.AsyncClient) -> None:
    """Metrics and stacks answer to the agent token as `Token …`, and to nothing else."""
    root = f"{sim.base_url}/v3"
    assert (await api.get(f"{root}/metrics")).status_code == 401
    sim.requests.clear()
    headers = {"Authorization": "Token bkct_sim"}
    sim.start_job(sim.create_build("web").jobs[0].id)
    metrics = await api.get(f"{root}/metrics", headers=headers)
    assert metrics.headers["Buildkite-Agent-Metrics-Poll-Duration"] == "10"
    assert metrics.json()["agents"]["queues"]["default"] == {"idle": 2, "busy": 1, "total": 3}
    assert metrics.json()["jobs"] == {
        "scheduled": 2,
        "running": 1,
        "waiting": 1,
        "total": 4,
        "queues": {"default": {"scheduled": 2, "running": 1, "waiting": 1, "total": 4}},
    }
    await api.get(f"{root}/stacks", headers=headers)
    assert validate(sim.requests, load_agent_spec()) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"response_json": {"number": "one"}}, "is not of type 'integer'"),
        ({"status": 302}, "302"),
        ({"method": "PUT", "path": "/v2/organizations/a/pipelines/b/builds/x/cancel"}, "x"),
    ],
)
def test_an_undocumented_exchange_is_found(change: dict[str, object], words: str) -> None:
    """The validation fails on a wrong type, an unknown status and a wrong parameter."""
    path = "/v2/organizations/a/pipelines/b/builds/1"
    given: dict[str, object] = {
        "method": "GET",
        "path": path,
        "query": "",
        "headers": {},
        "json": None,
        "status": 200,
        "response_json": {},
        "response_headers": {},
    }
    with pytest.raises(AssertionError, match=words):
        validate([RecordedRequest(**(given | change))], load_rest_spec())  # type: ignore[arg-type]
