"""Whoever may approve, and asked for it, is told by direct message when an approval waits for them."""

from __future__ import annotations

from pathlib import Path

from inline_snapshot import snapshot

from simulators.slack.models import Channel
from simulators.slack.person import Person
from tests.conversations.world import World, opened
from tests.people.acts import directs, lines, texts, told

RULES = """
[[grant]]
name = "everybody builds"
standings = ["member"]
permissions = ["help", "read", "logs", "build", "commit", "env"]

[[protect]]
name = "production"
pipelines = ["deploy-*"]
approvers = { users = ["U0ALICE01"], groups = ["@release"] }
expires = "30m"
"""


def written(folder: Path) -> Path:
    """The policy: Alice and the release group approve."""
    path = folder / "policy.toml"
    path.write_text(RULES)
    return path


async def proposed(world: World, who: Person, channel: Channel | None = None) -> None:
    """Somebody asks for a deploy, which needs an approval."""
    await who.types(channel or world.deploys, "/bk build create deploy-prod -b main -e TARGET=eu-west")
    await world.settle(4)


async def test_an_approver_who_asked_is_led_to_the_card(tmp_path: Path) -> None:
    """Bob asks for a deploy: Alice, who asked for approvals, is told where it waits; its buttons stay there."""
    async with opened(tmp_path, policy=written(tmp_path)) as world:
        assert await told(world, world.alice, "notify on approvals") == snapshot("""\
I tell you when an approval waits for you.
`/bk notify off` ends it.\
""")
        await proposed(world, world.bob)
        assert texts(world, world.alice) == snapshot(
            [
                """\
✋ <@U0BOB0001> asks for `build create` on deploy-prod: it waits for approval, and yours counts.
expires 2026-11-02 09:30 UTC (“production”)
[Look at it] [Stop these]\
"""
            ]
        )
        assert world.slack.permalink(world.card()) in str(directs(world, world.alice)[0].blocks)
        await world.alice.clicks(world.card(), "Approve")
        await world.settle(4)
        assert len(world.buildkite.builds) == 1


async def test_only_those_who_may_approve_are_told(tmp_path: Path) -> None:
    """Of three who asked, the one in the group is told; not who may not approve, nor the one who asks for it."""
    async with opened(tmp_path, policy=written(tmp_path)) as world:
        cara = world.slack.person("U0CARA001", "cara", "cara@acme.example")
        world.slack.group("S0RELEASE", "release", [cara.id])
        for person in (world.alice, world.bob, cara):
            await told(world, person, "notify on approvals")
        await proposed(world, world.alice)
        assert [lines(world, person) for person in (world.alice, world.bob, cara)] == snapshot(
            [[], [], ["✋ <@U0ALICE01> asks for build create: your approval counts"]]
        )


async def test_nobody_is_led_to_a_place_that_they_cannot_see(tmp_path: Path) -> None:
    """Bob asks in a private channel that Alice is not in: she is told nothing of it."""
    async with opened(tmp_path, policy=written(tmp_path)) as world:
        await told(world, world.alice, "notify on approvals")
        secret = world.slack.channel("C0SECRET1", "secret", private=True, members=[world.bob.id])
        await proposed(world, world.bob, secret)
        assert "Approval needed" in world.card(secret).plain()
        assert lines(world, world.alice) == []


async def test_it_is_stopped_by_its_button_and_builds_go_on(tmp_path: Path) -> None:
    """Alice stops approvals by the button of one; her wish to be told of builds stays."""
    async with opened(tmp_path, policy=written(tmp_path)) as world:
        await told(world, world.alice, "notify on approvals,failed")
        await proposed(world, world.bob)
        await world.alice.clicks(directs(world, world.alice)[0], "Stop these")
        await world.settle(2)
        assert world.whispers(world.alice)[-1] == snapshot("""\
Stopped. `/bk notify on approvals` turns it on again.
I tell you by direct message of builds of yours: failed.
Yours are those with `alice@acme.example` as creator or author.
Where you asked for one yourself, I tell you there.
`/bk notify off` ends it.\
""")
        await proposed(world, world.bob)
        assert len(directs(world, world.alice)) == 1


async def test_while_slack_does_not_answer_it_waits(tmp_path: Path) -> None:
    """Slack does not say where the card is, as the proposal opens: Alice is told as soon as it does, once."""
    async with opened(tmp_path, policy=written(tmp_path)) as world:
        await told(world, world.alice, "notify on approvals")
        world.slack.faults.fail("chat.getPermalink", status=503)
        await proposed(world, world.bob)
        assert lines(world, world.alice) == []
        await world.settle(20)
        assert len(lines(world, world.alice)) == 1
