"""The simulator's list calls: pages, cursors, filters."""

import httpx
import pytest

from simulators.buildkite.sim import BuildkiteSim
from tests.sim.buildkite.manual_clock import ManualClock


async def test_lists_in_pages(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """Builds are listed newest first, and following `next` returns each exactly once."""
    for _ in range(5):
        sim.create_build("web")
    numbers, url = [], "/builds?per_page=2&exclude_jobs=true&exclude_pipeline=true"
    while url:
        answer = await api.get(url)
        assert all(not {"jobs", "pipeline"} & set(build) for build in answer.json())
        numbers += [build["number"] for build in answer.json()]
        url = answer.links.get("next", {}).get("url", "")
    assert numbers == [5, 4, 3, 2, 1]
    assert set(answer.links) == {"prev", "first"}


async def test_too_deep_a_listing(api: httpx.AsyncClient) -> None:
    """A page far down is refused with advice."""
    answer = await api.get("/builds?page=101&per_page=100")
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Listing builds this deep is not supported.")


async def test_job_cursors(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """The jobs of a build come with cursors; `after` and `before` exclude each other."""
    build = sim.create_build("web")
    seen, url = [], "/pipelines/web/builds/1/jobs?per_page=2"
    while url:
        page = (await api.get(url)).json()
        seen += [job["id"] for job in page["items"]]
        url = page["links"].get("next", "")
    assert seen == [job.id for job in build.jobs]
    back = (await api.get(page["links"]["prev"])).json()
    assert [job["id"] for job in back["items"]] == [job.id for job in build.jobs[2:4]]
    assert (await api.get("/pipelines/web/builds/1/jobs?after=a&before=b")).status_code == 400


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("branch=main", [3, 1]),
        ("branch[]=main&branch[]=feat/a", [3, 2, 1]),
        ("branch=feat/*", [2]),
        ("state=blocked", []),
        ("state[]=passed&state[]=scheduled", [3, 2, 1]),
        ("state=finished", [1]),
        ("meta_data[kind]=x", [2]),
        ("commit=abc", [2]),
        ("created_from=2026-08-21T02:00:10Z", [3]),
        ("created_to=2026-08-21T02:00:10Z", [2, 1]),
        ("finished_from=2026-08-21T02:00:00Z", [1]),
        ("creator=nobody", []),
    ],
)
async def test_filters(
    api: httpx.AsyncClient, sim: BuildkiteSim, clock: ManualClock, query: str, numbers: list[int]
) -> None:
    """Each list parameter filters as documented."""
    sim.run_build(sim.create_build("web"))
    sim.create_build("web", "feat/a", commit="abc", meta_data={"kind": "x"})
    clock.forward(10)
    sim.create_build("web")
    answer = await api.get(f"/pipelines/web/builds?{query}")
    assert [build["number"] for build in answer.json()] == numbers


async def test_blocked_filter(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """`state=blocked` finds the build whose own state says passed."""
    sim.run_build(sim.create_build("deploy-prod"))
    (build,) = (await api.get("/builds?state=blocked")).json()
    assert (build["state"], build["blocked"]) == ("passed", True)


async def test_retried_jobs_are_hidden_in_builds_only(api: httpx.AsyncClient, sim: BuildkiteSim) -> None:
    """A build leaves retried jobs out by default; the job list includes them by default."""
    build = sim.create_build("web")
    sim.run_build(build, fail={"lint"})
    sim.retry_job(build.jobs[0].id)
    path = "/pipelines/web/builds/1"
    assert len((await api.get(path)).json()["jobs"]) == 5
    assert len((await api.get(path, params={"include_retried_jobs": "true"})).json()["jobs"]) == 6
    assert len((await api.get(f"{path}/jobs")).json()["items"]) == 6
    old = (await api.get(f"/jobs/{build.jobs[0].id}")).json()
    assert (old["retried"], old["retried_in_job_id"]) == (True, build.jobs[1].id)
