"""The right person is mentioned when a build fails: the requester, else the author by email address alone."""

from __future__ import annotations

from inline_snapshot import snapshot

from simulators.buildkite.models import Build
from tests.conversations.acts import fail_build
from tests.conversations.world import World, format_message

ADA = {"name": "Ada Martin", "username": "ada", "email": "ada@acme.example"}


async def subscribed(world: World) -> None:
    """Subscribe #deploys to failures of web."""
    await world.alice.types(world.deploys, "/bk subscribe web --state failed --yes")
    await world.settle(2)


async def fail_pushed_build(world: World, author: dict[str, str] | None) -> Build:
    """Fail a build that someone's push started."""
    build = world.buildkite.create_build_elsewhere(
        "web", message="Ship to islands", source="webhook", author=author
    )
    world.buildkite.run_build(build, fail=["lint"])
    await world.settle(6)
    return build


def read_card_and_replies(world: World) -> list[str]:
    """Return the card and its replies."""
    return [format_message(world.card()), *world.replies(world.card())]


async def test_the_author_of_a_push_is_mentioned(world: World) -> None:
    """Ada's address is the same in Buildkite and Slack, so the reply to the subscribed card mentions her."""
    world.slack.person("U0ADA0001", "ada", "Ada@acme.example", real_name="Ada Martin")
    await subscribed(world)
    await fail_pushed_build(world, ADA)
    assert read_card_and_replies(world) == snapshot(
        [
            """\
❌ *Ship to islands* – web#1 failed on `main`
commit by <@U0ADA0001> f323ca7 took 0s 2 passed · 1 failed · 1 skipped
❌ :eslint: Lint · exit status 1
Last lines of *:eslint: Lint*:
```
exit status 1
```
[Retry failed] [Rebuild] [Logs] [Mute] [Open in Buildkite] [Rebuild with changes]\
""",
            "<@U0ADA0001> ❌ web#1 failed: :eslint: Lint (exit 1)",
        ]
    )


async def test_similar_names_are_not_confused(world: World) -> None:
    """Of two people called Ada Martin, the one with the address is mentioned."""
    world.slack.person("U0ADA0002", "ada", "ada.martin@acme.example", real_name="Ada Martin")
    world.slack.person("U0ADA0001", "amartin", "ada@acme.example", real_name="Ada Martin")
    await subscribed(world)
    await fail_pushed_build(world, ADA)
    assert "<@U0ADA0001>" in format_message(world.card())
    assert "U0ADA0002" not in world.transcript()


async def test_a_name_alone_is_not_mentioned(world: World) -> None:
    """An Ada Martin with another address is named as the author, and not mentioned."""
    world.slack.person("U0ADA0002", "ada", "ada.martin@acme.example", real_name="Ada Martin")
    await subscribed(world)
    await fail_pushed_build(world, ADA)
    assert read_card_and_replies(world) == snapshot(
        [
            """\
❌ *Ship to islands* – web#1 failed on `main`
commit by Ada Martin f323ca7 took 0s 2 passed · 1 failed · 1 skipped
❌ :eslint: Lint · exit status 1
Last lines of *:eslint: Lint*:
```
exit status 1
```
[Retry failed] [Rebuild] [Logs] [Mute] [Open in Buildkite] [Rebuild with changes]\
"""
        ]
    )


async def test_former_members_and_strangers_are_not_mentioned(world: World) -> None:
    """A deactivated member, a stranger and a bot are named as the author, never mentioned."""
    for number, more in enumerate(({"deleted": True}, {"stranger": True}, {"is_bot": True})):
        address = f"gone{number}@acme.example"
        world.slack.person(f"U0GONE00{number}", f"gone{number}", address)
        profile = world.slack.profiles[f"U0GONE00{number}"]
        for name, value in more.items():
            setattr(profile, name, value)
    await subscribed(world)
    for number in range(3):
        await fail_pushed_build(world, {"name": f"Gone {number}", "email": f"gone{number}@acme.example"})
        assert f"commit by Gone {number}" in format_message(world.card())
        assert world.replies(world.card()) == []


async def test_a_build_without_an_address_mentions_no_one(world: World) -> None:
    """Without an address, no one is mentioned and Slack isn't asked."""
    await subscribed(world)
    await fail_pushed_build(world, {"name": "alice"})
    await fail_pushed_build(world, None)
    assert world.replies(world.card()) == []
    assert "users.lookupByEmail" not in {call.method for call in world.slack.calls}


async def test_an_unknown_address_is_asked_for_once(world: World) -> None:
    """Slack isn't asked again for each failure of a person with an unknown address."""
    await subscribed(world)
    for _ in range(3):
        await fail_pushed_build(world, {"name": "Ada Martin", "email": "1234+ada@users.noreply.github.com"})
    assert [call.method for call in world.slack.calls].count("users.lookupByEmail") == 1


async def test_the_requester_comes_before_the_author(world: World) -> None:
    """Alice requested the build, so she is mentioned, whoever wrote the commit."""
    _, card = await fail_build(world)
    assert "<@U0ALICE01> ❌ web#1 failed" in world.replies(card)[-1]
    assert "users.lookupByEmail" not in {call.method for call in world.slack.calls}


async def test_a_passed_build_mentions_no_one(world: World) -> None:
    """Ada isn't looked up for a build of hers that passed."""
    world.slack.person("U0ADA0001", "ada", "ada@acme.example", real_name="Ada Martin")
    await world.alice.types(world.deploys, "/bk subscribe web --state passed --yes")
    await world.settle(2)
    build = world.buildkite.create_build_elsewhere("web", source="webhook", author=ADA)
    world.buildkite.run_build(build)
    await world.settle(6)
    assert "commit by Ada Martin" in format_message(world.card())
    assert "U0ADA0001" not in world.transcript()


async def test_the_card_does_not_wait_for_the_author(world: World) -> None:
    """The card is there at once; the mention follows when Slack answers."""
    world.slack.person("U0ADA0001", "ada", "ada@acme.example", real_name="Ada Martin")
    await subscribed(world)
    world.slack.faults.fail("users.lookupByEmail", status=503)
    build = world.buildkite.create_build_elsewhere("web", source="webhook", author=ADA)
    world.buildkite.run_build(build, fail=["lint"])
    await world.settle(1)
    assert "commit by Ada Martin" in format_message(world.card())
    await world.settle(20)
    assert "commit by <@U0ADA0001>" in format_message(world.card())
    assert len(world.replies(world.card())) == 1
