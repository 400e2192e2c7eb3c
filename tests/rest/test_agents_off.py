"""People stop their agents at once, and admins everyone's."""

from __future__ import annotations

from tests.rest.caller import Caller, give_token


async def _stop(program: Caller, who: str, words: str) -> None:
    world = program.world
    await getattr(world, who).types(world.deploys, f"/bk {words}")
    await world.settle(2)


async def _read_status(program: Caller) -> tuple[int, str | None]:
    answer = await program.get("whoami")
    return answer.status_code, answer.json().get("rule")


async def test_an_admin_stops_all_agents(program: Caller) -> None:
    """No token does anything until they may act again, and the channel reads who did it."""
    await _stop(program, "alice", "agents-off")
    assert "alice stopped all agents" in program.world.transcript(program.world.deploys)
    refused = await program.post("build/create", {"pipeline": "web"})
    assert refused.status_code == 403
    assert refused.json()["rule"] == "agents off"
    assert "alice has stopped all agents" in refused.json()["detail"]
    assert program.world.buildkite.builds == []
    await _stop(program, "bob", "agents-on")  # Bob is no admin
    assert await _read_status(program) == (403, "agents off")
    await _stop(program, "alice", "agents-on")
    assert await _read_status(program) == (200, None)


async def test_people_stop_their_own_agents(program: Caller) -> None:
    """Those of others go on."""
    other = await give_token(program, program.world.alice)
    await _stop(program, "bob", "agents-off")
    assert await _read_status(program) == (403, "agents off")
    assert await _read_status(other) == (200, None)
    await _stop(program, "alice", "agents-on")
    assert await _read_status(program) == (403, "agents off")
    await _stop(program, "bob", "agents-on")
    assert await _read_status(program) == (200, None)


async def test_an_approval_does_not_start_a_stopped_agent(program: Caller) -> None:
    """A call that was proposed before isn't carried out when it's approved."""
    asked = await program.post("build/create", {"pipeline": "deploy-prod"})
    assert asked.status_code == 202, asked.text
    await program.world.settle(3)
    card = program.world.card()
    await _stop(program, "bob", "agents-off")
    await program.world.alice.clicks(card, "Approve")
    await program.world.settle(5)
    assert program.world.buildkite.builds == []
