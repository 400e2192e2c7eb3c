"""A key does nothing twice, whatever happens in between."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.api_tokens.acts import make_token
from tests.conversations.world import World
from tests.rest.caller import Caller, announcing, give_token, open_http
from tests.robustness.lives import Crash, Lives, open_town, settle
from tests.sampling import Sample

ARGS = {"pipeline": "web", "branch": "main"}


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


async def _make_program(world: World) -> str:
    return await make_token(world, world.bob, **announcing(world))


async def _create(world: World, raw: str) -> httpx.Response:
    async with open_http(world) as http:
        return await Caller(world, http, raw).post("build/create", ARGS, key="once")


async def _live(folder: Path, die_after: int | None) -> int:
    """Let a program create a build, killed after that commit, and repeat the call; return the commits it took."""
    async with open_town(folder) as lives:
        raws: list[str] = []

        async def prepare(world: World) -> None:
            raws.append(await _make_program(world))

        await lives.play(prepare)
        before = lives.commits
        lives.die_after = before + die_after if die_after else None

        async def call(world: World) -> None:
            await _call_until_death(world, raws[0])

        await lives.play(call)
        took = lives.commits - before
        answer = await _repeat(lives, raws[0])
        assert answer.status_code == 200, answer.text
        builds = lives.world.buildkite.builds
        assert [build.pipeline.slug for build in builds] == ["web"], die_after
        assert "web#1" in answer.text
        await settle(lives.world)
        cards = [
            message for message in lives.world.slack.messages(lives.world.deploys) if "web#1" in message.plain()
        ]
        assert len(cards) == 1, die_after
    return took


async def _call_until_death(world: World, raw: str) -> None:
    try:
        await _create(world, raw)
        await settle(world)
    except httpx.HTTPError as error:
        raise Crash from error


async def _repeat(lives: Lives, raw: str) -> httpx.Response:
    """Send the call again as a careful program does: until it is answered with a result."""
    for _ in range(10):
        answer = await _create(lives.world, raw)
        if answer.status_code not in {202, 503}:
            break
        await settle(lives.world, 60)
    return answer


async def test_killed_after_any_transaction(tmp_path: Path, sample: Sample) -> None:
    """Wherever the process dies, the same key gives the same build, and one card."""
    commits = await _live(tmp_path / "whole", None)
    assert commits > 4
    for number in sample(range(1, commits + 1), keep=4):
        await _live(tmp_path / str(number), number)
