"""What the client does at Buildkite, once, whatever the network does."""

import asyncio

import pytest

from bot.buildkite.client import Buildkite, connect
from bot.buildkite.endpoints.builds import find_original
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


def asked(sim: BuildkiteSim, method: str) -> int:
    return sum(request.method == method for request in sim.requests)


async def test_a_build_is_created_as_asked_for(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """Branch, commit, author, environment and meta-data go out exactly as given, with the mark beside them."""
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
    """The build was created but the answer was an error: it is found by its mark, and exists once."""
    web.faults.fail(status, method="POST", applied=True)
    build = await buildkite.create_build("web", NewBuild("main"), "m1")
    assert (build.number, len(web.builds), asked(web, "POST")) == (1, 1, 1)


async def test_a_cut_connection_is_followed_by_a_look(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """The connection was cut after the build was created: it is found, not created again."""
    web.faults.reset(method="POST", applied=True)
    assert (await buildkite.create_build("web", NewBuild("main"), "m1")).number == 1
    assert len(web.builds) == 1


async def test_a_slow_answer_is_followed_by_a_look(web: BuildkiteSim, clock: ManualClock) -> None:
    """No answer within the time-out, yet the build is there: it is found, not created again."""
    slow = web.faults.hang(method="POST", applied=True)
    async with connect(web.token, web.org, endpoint=web.base_url, clock=clock, timeout=1) as buildkite:
        build = await buildkite.create_build("web", NewBuild("main"), "m1")
    slow.release()
    assert (build.number, len(web.builds)) == (1, 1)


async def test_an_uncertain_build_is_not_created_twice(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """No answer and no build with the mark: that is told as uncertain, and the request is not repeated."""
    web.faults.fail(502, method="POST")
    with pytest.raises(Unavailable) as caught:
        await buildkite.create_build("web", NewBuild("main"), "m1")
    assert (caught.value.sent, asked(web, "POST"), len(web.builds)) == (True, 1, 0)


async def test_a_limited_creation_is_repeated(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """A 429 certainly created nothing, so after the wait that was asked for the request goes out again."""
    web.faults.fail(429, method="POST", body={"message": "limit", "reset": 3})
    assert (await buildkite.create_build("web", NewBuild("main"), "m1")).number == 1
    assert asked(web, "POST") == 2


async def test_the_original_of_a_mark_is_no_rebuild(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """A rebuild may copy the mark: the first build that is no rebuild is meant."""
    await buildkite.create_build("web", NewBuild("main"), "m1")
    await buildkite.rebuild_build("web", 1)
    found = await buildkite.find_marked_build("web", "m1")
    assert found is not None
    assert (found.number, len(web.builds)) == (1, 2)
    assert find_original([]) is None


@pytest.mark.parametrize("act", ["rebuild_build", "retry_failed_jobs"])
async def test_what_is_not_repeatable_is_asked_once(web: BuildkiteSim, buildkite: Buildkite, act: str) -> None:
    """An uncertain rebuild or retry is told as uncertain and goes out once."""
    web.run_build(web.create_build("web"), fail=["Test"])
    web.faults.reset(method="PUT")
    with pytest.raises(Unavailable) as caught:
        await getattr(buildkite, act)("web", 1)
    assert (caught.value.sent, asked(web, "PUT")) == (True, 1)


async def test_a_retry_tells_how_many(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """Retrying the failed jobs of a build tells how many run again."""
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


async def test_a_gate_is_unblocked_in_somebodys_name(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """The fields and the person who unblocks reach Buildkite."""
    sim.pipeline("gate", steps=[{"block": "Go?", "fields": [{"text": "Name", "key": "name"}]}])
    build, ada = sim.create_build("gate"), sim.person("Ada")
    await buildkite.unblock_job(build.jobs[0].id, {"name": "1.0"}, ada.id)
    assert (build.meta_data["name"], build.jobs[0].unblocked_by) == ("1.0", ada)


async def test_an_agent_is_paused_resumed_and_stopped(sim: BuildkiteSim, buildkite: Buildkite) -> None:
    """Pause, resume and a graceful stop take effect; a second resume is refused in Buildkite's words."""
    agent = sim.agent("linux-1")
    await buildkite.pause_agent(agent.id, "disk", 30)
    assert (agent.paused_note, agent.paused_timeout) == ("disk", 30)
    await buildkite.resume_agent(agent.id)
    with pytest.raises(Conflict, match="Agent is not paused"):
        await buildkite.resume_agent(agent.id)
    await buildkite.stop_agent(agent.id)
    assert sim.requests[-1].json == {"force": False}


async def test_a_read_survives_a_bad_moment(web: BuildkiteSim, buildkite: Buildkite, clock: ManualClock) -> None:
    """A read is repeated with growing pauses after errors and cut connections, within a person's patience."""
    web.create_build("web")
    web.faults.fail(503, times=2)
    web.faults.reset()
    assert (await buildkite.build("web", 1)).number == 1
    assert clock.monotonic() == 0.5 + 1.0 + 2.0


async def test_a_cancel_is_safe_to_repeat(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """A cancel whose answer was lost goes out again; a refusal then is told as uncertain, not as a mistake."""
    web.create_build("web")
    web.faults.fail(502, method="PUT", applied=True)
    with pytest.raises(Unavailable, match="already finished") as caught:
        await buildkite.cancel_build("web", 1)
    assert caught.value.sent
    assert web.builds[0].state == "canceled"


async def test_a_long_wait_is_not_waited_for(web: BuildkiteSim, buildkite: Buildkite, clock: ManualClock) -> None:
    """A wait longer than a person's patience is told at once with its seconds; the next one does not even ask."""
    web.faults.fail(429, body={"message": "Slow down", "reset": 42})
    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            await buildkite.user()
        assert caught.value.retry_after == pytest.approx(42, abs=1)
    assert (len(web.requests), clock.monotonic()) == (1, 0)


async def test_background_work_waits_it_out(web: BuildkiteSim, buildkite: Buildkite, clock: ManualClock) -> None:
    """The background lane waits for the reset and then succeeds."""
    web.create_build("web")
    web.faults.fail(429, body={"message": "Slow down", "reset": 42})
    assert (await buildkite.for_background().build("web", 1)).number == 1
    assert clock.monotonic() >= 42


async def test_an_outage_ends_in_bounded_attempts(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """While Buildkite is down a person gets an answer after four attempts, and nothing was done."""
    web.down = True
    with pytest.raises(Unavailable, match="503"):
        await buildkite.build("web", 1)
    assert len(web.requests) == 4


async def test_an_error_page_is_not_shown(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """An error without a message of Buildkite's is told by its status."""
    web.faults.fail(404, body={})
    with pytest.raises(NotFound) as caught:
        await buildkite.build("web", 1)
    assert caught.value.hint == "Buildkite says: 404 Not Found"


async def test_people_at_once_share_the_budget(web: BuildkiteSim, buildkite: Buildkite) -> None:
    """Sixty requests at once: fifty get an answer, ten are told to wait, and Buildkite never has to refuse."""
    web.create_build("web")
    answers = await asyncio.gather(*(buildkite.build("web", 1) for _ in range(60)), return_exceptions=True)
    assert sum(isinstance(answer, Build) for answer in answers) == 50
    assert sum(isinstance(answer, Unavailable) for answer in answers) == 10
    assert {request.status for request in web.requests} == {200}
