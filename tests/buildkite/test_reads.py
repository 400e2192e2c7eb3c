"""The client reads Buildkite's objects over HTTP."""

from datetime import UTC, datetime

import httpx
import pytest
from pydantic import TypeAdapter

from bot.buildkite.client import Buildkite, connect
from bot.buildkite.models import Build
from bot.buildkite.response_parsing import parse_list, read_next_query
from bot.errors import Conflict, NotFound, Refused, Unavailable
from bot.runtime.clock import ManualClock
from simulators.buildkite.sim import BuildkiteSim


async def test_token_user_and_organization_are_read(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """The token's scopes, its user, the organization and the webhook addresses can be read."""
    assert "read_builds" in (await buildkite.access_token()).scopes
    assert (await buildkite.user()).name == "Sam Kim"
    assert (await buildkite.get_organization()).slug == sim.org
    assert (await buildkite.meta()).webhook_ips


async def test_every_page_of_a_list_is_read(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """A list longer than a page is read completely, newest first, with each build once."""
    sim.pipeline("web")
    for _ in range(103):
        sim.create_build("web")
    numbers = [build.number async for build in buildkite.builds()]
    assert numbers == list(range(103, 0, -1))
    assert [request.path for request in sim.requests] == ["/v2/organizations/acme-inc/builds"] * 2


def test_a_lone_surrogate_does_not_break_a_page() -> None:
    """A lone surrogate, which JSON may contain, is read like the rest of its page, in both time formats."""
    at = '"created_at": "2018-07-01 20:14:38 UTC"'
    half = f'{{"id": "1", "number": 1, "state": "passed", "url": "", "message": "half \\ud83d", {at}}}'
    whole = half.replace("half \\ud83d", "whole").replace("2018-07-01 20:14:38 UTC", "2018-07-01T20:14:38.000Z")
    builds = parse_list(TypeAdapter(list[Build]), Build, httpx.Response(200, text=f"[{half}, {whole}]"))
    assert [build.message for build in builds] == ["half \ud83d", "whole"]
    assert {build.created_at for build in builds} == {datetime(2018, 7, 1, 20, 14, 38, tzinfo=UTC)}


async def test_a_limit_requests_no_more_than_it_needs(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """Three builds are requested as one page of three."""
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


async def test_jobs_are_paginated_by_cursor(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """A list of jobs is read completely, although it has cursors instead of page numbers."""
    sim.pipeline("wide", steps=[{"label": "Test", "command": "make", "parallelism": 130}])
    build = sim.create_build("wide")
    jobs = [job async for job in buildkite.jobs("wide", build.number)]
    assert len({job.id for job in jobs}) == 130


async def test_only_failed_jobs_are_read(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """Filtering by failed lists only failed jobs, without those retried since."""
    sim.pipeline("web", steps=[{"label": "A", "command": "a"}, {"label": "B", "command": "b"}])
    build = sim.create_build("web")
    sim.run_build(build, fail=["A", "B"])
    sim.retry_job(build.find_job("A").id)
    failed = [job.name async for job in buildkite.jobs("web", 1, state=["failed"])]
    assert failed == ["B"]


async def test_a_log_is_read_whole_or_from_its_end(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """The end of a log comes with whether it's the whole log, and starts with a complete character."""
    sim.pipeline("web")
    job = sim.create_build("web").jobs[0]
    sim.log(job.id, "één\ntwee\n")
    assert await buildkite.job_log("web", 1, job.id) == "één\ntwee\n"
    assert await buildkite.job_log_tail("web", 1, job.id, bytes_=8) == ("n\ntwee\n", False)
    assert await buildkite.job_log_tail("web", 1, job.id) == ("één\ntwee\n", True)


async def test_a_job_without_output_has_an_empty_log(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """A job that hasn't printed anything has an empty log, not an error."""
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


async def test_a_missing_build_is_named(buildkite: Buildkite) -> None:
    """The error for a missing build names it and quotes Buildkite."""
    with pytest.raises(NotFound, match="build web#7, or the token can't see it") as caught:
        await buildkite.build("web", 7)
    assert caught.value.hint == "Buildkite says: No pipeline found"


async def test_a_missing_scope_is_named(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """The error names the missing scope in Buildkite's words and in the hint."""
    sim.scopes.discard("read_builds")
    with pytest.raises(Refused, match="doesn't have the read_builds scope") as caught:
        await buildkite.build("web", 7)
    assert "add the read_builds scope" in caught.value.hint


async def test_a_revoked_token_is_reported(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """The error for a revoked token names its environment variable, but not the token."""
    sim.revoked = True
    with pytest.raises(Refused, match="Authentication required") as caught:
        await buildkite.user()
    assert "BUILDKITE_API_TOKEN" in caught.value.hint
    assert sim.token not in str(caught.value)


async def test_validation_errors_are_spelled_out(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """Validation errors are listed by field."""
    errors = [{"field": "commit", "code": "missing"}, {"field": "branch", "code": "invalid"}]
    sim.faults.fail(422, body={"message": "Validation Failed", "errors": errors})
    with pytest.raises(Conflict, match="Validation Failed: commit: missing; branch: invalid"):
        await buildkite.user()


async def test_an_unexpected_answer_is_an_outage(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """An answer that doesn't match the API is an outage, not a crash."""
    sim.faults.fail(200, body={"surprise": True})
    with pytest.raises(Unavailable, match="didn't match its API"):
        await buildkite.builds().__anext__()


def test_the_token_is_not_sent_to_a_next_link() -> None:
    """Only the query of a next link is used, so that the token can't be sent to another address."""
    link = '<http://elsewhere.test/steal?page=2&state%5B%5D=failed>; rel="next"'
    answer = httpx.Response(200, json=[], headers={"Link": link})
    assert read_next_query(answer) == [("page", "2"), ("state[]", "failed")]
    assert read_next_query(httpx.Response(200, json=[])) == []


async def test_an_absent_server_is_an_outage(clock: ManualClock) -> None:
    """If no server listens, the error says that Buildkite can't be reached, and nothing was sent."""
    async with connect("bkua_x", "acme-inc", endpoint="http://127.0.0.1:1", clock=clock) as client:
        with pytest.raises(Unavailable, match="can't be reached") as caught:
            await client.cancel_build("web", 1)
    assert not caught.value.sent


async def test_requests_name_the_bot_as_user_agent(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """Every request has the bot's user agent."""
    await buildkite.user()
    assert sim.requests[0].headers["user-agent"].startswith("kitestring/")
