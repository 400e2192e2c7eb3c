"""Programs start, follow and stop builds, and people read of it in Slack."""

from __future__ import annotations

from tests.rest.caller import Caller


async def test_a_program_starts_a_build(program: Caller) -> None:
    """The build is started once, its card is in the token's channel, and the result names it."""
    answer = await program.post("build/create", {"pipeline": "web", "branch": "main"}, key="a")
    print(answer.text)
    assert answer.status_code == 200
    await program.world.settle(5)
    print(program.world.transcript())
    assert False
