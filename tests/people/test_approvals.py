"""Approvers who opted in get a direct message when a proposal waits for them."""

from __future__ import annotations

from pathlib import Path

from inline_snapshot import snapshot

from simulators.slack.models import Channel
from simulators.slack.person import Person
from tests.conversations.world import World, open_world
from tests.people.acts import ask_and_read_answer, list_direct_messages, list_direct_texts, list_first_lines

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


def write_policy(folder: Path) -> Path:
    """The policy: Alice and the release group approve."""
    path = folder / "policy.toml"
    path.write_text(RULES)
    return path


async def propose_deploy(world: World, who: Person, channel: Channel | None = None) -> None:
    """Request a deploy, which needs an approval."""
    await who.types(channel or world.deploys, "/bk build create deploy-prod -b main -e TARGET=eu-west")
    await world.settle(4)


async def test_an_approver_who_opted_in_gets_a_link_to_the_card(tmp_path: Path) -> None:
    """Bob requests a deploy: Alice gets a link to the proposal's card, where its buttons are."""
    async with open_world(tmp_path, policy=write_policy(tmp_path)) as world:
        assert await ask_and_read_answer(world, world.alice, "notify on approvals") == snapshot("""\
You get a direct message when an approval is waiting for you.
Turn this off with `/bk notify off`.\
""")
        await propose_deploy(world, world.bob)
        assert list_direct_texts(world, world.alice) == snapshot(
            [
                """\
✋ bob wants to start *deploy-prod* on `main`: `TARGET=eu-west`. It needs approval, and yours counts.
expires 2026-11-02 09:30 UTC · “production”
[Review] [Stop these]\
"""
            ]
        )
        assert world.slack.permalink(world.card()) in str(list_direct_messages(world, world.alice)[0].blocks)
        await world.alice.clicks(world.card(), "Approve")
        await world.settle(4)
        assert len(world.buildkite.builds) == 1


async def test_only_people_who_can_approve_are_notified(tmp_path: Path) -> None:
    """Of three people who opted in, only the one who can approve is notified."""
    async with open_world(tmp_path, policy=write_policy(tmp_path)) as world:
        cara = world.slack.person("U0CARA001", "cara", "cara@acme.example")
        world.slack.group("S0RELEASE", "release", [cara.id])
        for person in (world.alice, world.bob, cara):
            await ask_and_read_answer(world, person, "notify on approvals")
        await propose_deploy(world, world.alice)
        assert [list_first_lines(world, person) for person in (world.alice, world.bob, cara)] == snapshot(
            [[], [], ["✋ *Approval needed*: alice wants to start *deploy-prod* on `main`: `TARGET=eu-west`"]]
        )


async def test_approvers_get_a_card_of_their_own_for_a_channel_they_cannot_see(tmp_path: Path) -> None:
    """Alice gets no link to a private channel that she isn't in, but a card with the buttons."""
    async with open_world(tmp_path, policy=write_policy(tmp_path)) as world:
        await ask_and_read_answer(world, world.alice, "notify on approvals")
        secret = world.slack.channel("C0SECRET1", "secret", private=True, members=[world.bob.id])
        await propose_deploy(world, world.bob, secret)
        assert "Approval needed" in world.card(secret).plain()
        [own] = list_direct_texts(world, world.alice)
        assert "[Approve] [Refuse]" in own


async def test_it_is_stopped_by_its_button_and_builds_go_on(tmp_path: Path) -> None:
    """Alice stops approval messages by their button; messages about her builds continue."""
    async with open_world(tmp_path, policy=write_policy(tmp_path)) as world:
        await ask_and_read_answer(world, world.alice, "notify on approvals,failed")
        await propose_deploy(world, world.bob)
        asked = list_direct_messages(world, world.alice)[0]
        await world.alice.clicks(asked, "Stop these")
        await world.settle(2)
        assert world.replies(asked)[-1] == snapshot("""\
Stopped. Turn it back on with `/bk notify on approvals`.
You get direct messages about your builds: failed.
Your builds are those with `alice@acme.example` as creator or author.
For builds you start from Slack, you're notified in the thread instead.
Turn this off with `/bk notify off`.\
""")
        await propose_deploy(world, world.bob)
        assert len(list_direct_messages(world, world.alice)) == 1


async def test_while_slack_does_not_answer_it_waits(tmp_path: Path) -> None:
    """If Slack doesn't answer at first, Alice is notified once when it does."""
    async with open_world(tmp_path, policy=write_policy(tmp_path)) as world:
        await ask_and_read_answer(world, world.alice, "notify on approvals")
        world.slack.faults.fail("chat.getPermalink", status=503)
        await propose_deploy(world, world.bob)
        assert list_first_lines(world, world.alice) == []
        await world.settle(20)
        assert len(list_first_lines(world, world.alice)) == 1
