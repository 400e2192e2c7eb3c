"""A key does nothing twice, whatever happens in between."""

from __future__ import annotations

from pathlib import Path

from tests.conversations.world import World
from tests.rest.caller import Caller, give_token, open_http
from tests.rest.killed_calls import ARGS, kill_after_each_commit
from tests.sampling import Sample


async def test_the_first_result_is_replayed(program: Caller) -> None:
    """A key that is sent again with the same arguments gets the same result; with others it is refused."""
    first = await program.post("build/create", ARGS, key="k")
    again = await program.post("build/create", ARGS, key="k")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")
    for path, args in (("build/create", {"pipeline": "mobile"}), ("build/view", ARGS), ("build/watch", {})):
        other = await program.post(path, args if path != "build/view" else {"pipeline": "web#1"}, key="k")
        assert (path, other.status_code, other.json()["type"]) == (path, 409, "/api#key-reused"), other.text
    assert len(program.world.buildkite.builds) == 1

    program.world.clock.advance(24 * 3600)
    late = await program.post("build/create", ARGS, key="k")
    assert late.json() == first.json()
    foreign = await give_token(program, program.world.bob)
    assert (await foreign.post("build/create", ARGS, key="k")).json() != first.json()


async def test_refusals_and_mistakes_do_not_use_up_a_key(program: Caller) -> None:
    """A key that led to a refusal, a mistake, a question or an outage is as good as new."""
    world = program.world
    assert (await program.post("pipeline/archive", {"pipeline": "web"}, key="k")).status_code == 403
    assert (await program.post("build/create", {"pipelin": "web"}, key="k")).status_code == 422
    assert (await program.post("build/create", {"pipeline": "no-such"}, key="k")).status_code == 404
    assert (await program.post("build/view", {"pipeline": "web", "number": 1}, key="k")).status_code == 404
    world.buildkite.create_build("web")
    assert (await program.post("build/cancel", {"pipeline": "web", "number": 1}, key="k")).status_code == 409
    answer = await program.post("build/cancel?yes=true", {"pipeline": "web", "number": 1}, key="k")
    assert answer.status_code == 200, answer.text


async def _create(world: World, raw: str) -> str:
    async with open_http(world) as http:
        answer = await Caller(world, http, raw).post("build/create", ARGS, key="once")
    if answer.status_code == 202 or answer.status_code >= 500:
        return ""
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_killed_after_any_transaction(tmp_path: Path, sample: Sample) -> None:
    """Wherever the process dies, the same key gives the same build, and one card."""
    await kill_after_each_commit(tmp_path, _create, sample)
