"""The client changes things in Buildkite exactly once, whatever the network does."""

import asyncio

import pytest

from bot.buildkite.client import Buildkite, connect
from bot.buildkite.endpoints.builds import find_original
from bot.buildkite.endpoints.notification_services import WebhookService
from bot.buildkite.models import Build, Person
from bot.buildkite.resources import MARK_KEY, NewBuild
from bot.errors import Conflict, NotFound, Unavailable
from bot.runtime.clock import ManualClock
from simulators.buildkite.sim import BuildkiteSim

WEB = "pipelines/web/builds"


@pytest.fixture
def web(sim: BuildkiteSim) -> BuildkiteSim:
    sim.pipeline("web", steps=[{"label": "Test", "command": "make", "key": "test"}])
    return sim


def count_requests(sim: BuildkiteSim, method: str) -> int:
    return sum(request.method == method for request in sim.requests)


async def test_a_build_is_created_as_requested(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """Branch, commit, author, environment and meta-data are sent exactly as given, plus the mark."""
    new = NewBuild("main", "abc", "Ship it", Person(name="Ada", email="ada@example.com"), {"A": "1"}, {"k": "v"})
    build = await buildkite.create_build("web", new, "m1")
    assert (build.number, build.branch) == (1, "main")
    assert web.requests[-1].json == {
        "commit": "abc",
        "branch": "main",
        "message": "Ship it",
        "author": {"name": "Ada", "email": "ada@example.com"},
        "env": {"A": "1"},
        "meta_data": {"k": "v", MARK_KEY: "m1"},
    }


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_lost_answer_is_found_by_its_mark(web: BuildkiteSim, buildkite: Buildkite, status: int) -> None:
    """A build whose answer was an error is found by its mark and exists once."""
    web.faults.fail(status, method="POST", applied=True)
    build = await buildkite.create_build("web", NewBuild("main"), "m1")
    assert (build.number, len(web.builds), count_requests(web, "POST")) == (1, 1, 1)


async def test_a_build_is_searched_for_after_a_cut_connection(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """If the connection is cut after the build was created, the build is found and not created again."""
    web.faults.reset(method="POST", applied=True)
    assert (await buildkite.create_build("web", NewBuild("main"), "m1")).number == 1
    assert len(web.builds) == 1


async def test_a_build_is_searched_for_after_a_time_out(web: BuildkiteSim, clock: ManualClock) -> None:
    """If the answer takes too long, but the build is there, it's found and not created again."""
    slow = web.faults.hang(method="POST", applied=True)
    async with connect(web.token, web.org, endpoint=web.base_url, clock=clock, timeout=1) as buildkite:
        build = await buildkite.create_build("web", NewBuild("main"), "m1")
    slow.release()
    assert (build.number, len(web.builds)) == (1, 1)


async def test_an_uncertain_build_is_not_created_twice(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """Without an answer and without a build with the mark, the result is uncertain and nothing is retried."""
    web.faults.fail(502, method="POST")
    with pytest.raises(Unavailable) as caught:
        await buildkite.create_build("web", NewBuild("main"), "m1")
    assert (caught.value.sent, count_requests(web, "POST"), len(web.builds)) == (True, 1, 0)


async def test_a_rate_limited_creation_is_retried(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """A 429 certainly created nothing, so the request is sent again after the requested wait."""
    web.faults.fail(429, method="POST", body={"message": "limit", "reset": 3})
    assert (await buildkite.create_build("web", NewBuild("main"), "m1")).number == 1
    assert count_requests(web, "POST") == 2


async def test_a_rebuild_is_not_the_original_of_a_mark(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """A rebuild may copy the mark; the first build that isn't a rebuild is found."""
    await buildkite.create_build("web", NewBuild("main"), "m1")
    await buildkite.rebuild_build("web", 1)
    found = await buildkite.find_marked_build("web", "m1")
    assert found is not None
    assert (found.number, len(web.builds)) == (1, 2)
    assert find_original([]) is None


@pytest.mark.parametrize("applied", [True, False])
async def test_a_lost_deletion_of_a_service_is_checked(
    web: BuildkiteSim, buildkite: Buildkite, applied: bool
) -> None:
    """After a lost answer the service itself is looked up: only if it is gone was it deleted."""
    hook = WebhookService("https://bot.acme.example/hook", "a-long-token", "token", ("build.finished",))
    service = await buildkite.create_service(hook)
    web.faults.reset(method="DELETE", applied=applied)
    if applied:
        await buildkite.delete_service(service.id)
    else:
        with pytest.raises(Unavailable):
            await buildkite.delete_service(service.id)
    assert [found.id async for found in buildkite.services()] == ([] if applied else [service.id])


@pytest.mark.parametrize("act", ["rebuild_build", "retry_failed_jobs"])
async def test_unsafe_requests_are_sent_once(web: BuildkiteSim, buildkite: Buildkite, act: str) -> None:
    """An unanswered rebuild or retry is uncertain and sent only once."""
    web.run_build(web.create_build("web"), fail=["Test"])
    web.faults.reset(method="PUT")
    with pytest.raises(Unavailable) as caught:
        await getattr(buildkite, act)("web", 1)
    assert (caught.value.sent, count_requests(web, "PUT")) == (True, 1)


async def test_a_retry_returns_the_number_of_jobs(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """Retrying the failed jobs of a build returns how many run again."""
    web.run_build(web.create_build("web"), fail=["Test"])
    build, count = await buildkite.retry_failed_jobs("web", 1)
    assert (build.number, count) == (1, 1)


async def test_a_job_is_retried_once(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """A retry is a new job; a second retry of the same job is refused in Buildkite's words."""
    build = web.create_build("web")
    web.run_build(build, fail=["Test"])
    old = build.jobs[0].id
    new = await buildkite.retry_job("web", 1, old)
    assert new.id != old
    assert (await buildkite.job(old)).retried_in_job_id == new.id
    with pytest.raises(Conflict, match="already been retried"):
        await buildkite.retry_job("web", 1, old)


async def test_a_block_step_is_unblocked_in_a_persons_name(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """Buildkite gets the fields and the person who unblocks."""
    sim.pipeline("gate", steps=[{"block": "Go?", "fields": [{"text": "Name", "key": "name"}]}])
    build, ada = sim.create_build("gate"), sim.person("Ada")
    await buildkite.unblock_job(build.jobs[0].id, {"name": "1.0"}, ada.id)
    assert (build.meta_data["name"], build.jobs[0].unblocked_by) == ("1.0", ada)


async def test_an_agent_is_paused_resumed_and_stopped(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """Pause, resume and graceful stop take effect; a second resume is refused in Buildkite's words."""
    agent = sim.agent("linux-1")
    await buildkite.pause_agent(agent.id, "disk", 30)
    assert (agent.paused_note, agent.paused_timeout) == ("disk", 30)
    await buildkite.resume_agent(agent.id)
    with pytest.raises(Conflict, match="Agent is not paused"):
        await buildkite.resume_agent(agent.id)
    await buildkite.stop_agent(agent.id)
    assert sim.requests[-1].json == {"force": False}


async def test_a_read_is_retried_after_errors(web: BuildkiteSim, buildkite: Buildkite, clock: ManualClock) -> None:
    """A read is retried with growing pauses after errors and cut connections, within a person's patience."""
    web.create_build("web")
    web.faults.fail(503, times=2)
    web.faults.reset()
    assert (await buildkite.build("web", 1)).number == 1
    assert clock.monotonic() == 0.5 + 1.0 + 2.0


async def test_a_cancel_is_safe_to_repeat(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """A cancel whose answer was lost is retried; a refusal of the retry is uncertain, not an error."""
    web.create_build("web")
    web.faults.fail(502, method="PUT", applied=True)
    with pytest.raises(Unavailable, match="already finished") as caught:
        await buildkite.cancel_build("web", 1)
    assert caught.value.sent
    assert web.builds[0].state == "canceled"


async def test_a_wait_beyond_patience_fails_at_once(
    web: BuildkiteSim, buildkite: Buildkite, clock: ManualClock
) -> None:
    """A wait longer than a person's patience fails at once; the next call isn't even sent."""
    web.faults.fail(429, body={"message": "Slow down", "reset": 42})
    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            await buildkite.user()
        assert caught.value.retry_after == pytest.approx(42, abs=1)
    assert (len(web.requests), clock.monotonic()) == (1, 0)


async def test_background_work_waits_for_the_reset(
    web: BuildkiteSim, buildkite: Buildkite, clock: ManualClock
) -> None:
    """The background lane waits for the reset and then succeeds."""
    web.create_build("web")
    web.faults.fail(429, body={"message": "Slow down", "reset": 42})
    assert (await buildkite.for_background().build("web", 1)).number == 1
    assert clock.monotonic() >= 42


async def test_an_outage_ends_after_four_attempts(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """While Buildkite is down, a person gets an error after four attempts."""
    web.down = True
    with pytest.raises(Unavailable, match="503"):
        await buildkite.build("web", 1)
    assert len(web.requests) == 4


async def test_an_error_without_message_shows_its_status(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """An error without Buildkite's message shows its status."""
    web.faults.fail(404, body={})
    with pytest.raises(NotFound) as caught:
        await buildkite.build("web", 1)
    assert caught.value.hint == "Buildkite says: 404 Not Found"


async def test_concurrent_requests_share_the_budget(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """Of sixty concurrent requests fifty are answered and ten have to wait; Buildkite never sends a 429."""
    web.create_build("web")
    answers = await asyncio.gather(*(buildkite.build("web", 1) for _ in range(60)), return_exceptions=True)
    assert sum(isinstance(answer, Build) for answer in answers) == 50
    assert sum(isinstance(answer, Unavailable) for answer in answers) == 10
    assert {request.status for request in web.requests} == {200}
