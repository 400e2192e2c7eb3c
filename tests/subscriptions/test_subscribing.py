"""A channel is subscribed by text and by form; what it would have been told is shown before it is saved."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import asks
from tests.conversations.world import World, shown
from tests.subscriptions.acts import built, cards, subscribed, texts


async def test_typed_words_show_what_they_would_have_posted(world: World) -> None:
    """Before a subscription is saved, Alice alone is shown what it would have posted in the last 7 days."""
    await built(world)
    await built(world, fail=("lint",))
    await built(world)
    assert await asks(world, world.alice, "subscribe web -b main") == snapshot("""\
Tell this channel of `web` on `main`: failed, fixed and blocked?
In the last 7 days it would have posted 2 of 3 builds:
✅ web#3 passed (fixed) on `main`, 2026-11-02 09:00 UTC
❌ web#2 failed (newly broken) on `main`, 2026-11-02 09:00 UTC
[Save] [Cancel]\
""")
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "Save")
    await world.settle(2)
    assert [shown(one) for one in world.slack.messages(world.deploys)] == snapshot(['<@U0ALICE01> subscribed this channel to `web` on `main`: failed, fixed and blocked'])
    assert await asks(world, world.bob, "subscriptions") == snapshot("""\
*What this channel is subscribed to*
*1.* `web` on `main`: failed, fixed and blocked · by <@U0ALICE01>
[Mute 1 for 8h] [Remove 1]\
""")


async def test_a_failed_build_that_nobody_asked_for_is_posted(world: World) -> None:
    """A failure is posted once, with what failed; a build that passes after it is posted as one of its own."""
    await subscribed(world)
    await built(world)
    assert cards(world) == []
    await built(world, fail=("lint",))
    await built(world)
    await built(world)
    assert [shown(one) for one in cards(world)] == snapshot(["""\
❌ *Failed* · web#2 · `main` · `b490b60`
started by Sam Kim took 0s 2 passed · 1 failed · 2 skipped
❌ :eslint: Lint · exit status 1 · *newly broken* since web#1
Last lines of *:eslint: Lint*:
```
exit status 1
```
[Retry failed] [Rebuild] [Logs] [Open in Buildkite]\
""", """\
✅ *Passed* · web#3 · `main` · `9b38fe8`
started by Sam Kim took 0s 5 passed
[Rebuild] [Open in Buildkite]\
"""])
    assert texts(world) == snapshot(['❌ web#2 failed on main', '✅ web#3 passed on main'])
