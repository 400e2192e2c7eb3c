"""What the client reads from Buildkite, over HTTP."""

from datetime import UTC, datetime

import httpx
import pytest
from pydantic import TypeAdapter

from bot.buildkite.client import Buildkite, connect
from bot.buildkite.models import Build
from bot.buildkite.transport import read_next_query, parse_list
from bot.errors import Conflict, NotFound, Refused, Unavailable
from bot.runtime.clock import ManualClock
from simulators.buildkite.sim import BuildkiteSim


async def test_the_token_is_described(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """The scopes of the token, its user, the organization and the webhook addresses can be read."""
    assert "read_builds" in (await buildkite.access_token()).scopes
    assert (await buildkite.user()).name == "Sam Kim"
    assert (await buildkite.get_organization()).slug == sim.org
    assert (await buildkite.meta()).webhook_ips


async def test_every_page_of_a_list_is_read(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """A list longer than a page comes whole, newest first, each build once."""
    sim.pipeline("web")
    for _ in range(103):
        sim.create_build("web")
    numbers = [build.number async for build in buildkite.builds()]
    assert numbers == list(range(103, 0, -1))
    assert [request.path for request in sim.requests] == ["/v2/organizations/acme-inc/builds"] * 2


def test_odd_text_does_not_hide_a_page() -> None:
    """Half a character, which JSON may hold, is read like the rest of its page; both forms of times are."""
    at = '"created_at": "2018-07-01 20:14:38 UTC"'
    half = f'{{"id": "1", "number": 1, "state": "passed", "url": "", "message": "half \\ud83d", {at}}}'
    whole = half.replace("half \\ud83d", "whole").replace("2018-07-01 20:14:38 UTC", "2018-07-01T20:14:38.000Z")
    builds = parse_list(TypeAdapter(list[Build]), Build, httpx.Response(200, text=f"[{half}, {whole}]"))
    assert [build.message for build in builds] == ["half \ud83d", "whole"]
    assert {build.created_at for build in builds} == {datetime(2018, 7, 1, 20, 14, 38, tzinfo=UTC)}


async def test_a_limit_asks_for_no_more_than_it_needs(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """Three builds are asked for as one page of three."""
    sim.pipeline("web")
    for _ in range(5):
        sim.create_build("web")
    assert [build.number async for build in buildkite.builds("web", limit=3)] == [5, 4, 3]
    assert ["per_page=3" in request.query for request in sim.requests] == [True]


async def test_filters_choose_builds(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """State, branch and meta-data narrow a list; several values of one filter widen it."""
    sim.pipeline("web")
    for branch in ("main", "next", "fix"):
        sim.create_build("web", branch, meta_data={"kitestring": branch})
    sim.run_build(sim.builds[0])
    assert [build.branch async for build in buildkite.builds(state=["passed"])] == ["main"]
    assert [build.branch async for build in buildkite.builds("web", branch=["main", "fix"])] == ["fix", "main"]
    assert [build.branch async for build in buildkite.builds(meta_data={"kitestring": "next"})] == ["next"]


async def test_jobs_come_by_cursor(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """A list of jobs is read to its end although it has cursors in place of page numbers."""
    sim.pipeline("wide", steps=[{"label": "Test", "command": "make", "parallelism": 130}])
    build = sim.create_build("wide")
    jobs = [job async for job in buildkite.jobs("wide", build.number)]
    assert len({job.id for job in jobs}) == 130


async def test_failed_jobs_alone_are_read(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """Only failed jobs are listed when those are asked for, without the ones that were retried since."""
    sim.pipeline("web", steps=[{"label": "A", "command": "a"}, {"label": "B", "command": "b"}])
    build = sim.create_build("web")
    sim.run_build(build, fail=["A", "B"])
    sim.retry_job(build.named("A").id)
    failed = [job.name async for job in buildkite.jobs("web", 1, state=["failed"])]
    assert failed == ["B"]


async def test_a_log_is_read_whole_or_by_its_end(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """The end of a log says whether it is all of it, and begins with a whole character."""
    sim.pipeline("web")
    job = sim.create_build("web").jobs[0]
    sim.log(job.id, "één\ntwee\n")
    assert await buildkite.job_log("web", 1, job.id) == "één\ntwee\n"
    assert await buildkite.job_log_tail("web", 1, job.id, bytes_=8) == ("n\ntwee\n", False)
    assert await buildkite.job_log_tail("web", 1, job.id) == ("één\ntwee\n", True)


async def test_an_empty_log_is_empty(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """A job that printed nothing yet has an empty log, not an error."""
    sim.pipeline("web")
    job = sim.create_build("web").jobs[0]
    assert await buildkite.job_log_tail("web", 1, job.id) == ("", True)


async def test_agents_clusters_and_queues_are_read(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """Connected agents, clusters with their queues and members are listed."""
    sim.agent("linux-1")
    sim.agent("linux-2", connection_state="lost")
    assert [agent.name async for agent in buildkite.agents()] == ["linux-1"]
    clusters = [cluster async for cluster in buildkite.clusters()]
    queues = [queue.key async for queue in buildkite.queues(clusters[0].id)]
    assert queues == ["default", "deploy"]
    assert [member.email for member in await buildkite.members()] == ["sam@example.com"]


async def test_what_is_not_there_is_named(buildkite: Buildkite) -> None:
    """A build that Buildkite does not have is named in the answer, with Buildkite's words."""
    with pytest.raises(NotFound, match="build web#7, or the token can't see it") as caught:
        await buildkite.build("web", 7)
    assert caught.value.hint == "Buildkite says: No pipeline found"


async def test_a_missing_scope_is_named(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """A token without a scope: the scope is named, in Buildkite's words and in what to do."""
    sim.scopes.discard("read_builds")
    with pytest.raises(Refused, match="doesn't have the read_builds scope") as caught:
        await buildkite.build("web", 7)
    assert "add the read_builds scope" in caught.value.hint


async def test_a_revoked_token_is_told(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """A revoked token: the variable that holds it is named, the token is not."""
    sim.revoked = True
    with pytest.raises(Refused, match="Authentication required") as caught:
        await buildkite.user()
    assert "BUILDKITE_API_TOKEN" in caught.value.hint
    assert sim.token not in str(caught.value)


async def test_validation_errors_are_spelled_out(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """Validation errors are told field by field."""
    errors = [{"field": "commit", "code": "missing"}, {"field": "branch", "code": "invalid"}]
    sim.faults.fail(422, body={"message": "Validation Failed", "errors": errors})
    with pytest.raises(Conflict, match="Validation Failed: commit: missing; branch: invalid"):
        await buildkite.user()


async def test_a_page_that_is_no_json_is_not_believed(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """An answer of another form than promised is an outage, not a crash."""
    sim.faults.fail(200, body={"surprise": True})
    with pytest.raises(Unavailable, match="didn.t match its API"):
        await buildkite.builds().__anext__()


def test_the_token_stays_home() -> None:
    """Of a link to the next page only the query is used, so the token never goes where an answer points."""
    link = '<http://elsewhere.test/steal?page=2&state%5B%5D=failed>; rel="next"'
    answer = httpx.Response(200, json=[], headers={"Link": link})
    assert read_next_query(answer) == [("page", "2"), ("state[]", "failed")]
    assert read_next_query(httpx.Response(200, json=[])) == []


async def test_an_absent_server_is_an_outage(clock: ManualClock) -> None:
    """Where nobody listens, the answer is that Buildkite can't be reached, and nothing was sent."""
    async with connect("bkua_x", "acme-inc", endpoint="http://127.0.0.1:1", clock=clock) as client:
        with pytest.raises(Unavailable, match="cannot be reached") as caught:
            await client.cancel_build("web", 1)
    assert not caught.value.sent


async def test_the_bot_introduces_itself(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """Every request says who asks."""
    await buildkite.user()
    assert sim.requests[0].headers["user-agent"].startswith("kitestring/")
