"""People are told of their own builds by direct message, if they ask for it, and as long as they want it."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.world import World
from tests.people.acts import ALICE, directs, lines, pushed, texts, told


async def test_a_person_asks_is_told_and_asks_no_more(world: World) -> None:
    """Alice asks to be told of her builds, is told of one that fails, and of none any more once she stops it."""
    assert await told(world, world.alice, "notify") == snapshot(
        "I send you no direct messages. `/bk notify me on failed,fixed,blocked` turns them on."
    )
    assert await told(world, world.alice, "notify me on failed,blocked,fixed") == snapshot("""\
I tell you by direct message of builds of yours: failed, fixed and blocked.
Yours are those with `alice@acme.example` as creator or author; where you asked for one yourself, I tell you there.
`/bk notify off` ends it.\
""")
    await pushed(world, ALICE, "lint")
    assert texts(world, world.alice) == snapshot(
        [
            """\
❌ *Failed* · web#1 · `main` · `f323ca7`
commit by Alice Carroll took 0s 2 passed · 1 failed · 2 skipped
❌ :eslint: Lint · exit status 1
Last lines of *:eslint: Lint*:
```
exit status 1
```
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Stop these]\
"""
        ]
    )
    await world.alice.clicks(directs(world, world.alice)[0], "Stop these")
    await world.settle(2)
    assert world.whispers(world.alice)[-1] == snapshot(
        "Stopped: I send you no direct messages. `/bk notify on failed,fixed,blocked` turns them on again."
    )
    assert texts(world, world.alice)[0].split("\n")[-1] == snapshot(
        "[Retry failed] [Rebuild] [Logs] [Open in Buildkite]"
    )
    await pushed(world, ALICE, "lint")
    assert lines(world, world.alice) == snapshot(["❌ web#1 failed on main"])


async def test_one_message_a_build_kept_up(world: World) -> None:
    """A build of Alice's that waits is one message; below it is said what she asked for, and nothing else."""
    await told(world, world.alice, "notify me on blocked and failed")
    build = await pushed(world, ALICE, pipeline="deploy-prod")
    assert lines(world, world.alice) == snapshot(["✋ deploy-prod#1 blocked on main"])
    world.buildkite.unblock(build.named("release").id, {"release-name": "1"})
    world.buildkite.run_build(build)
    await world.settle(6)
    assert lines(world, world.alice) == snapshot(["✅ deploy-prod#1 passed on main"])
    assert world.replies(directs(world, world.alice)[0]) == snapshot([])
