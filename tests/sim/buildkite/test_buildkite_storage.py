"""The simulator's storage and GraphQL are as strict as the vendors'."""

import httpx
import pytest

from simulators.buildkite.sim import BuildkiteSim
from simulators.buildkite.values import graphql_id
from tests.sim.buildkite.manual_clock import ManualClock

CANCEL = """mutation ($input: JobTypeCommandCancelInput!) {
  jobTypeCommandCancel(input: $input) { jobTypeCommand { uuid state } }
}"""


@pytest.fixture
def job(sim: BuildkiteSim) -> str:
    return sim.create_build("web").jobs[0].id


async def test_a_link_works_for_a_minute_and_without_a_token(
    api: httpx.AsyncClient, sim: BuildkiteSim, clock: ManualClock, job: str
) -> None:
    """A link alone opens the file; with a token, after a minute, or forged it doesn't."""
    made = sim.artifact(job, "dist/app.js", b"\x00\xffbytes")
    link = (await api.get(made["download_url"])).headers["Location"]
    async with httpx.AsyncClient() as anonymous:
        assert (await anonymous.get(link)).content == b"\x00\xffbytes"
        assert (await anonymous.get(link.replace("Signature=", "Signature=0"))).status_code == 403
        assert (await api.get(link)).status_code == 400
        clock.forward(60)
        assert (await anonymous.get(link)).status_code == 403


async def test_graphql_answers_errors_as_successes(api: httpx.AsyncClient, sim: BuildkiteSim, job: str) -> None:
    """Only a missing scope has its own status; other problems of a query are in `errors`."""
    url = f"{sim.base_url}/graphql/v1"

    async def query_graphql(ident: str, query: str = CANCEL) -> object:
        answer = await api.post(url, json={"query": query, "variables": {"input": {"id": ident}}})
        return (
            answer.json().get("errors") or answer.json()["data"]
            if answer.status_code == 200
            else answer.status_code
        )

    node = graphql_id("JobTypeCommand", job)
    assert await query_graphql(node) == 403
    sim.scopes.add("graphql")
    assert await query_graphql(node, "mutation { buildCancel }") == [
        {"message": "Field 'buildCancel' doesn't exist on type 'Mutation'"}
    ]
    assert await query_graphql("nonsense") == [{"message": "No job found"}]
    assert await query_graphql(graphql_id("Job", job)) == [{"message": "No job found"}]
    canceled = {"id": node, "uuid": job, "state": "CANCELED"}
    assert await query_graphql(node) == {"jobTypeCommandCancel": {"jobTypeCommand": canceled}}
    assert await query_graphql(node) == [{"message": "Job can't be canceled because it has already finished"}]


async def test_annotations_of_a_job_are_its_own(api: httpx.AsyncClient, job: str) -> None:
    """A job's annotation is separate from the build's of the same context, and each is deleted separately."""
    await api.post("/pipelines/web/builds/1/annotations", json={"body": "build", "context": "c"})
    made = (await api.post(f"/jobs/{job}/annotations", json={"body": "job", "context": "c"})).json()
    listed = (await api.get("/pipelines/web/builds/1/annotations?scope=all")).json()
    assert [item["scope"] for item in listed] == ["build", "job"]
    assert (await api.delete(f"/pipelines/web/builds/1/annotations/{made['id']}")).status_code == 404
    assert (await api.delete(f"/jobs/{job}/annotations/{made['id']}")).status_code == 204
    assert len((await api.get("/pipelines/web/builds/1/annotations?scope=all")).json()) == 1
