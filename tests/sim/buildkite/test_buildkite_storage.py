"""The simulator's storage and its GraphQL: as unforgiving as the vendors'."""

import httpx
import pytest

from simulators.buildkite.sim import BuildkiteSim
from simulators.buildkite.values import graphql_id
from tests.sim.buildkite.hand import Hand

CANCEL = """mutation ($input: JobTypeCommandCancelInput!) {
  jobTypeCommandCancel(input: $input) { jobTypeCommand { uuid state } }
}"""


@pytest.fixture
def job(sim: BuildkiteSim) -> str:
    return sim.create_build("web").jobs[0].id


async def test_a_link_is_good_for_a_minute_and_bears_no_token(
    api: httpx.AsyncClient, sim: BuildkiteSim, clock: Hand, job: str
) -> None:
    """Storage gives the bytes to whoever has the link; with a token beside it, after a minute, or forged: no."""
    made = sim.artifact(job, "dist/app.js", b"\x00\xffbytes")
    link = (await api.get(made["download_url"])).headers["Location"]
    async with httpx.AsyncClient() as anybody:
        assert (await anybody.get(link)).content == b"\x00\xffbytes"
        assert (await anybody.get(link.replace("Signature=", "Signature=0"))).status_code == 403
        assert (await api.get(link)).status_code == 400
        clock.forward(60)
        assert (await anybody.get(link)).status_code == 403


async def test_graphql_answers_errors_as_successes(api: httpx.AsyncClient, sim: BuildkiteSim, job: str) -> None:
    """Only the scope is a status of its own; what is wrong with a query stands in `errors`."""
    url = f"{sim.base_url}/graphql/v1"

    async def said(ident: str, query: str = CANCEL) -> object:
        answer = await api.post(url, json={"query": query, "variables": {"input": {"id": ident}}})
        return (
            answer.json().get("errors") or answer.json()["data"]
            if answer.status_code == 200
            else answer.status_code
        )

    node = graphql_id("JobTypeCommand", job)
    assert await said(node) == 403
    sim.scopes.add("graphql")
    assert await said(node, "mutation { buildCancel }") == [
        {"message": "Field 'buildCancel' doesn't exist on type 'Mutation'"}
    ]
    assert await said("nonsense") == [{"message": "No job found"}]
    assert await said(graphql_id("Job", job)) == [{"message": "No job found"}]
    told = {"id": node, "uuid": job, "state": "CANCELED"}
    assert await said(node) == {"jobTypeCommandCancel": {"jobTypeCommand": told}}
    assert await said(node) == [{"message": "Job can't be canceled because it has already finished"}]


async def test_annotations_of_a_job_are_its_own(api: httpx.AsyncClient, job: str) -> None:
    """The same context is another annotation on a job; each is taken away where it stands."""
    await api.post("/pipelines/web/builds/1/annotations", json={"body": "build", "context": "c"})
    made = (await api.post(f"/jobs/{job}/annotations", json={"body": "job", "context": "c"})).json()
    listed = (await api.get("/pipelines/web/builds/1/annotations?scope=all")).json()
    assert [item["scope"] for item in listed] == ["build", "job"]
    assert (await api.delete(f"/pipelines/web/builds/1/annotations/{made['id']}")).status_code == 404
    assert (await api.delete(f"/jobs/{job}/annotations/{made['id']}")).status_code == 204
    assert len((await api.get("/pipelines/web/builds/1/annotations?scope=all")).json()) == 1
