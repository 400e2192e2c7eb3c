"""The simulator's REST API behaves as Buildkite documents it."""

import httpx
import pytest

from simulators.buildkite.sim import BuildkiteSim
from tests.sim.buildkite.manual_clock import ManualClock


async def test_no_token_no_answer(api: httpx.AsyncClient) -> None:
    """A wrong or missing token gets 401 and Buildkite's sentence, even for a path that exists."""
    for headers in ({"Authorization": "Bearer wrong"}, {"Authorization": "Token bkua_sim"}):
        answer = await api.get("/builds", headers=headers)
        assert answer.status_code == 401
        assert answer.json()["message"].startswith(
            "Authentication required. Please supply a valid API Access Token"
        )


async def test_missing_scope_is_named(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """A token without the scope gets 403 with the scope's name."""
    sim.scopes.discard("write_builds")
    answer = await api.post("/pipelines/web/builds", json={"commit": "HEAD", "branch": "main"})
    assert (answer.status_code, answer.json()) == (
        403,
        {"message": "Your access token doesn't have the write_builds scope"},
    )
    assert sim.builds == []


async def test_revoked_token(api: httpx.AsyncClient, base: str) -> None:
    """Deleting the access token makes it useless."""
    assert (await api.get(f"{base}/v2/access-token")).json()["user"]["name"] == "Sam Kim"
    assert (await api.delete(f"{base}/v2/access-token")).status_code == 204
    assert (await api.get("/builds")).status_code == 401


async def test_fifty_requests_a_minute(api: httpx.AsyncClient, clock: ManualClock) -> None:
    """The 51st request of a user within a minute is refused with a message; the next minute starts anew."""
    for _ in range(50):
        last = await api.get("/agents")
    assert last.status_code == 200
    assert last.headers["RateLimit-User-Remaining"] == "0"
    clock.forward(18)
    limited = await api.get("/agents")
    assert limited.status_code == 429
    assert limited.json() == {
        "message": "You have exceeded your API rate limit. Please wait 42 seconds before making more requests.",
        "scope": "rest_user",
        "limit": 50,
        "current": 51,
        "reset": 42,
    }
    assert (limited.headers["RateLimit-Remaining"], limited.headers["RateLimit-User-Reset"]) == ("149", "42")
    assert "RateLimit-User-Warning" in limited.headers
    assert "Retry-After" not in limited.headers
    clock.forward(42)
    assert (await api.get("/agents")).status_code == 200


async def test_organization_limit(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """The organization's own limit is named `rest`."""
    sim.limits.org.limit = 1
    await api.get("/agents")
    limited = await api.get("/agents")
    assert (limited.status_code, limited.json()["scope"], limited.json()["limit"]) == (429, "rest", 1)


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"commit": "HEAD", "branch": "main"}},
        {"content": b"{", "headers": {"Content-Type": "application/json"}},
    ],
)
async def test_only_json_bodies(api: httpx.AsyncClient, sim: BuildkiteSim, body: dict[str, object]) -> None:
    """A form and broken JSON are refused, and nothing is created."""
    answer = await api.post("/pipelines/web/builds", **body)  # type: ignore[arg-type]
    assert answer.status_code == 400
    assert sim.builds == []


async def test_create_needs_commit_and_branch(api: httpx.AsyncClient) -> None:
    """A create body without commit is refused field by field."""
    answer = await api.post("/pipelines/web/builds", json={"branch": "main"})
    assert answer.status_code == 422
    assert answer.json()["message"] == "Validation Failed"
    assert [error["field"] for error in answer.json()["errors"]] == ["commit"]


async def test_created_build(api: httpx.AsyncClient) -> None:
    """A new build has the token's user as creator, the given author, and meta-data as strings."""
    asked = {
        "commit": "HEAD",
        "branch": "main",
        "author": {"name": "Ada", "email": "ada@example.com"},
        "meta_data": {"id": "7", "dry": True},
    }
    answer = await api.post("/pipelines/web/builds", json=asked)
    build = answer.json()
    assert (answer.status_code, build["state"], build["source"], build["number"]) == (201, "scheduled", "api", 1)
    assert build["author"] == {"username": None, "name": "Ada", "email": "ada@example.com"}
    assert build["creator"]["name"] == "Sam Kim"
    assert build["meta_data"] == {"id": "7", "dry": "true"}
    assert build["created_at"] == "2026-08-21T02:00:00.000Z"


async def test_job_kinds_have_their_own_keys(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """A manual job has a label and no name, a waiter neither, a command job a name."""
    sim.create_build("web")
    sim.create_build("deploy-prod")
    jobs = [job for build in (await api.get("/builds")).json() for job in build["jobs"]]
    kinds = {job["type"]: job for job in jobs}
    assert (kinds["manual"]["label"], "name" in kinds["manual"]) == ("Release to production?", False)
    assert not {"name", "label"} & set(kinds["waiter"])
    assert kinds["script"]["name"]


async def test_refusals_have_buildkites_messages(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """Wrong states are refused with Buildkite's own messages."""
    build = sim.create_build("deploy-prod")
    test, block = build.jobs[0].id, build.jobs[1].id
    sim.run_build(build)
    expected = {
        (f"/jobs/{test}/retry", 400): "Only failed, timed out or canceled jobs can be retried",
        (f"/jobs/{test}/unblock", 400): "This job type cannot be unblocked",
        (f"/jobs/{block}x/unblock", 404): "No job found",
        (f"/jobs/{test}/reprioritize", 400): "Priority must be an integer",
        ("/pipelines/deploy-prod/builds/1/retry_failed_jobs?states=odd", 400): "Invalid states: odd."
        " Valid states are canceled, expired, failed, soft_failed, timed_out.",
    }
    for (path, status), words in expected.items():
        answer = await api.put(path)
        assert (answer.status_code, answer.json()["message"]) == (status, words)
    unknown = await api.put(f"/jobs/{block}/unblock", json={"unblocker": "nobody"})
    assert unknown.json()["message"] == "Unblocker is not a valid user id for this organization"
    fields = {"fields": {"release-name": "1"}}
    assert (await api.put(f"/jobs/{block}/unblock", json=fields)).json()["unblockable"] is False
    again = await api.put(f"/jobs/{block}/unblock", json=fields)
    assert (again.status_code, again.json()["message"]) == (422, "The job's state must be blocked")


async def test_retry_failed_jobs(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """All failed jobs are retried at once; the answer is 202 with their number."""
    sim.run_build(sim.create_build("mobile"), fail={"android", "ios"})
    answer = await api.put("/pipelines/mobile/builds/1/retry_failed_jobs")
    assert (answer.status_code, answer.json()["retried_jobs_count"]) == (202, 2)
    assert answer.json()["state"] == "running"


async def test_rebuild_forbidden(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """`allow_rebuilds: false` forbids it; otherwise the answer is a new build."""
    sim.create_build("web")
    fresh = await api.put("/pipelines/web/builds/1/rebuild")
    assert (fresh.status_code, fresh.json()["number"], fresh.json()["rebuilt_from"]["number"]) == (200, 2, 1)
    await api.patch("/pipelines/web", json={"allow_rebuilds": False})
    assert (await api.put("/pipelines/web/builds/1/rebuild")).status_code == 422


async def test_logs(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """A log is served as JSON, text, length and tail; an empty one has no tail."""
    job = sim.create_build("web").jobs[0].id
    tail = {"Accept": "text/plain", "Range": "bytes=-4"}
    path = f"/jobs/{job}/log"
    assert (await api.get(path, headers=tail)).status_code == 416
    sim.log(job, "Grüße\nend\n")
    assert (await api.get(path)).json()["size"] == 12
    assert (await api.get(f"{path}.txt")).text == "Grüße\nend\n"
    assert (await api.get(path, headers={"Accept": "text/plain"})).text == "Grüße\nend\n"
    assert (await api.head(path)).headers["Content-Length"] == "12"
    part = await api.get(path, headers=tail)
    assert (part.status_code, part.text, part.headers["Content-Range"]) == (206, "end\n", "bytes 8-11/12")
    assert (await api.get(path, headers=tail | {"Range": "bytes=0-3"})).status_code == 400


async def test_artifact_download_redirects(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """A download is a redirect to another host, also named in the body."""
    job = sim.create_build("web").jobs[0].id
    made = sim.artifact(job, "dist/app.js", b"x")
    (listed,) = (await api.get("/pipelines/web/builds/1/artifacts?path=dist/*")).json()
    answer = await api.get(listed["download_url"])
    assert answer.status_code == 302
    assert answer.headers["Location"] == answer.json()["url"]
    assert made["id"] in answer.headers["Location"]
    assert (await api.get("/pipelines/web/builds/1/artifacts?state=odd")).status_code == 422


async def test_pipelines_are_made_renamed_and_archived(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """A new name changes the slug; an archived pipeline takes no builds."""
    body = {"name": "Big Tool", "repository": "git@example.com:x.git", "cluster_id": sim.cluster.id}
    assert (await api.post("/pipelines", json=body)).json()["errors"][0]["field"] == "configuration"
    body["configuration"] = "steps:\n- command: make\n- wait\n"
    made = (await api.post("/pipelines", json=body)).json()
    assert (made["slug"], [step["type"] for step in made["steps"]]) == ("big-tool", ["script", "waiter"])
    assert (await api.post("/pipelines", json=body)).status_code == 422
    assert (await api.patch("/pipelines/big-tool", json={"name": "Tool"})).json()["slug"] == "tool"
    assert (await api.get("/pipelines/big-tool")).status_code == 404
    assert (await api.post("/pipelines/tool/archive")).json()["archived_at"]
    create = {"commit": "HEAD", "branch": "main"}
    assert (await api.post("/pipelines/tool/builds", json=create)).status_code == 422
    assert (await api.delete("/pipelines/tool")).status_code == 204
