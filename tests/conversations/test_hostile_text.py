"""Text from outside stays text, wherever it is shown."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.world import World, format_message


async def test_hostile_text_stays_text(world: World) -> None:
    """A message, a branch and a job cannot mention, link or format."""
    world.buildkite.pipeline(
        "odd", steps=[{"label": "<!channel> *bold* <https://evil.example|x>", "command": "x"}]
    )
    build = world.buildkite.create_build_elsewhere("odd", "<@U0BOB0001>", "<!here> & `code` _it_", "Noor Haddad")
    await world.alice.types(world.deploys, "/bk watch odd")
    await world.settle(3)
    world.buildkite.run_build(build, fail=[build.jobs[0].name or ""])
    await world.settle(4)
    sent = str([world.card().blocks, world.slack.thread(world.deploys, world.card())])
    assert "<!here>" not in sent
    assert "<!channel>" not in sent
    assert "<@U0BOB0001>" not in sent
    assert [format_message(world.card()), *world.replies(world.card())] == snapshot(
        [
            """\
❌ *<!here> & ˋcodeˋ _it_* – odd#1 failed on `<@U0BOB0001>`
followed for alice started by Noor Haddad cfc6e62 took 0s 1 failed
❌ <!channel> *bold* <https://evil.example¦x> · exit status 1
Last lines of *<!channel> ∗bold∗ <https://evil.example|x>*:
```
exit status 1
```
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Rebuild with changes]\
""",
            "<@U0ALICE01> ❌ odd#1 failed: <!channel> *bold* <https://evil.example¦x> (exit 1)",
        ]
    )
