"""Programs start and stop builds, and people read of it in Slack."""

from __future__ import annotations

import asyncio

from simulators.buildkite.models import Build
from tests.rest.caller import Caller, give_token


def get_only_build(program: Caller) -> Build:
    """Return the only build that there is of the pipeline web."""
    (build,) = [build for build in program.world.buildkite.builds if build.pipeline.slug == "web"]
    return build


async def test_a_program_starts_and_cancels_a_build(program: Caller) -> None:
    """The result names the build; its card and the cancellation are in the token's channel, with both names."""
    started = await program.post("build/create", {"pipeline": "web", "branch": "main", "env": {"RING": "1"}})
    assert started.status_code == 200, started.text
    assert started.json() | {"result": None} == {
        "invocation": started.json()["invocation"],
        "operation": "build create",
        "state": "done",
        "result": None,
    }
    await program.world.settle(4)
    assert "requested by bob's agent (release-bot)" in program.world.transcript(program.world.deploys)

    unsure = await program.post("build/cancel", {"pipeline": "web", "number": 1})
    assert unsure.status_code == 409
    assert unsure.headers["content-type"] == "application/problem+json"
    assert unsure.json()["type"] == "/api#confirmation-required"
    assert get_only_build(program).state != "canceled"

    sure = await program.post("build/cancel?yes=true", {"pipeline": "web", "number": "1"})
    assert sure.status_code == 200, sure.text
    await program.world.settle(4)
    assert get_only_build(program).state == "canceled"
    assert "bob's agent (release-bot) canceled web#1" in program.world.transcript(program.world.deploys)
    assert program.world.whispers(program.world.bob)[1:] == []


async def test_reads_by_get_are_answers_to_the_program_alone(program: Caller) -> None:
    """GET and POST of an operation have the same result, and nobody in Slack sees anything."""
    await program.post("build/create", {"pipeline": "web"})
    await program.world.settle(4)
    before = program.world.transcript()
    by_get = await program.get("build/view", params={"pipeline": "web", "number": 1})
    by_post = await program.post("build/view", {"pipeline": "web#1"})
    assert by_get.status_code == by_post.status_code == 200
    assert by_get.json()["result"] == by_post.json()["result"]
    listed = await program.get(
        "build/list", params=[("pipeline", "web"), ("state", "scheduled"), ("state", "failed")]
    )
    assert listed.status_code == 200, listed.text
    await program.world.settle(4)
    assert program.world.transcript() == before


async def test_what_takes_long_is_answered_with_where_to_ask(program: Caller) -> None:
    """After ten seconds by the clock the answer is 202, and the result is at `poll` once it is there."""
    stuck = program.world.buildkite.faults.hang(method="POST", path="/builds$")
    call = asyncio.create_task(program.post("build/create", {"pipeline": "web"}, key="slow"))
    await stuck.arrived.wait()
    program.world.clock.advance(10)
    answer = await call
    assert answer.status_code == 202
    assert answer.json()["state"] == "running"
    assert answer.headers["location"] == answer.json()["poll"]
    pending = await program.http.get(answer.json()["poll"], headers={"authorization": f"Bearer {program.raw}"})
    assert (pending.status_code, pending.json()["state"]) == (200, "running")

    stuck.release()
    await program.world.settle(4)
    done = await program.get(f"invocations/{answer.json()['invocation']}")
    assert done.json()["state"] == "done"
    assert (await program.post("build/create", {"pipeline": "web"}, key="slow")).json() == done.json()
    get_only_build(program)


async def test_others_invocations_do_not_exist(program: Caller) -> None:
    """Another token of the same person gets the same 404 as for an id that nobody has."""
    made = (await program.get("whoami")).json()["invocation"]
    assert (await program.get(f"invocations/{made}")).status_code == 200
    other = await give_token(program, program.world.bob, Name="other")
    foreign, unknown = await other.get(f"invocations/{made}"), await other.get("invocations/nothing")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json() == unknown.json()


async def test_a_token_without_a_channel_announces_to_its_owner(program: Caller) -> None:
    """The card of a build that it starts is in the owner's direct messages; reads send nothing."""
    quiet = await give_token(program, program.world.bob, Name="quiet")
    started = await quiet.post("build/create", {"pipeline": "web"})
    assert started.status_code == 200, started.text
    await program.world.settle(4)
    assert "web#1" not in program.world.transcript(program.world.deploys)
    assert "bob's agent (quiet)" in program.world.transcript()


async def test_a_step_is_unblocked_with_its_fields(program: Caller) -> None:
    """Inputs of a form are arguments for programs."""
    build = program.world.buildkite.create_build("deploy-prod")
    program.world.buildkite.run_build(build)
    args = {"pipeline": "deploy-prod", "number": build.number, "fields": {"release-name": "1.42"}}
    answer = await program.post("job/unblock", args)
    assert answer.status_code == 202, answer.text
    assert answer.json()["approval"]["rule"] == "production"
