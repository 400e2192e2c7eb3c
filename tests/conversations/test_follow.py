"""Following builds that someone else started."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately
from tests.conversations.world import World, format_message


async def test_a_build_is_followed_by_command(world: World) -> None:
    """The card says who started it and who follows it; a failure mentions the follower."""
    build = world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    await world.bob.types(world.deploys, "/bk build watch web 1")
    await world.settle(3)
    first = format_message(world.card())
    world.buildkite.run_build(build, fail=["lint"])
    await world.settle(4)
    assert [first, format_message(world.card()), *world.replies(world.card())] == snapshot(
        [
            """\
🕒 *Fix the cart* – web#1 is scheduled on `main`
followed for bob started by Noor Haddad created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
[Cancel] [Open in Buildkite]\
""",
            """\
❌ *Fix the cart* – web#1 failed on `main`
followed for bob started by Noor Haddad f323ca7 took 0s 2 passed · 1 failed · 1 skipped
❌ :eslint: Lint · exit status 1
Last lines of *:eslint: Lint*:
```
exit status 1
```
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Rebuild with changes]\
""",
            "<@U0BOB0001> ❌ web#1 failed: :eslint: Lint (exit 1)",
        ]
    )


async def test_a_build_is_followed_by_its_address_in_a_thread(world: World) -> None:
    """A pasted URL names the build; its card comes in the thread, and following twice adds no second one."""
    world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    root = (await world.alice.posts(world.deploys, "Look at this")).message
    assert root is not None
    address = "https://buildkite.com/acme-inc/web/builds/1"
    await world.bob.posts(world.deploys, f"@kitestring watch {address}", thread_ts=root)
    await world.settle(3)
    await world.bob.posts(world.deploys, f"@kitestring watch {address}", thread_ts=root)
    await world.settle(3)
    assert [world.replies(root)[1], *world.whispers(world.bob)] == snapshot(
        [
            """\
🕒 *Fix the cart* – web#1 is scheduled on `main`
followed for bob started by Noor Haddad created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
[Cancel] [Open in Buildkite]\
""",
            "This thread is already following web#1.",
        ]
    )
    assert len(world.replies(root)) == 3


async def test_only_buildkites_links_are_followed(world: World) -> None:
    """A link of another host that looks like a build's is passed over for one of Buildkite's, or refused."""
    world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    elsewhere = "https://buildkite.com.evil.example/acme-inc/web/builds/1"
    foreign = (await world.alice.posts(world.deploys, f"see {elsewhere}")).message
    both = (
        await world.alice.posts(world.deploys, f"{elsewhere} https://buildkite.com/acme-inc/web/builds/1")
    ).message
    assert foreign is not None
    assert both is not None
    await world.bob.shortcut("follow_build", foreign)
    await world.bob.shortcut("follow_build", both)
    await world.settle(3)
    assert world.whispers(world.bob) == ["That message has no link to a build."]
    assert len(world.replies(both)) == 1


async def test_a_build_is_followed_by_message_shortcut(world: World) -> None:
    """The shortcut finds the build's URL in the message, and follows it in the message's thread."""
    world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    words = "red again: https://buildkite.com/acme-inc/web/builds/1#0198-x :("
    message = (await world.alice.posts(world.deploys, words)).message
    other = (await world.alice.posts(world.deploys, "no link here")).message
    assert message is not None
    assert other is not None
    await world.bob.shortcut("follow_build", message)
    await world.bob.shortcut("follow_build", other)
    await world.settle(3)
    assert world.replies(message) == snapshot(
        [
            """\
🕒 *Fix the cart* – web#1 is scheduled on `main`
followed for bob started by Noor Haddad created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
[Cancel] [Open in Buildkite]\
"""
        ]
    )
    assert world.whispers(world.bob) == snapshot(["That message has no link to a build."])


async def test_a_foreign_address_is_refused(world: World) -> None:
    """Another organization, another site and another kind of page are each named."""
    addresses = (
        "https://buildkite.com/other/web/builds/1",
        "https://example.com/a",
        "web#999",
        "https://buildkite.com/acme-inc/nope/builds/1",
    )
    assert [await ask_privately(world, world.bob, f"build watch {address}") for address in addresses] == snapshot(
        [
            "⚠️ That's in the organization “other”. I only work with “acme-inc”.",
            """\
⚠️ `https://example.com/a` isn't the URL of a pipeline, build or job.
Usage: `/bk build watch [pipeline] [number]`\
""",
            """\
⚠️ Buildkite has no build web#999, or the token can't see it.
Buildkite says: No build found\
""",
            "⚠️ There's no pipeline “nope”.",
        ]
    )


async def test_view_offers_to_follow(world: World) -> None:
    """The private answer has a button; the card it adds is public."""
    world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    await ask_privately(world, world.bob, "build view web 1")
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Follow here")
    await world.settle(3)
    assert format_message(world.card()) == snapshot("""\
🕒 *Fix the cart* – web#1 is scheduled on `main`
followed for bob started by Noor Haddad created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
[Cancel] [Open in Buildkite]\
""")
