"""The right person is mentioned when a build goes bad: whoever asked, else its author by e-mail address alone."""

from __future__ import annotations

from inline_snapshot import snapshot

from simulators.buildkite.models import Build
from tests.conversations.acts import failed
from tests.conversations.world import World, shown

ADA = {"name": "Ada Martin", "username": "ada", "email": "ada@acme.example"}


async def subscribed(world: World) -> None:
    """#deploys is told of failures of web."""
    await world.alice.types(world.deploys, "/bk subscribe web --state failed --yes")
    await world.settle(2)


async def pushed(world: World, author: dict[str, str] | None) -> Build:
    """Somebody's push started a build, which has failed."""
    build = world.buildkite.create_build_elsewhere(
        "web", message="Ship to islands", source="webhook", author=author
    )
    world.buildkite.run_build(build, fail=["lint"])
    await world.settle(6)
    return build


def said(world: World) -> list[str]:
    """The card, and what stands below it."""
    return [shown(world.card()), *world.replies(world.card())]


async def test_the_author_of_a_push_is_mentioned(world: World) -> None:
    """Ada's address is the same at Buildkite and in Slack: she is told below the card that nobody asked for."""
    world.slack.person("U0ADA0001", "ada", "Ada@acme.example", real_name="Ada Martin")
    await subscribed(world)
    await pushed(world, ADA)
    assert said(world) == snapshot(
        [
            """\
❌ *Failed* · web#1 · `main` · `f323ca7`
Ship to islands
commit by <@U0ADA0001> took 0s 2 passed · 1 failed · 2 skipped
❌ :eslint: Lint · exit status 1
Last lines of *:eslint: Lint*:
```
exit status 1
```
[Retry failed] [Rebuild] [Logs] [Mute] [Open in Buildkite]\
""",
            """\
<@U0ADA0001> ❌ web#1 failed after 0s.
❌ :eslint: Lint · exit status 1
Last lines of *:eslint: Lint*:
```
exit status 1
```
[Retry failed] [Logs] [Rebuild]\
""",
        ]
    )


async def test_names_that_look_alike_are_not_taken_for_each_other(world: World) -> None:
    """Two people are called Ada Martin: the one with the address is mentioned, in whatever order they came."""
    world.slack.person("U0ADA0002", "ada", "ada.martin@acme.example", real_name="Ada Martin")
    world.slack.person("U0ADA0001", "amartin", "ada@acme.example", real_name="Ada Martin")
    await subscribed(world)
    await pushed(world, ADA)
    assert "<@U0ADA0001>" in shown(world.card())
    assert "U0ADA0002" not in world.transcript()


async def test_nobody_is_mentioned_for_a_name(world: World) -> None:
    """An Ada Martin with another address is not her: the author is named, and nobody is told."""
    world.slack.person("U0ADA0002", "ada", "ada.martin@acme.example", real_name="Ada Martin")
    await subscribed(world)
    await pushed(world, ADA)
    assert said(world) == snapshot(
        [
            """\
❌ *Failed* · web#1 · `main` · `f323ca7`
Ship to islands
commit by Ada Martin took 0s 2 passed · 1 failed · 2 skipped
❌ :eslint: Lint · exit status 1
Last lines of *:eslint: Lint*:
```
exit status 1
```
[Retry failed] [Rebuild] [Logs] [Mute] [Open in Buildkite]\
"""
        ]
    )


async def test_who_has_left_or_belongs_elsewhere_is_not_mentioned(world: World) -> None:
    """Somebody deactivated, a stranger, a bot: named as the author, never mentioned."""
    for number, more in enumerate(({"deleted": True}, {"stranger": True}, {"is_bot": True})):
        address = f"gone{number}@acme.example"
        world.slack.person(f"U0GONE00{number}", f"gone{number}", address)
        profile = world.slack.profiles[f"U0GONE00{number}"]
        for name, value in more.items():
            setattr(profile, name, value)
    await subscribed(world)
    for number in range(3):
        await pushed(world, {"name": f"Gone {number}", "email": f"gone{number}@acme.example"})
        assert f"commit by Gone {number}" in shown(world.card())
        assert world.replies(world.card()) == []


async def test_a_build_without_an_address_is_nobodys(world: World) -> None:
    """A bare name, or none at all, is mentioned nowhere; Slack is not asked."""
    await subscribed(world)
    await pushed(world, {"name": "alice"})
    await pushed(world, None)
    assert world.replies(world.card()) == []
    assert "users.lookupByEmail" not in {call.method for call in world.slack.calls}


async def test_an_address_that_slack_does_not_know_is_asked_for_once(world: World) -> None:
    """Somebody who commits under a private address: Slack is not asked again for each of their failures."""
    await subscribed(world)
    for _ in range(3):
        await pushed(world, {"name": "Ada Martin", "email": "1234+ada@users.noreply.github.com"})
    assert [call.method for call in world.slack.calls].count("users.lookupByEmail") == 1


async def test_who_asked_comes_before_the_author(world: World) -> None:
    """Alice asked for the build: she is mentioned, whoever wrote the commit."""
    _, card = await failed(world)
    assert "<@U0ALICE01> ❌ web#1 failed" in world.replies(card)[-1]
    assert "users.lookupByEmail" not in {call.method for call in world.slack.calls}


async def test_a_build_that_passes_mentions_nobody(world: World) -> None:
    """Ada is not looked up for a build of hers that went well."""
    world.slack.person("U0ADA0001", "ada", "ada@acme.example", real_name="Ada Martin")
    await world.alice.types(world.deploys, "/bk subscribe web --state passed --yes")
    await world.settle(2)
    build = world.buildkite.create_build_elsewhere("web", source="webhook", author=ADA)
    world.buildkite.run_build(build)
    await world.settle(6)
    assert "commit by Ada Martin" in shown(world.card())
    assert "U0ADA0001" not in world.transcript()


async def test_while_slack_does_not_answer_the_card_stands(world: World) -> None:
    """The card is there at once; the mention follows once Slack says who it is."""
    world.slack.person("U0ADA0001", "ada", "ada@acme.example", real_name="Ada Martin")
    await subscribed(world)
    world.slack.faults.fail("users.lookupByEmail", status=503)
    build = world.buildkite.create_build_elsewhere("web", source="webhook", author=ADA)
    world.buildkite.run_build(build, fail=["lint"])
    await world.settle(1)
    assert "commit by Ada Martin" in shown(world.card())
    await world.settle(20)
    assert "commit by <@U0ADA0001>" in shown(world.card())
    assert len(world.replies(world.card())) == 1
