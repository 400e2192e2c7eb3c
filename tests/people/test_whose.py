"""A build's owner is found by email address only, from Slack or the file, never by a similar name."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

from pathlib import Path

import pytest
from inline_snapshot import snapshot

from bot.notifications.subscriptions.file_parse import InvalidSubscriptions, parse_subscriptions
from simulators.slack.person import Person
from tests.conversations.acts import fail_build
from tests.conversations.world import World, format_message, open_world
from tests.people.acts import ALICE, ask_and_read_answer, list_direct_messages, list_first_lines, run_pushed_build
from tests.subscriptions.acts import subscribe

FILE = """\
[people]
U0ALICE01 = ["Alice@Home.example", "1+alice@git.example"]
U0ANN0001 = ["ann.lee+ci@acme.example"]
"""


def add_two_lees(world: World) -> tuple[Person, Person]:
    """Add two people with similar names and addresses."""
    ann = world.slack.person("U0ANN0001", "ann", "ann.lee@acme.example", real_name="Ann Lee")
    other = world.slack.person("U0ANN0002", "ann2", "Ann.Lee+CI@acme.example", real_name="Ann Lee")
    return ann, other


async def add_and_subscribe_lees(world: World) -> tuple[Person, Person]:
    """Add two people with similar names, both with direct messages about their failures."""
    found = add_two_lees(world)
    for person in found:
        await ask_and_read_answer(world, person, "notify me on failed")
    return found


@pytest.mark.exhaustive(keep=3)
@pytest.mark.parametrize(
    ("address", "whose"),
    [
        ("ann.lee@acme.example", 0),
        ("ANN.LEE@ACME.EXAMPLE", 0),
        ("ann.lee+ci@acme.example", 1),
        ("Ann.Lee+Ci@Acme.Example", 1),
        ("annlee@acme.example", None),
        ("ann.lee@acme.example.org", None),
        ("ann.lee+cd@acme.example", None),
    ],
)
async def test_an_address_is_one_persons(world: World, address: str, whose: int | None) -> None:
    """Of two Ann Lees, the one with the address is notified, in any case; an unknown address notifies no one."""
    people = await add_and_subscribe_lees(world)
    await run_pushed_build(world, {"name": "Ann Lee", "email": address}, "lint")
    assert [len(list_direct_messages(world, person)) for person in people] == [int(whose == at) for at in range(2)]


async def test_a_build_without_an_address_mentions_no_one(world: World) -> None:
    """An author by name alone is neither of them."""
    people = await add_and_subscribe_lees(world)
    await run_pushed_build(world, {"name": "Ann Lee"}, "lint")
    assert [list_direct_messages(world, person) for person in people] == [[], []]


async def test_the_creator_in_buildkite_is_notified(world: World) -> None:
    """Ann, who created a build of someone else's commit in Buildkite, is notified as its creator."""
    ann, _ = await add_and_subscribe_lees(world)
    creator = world.buildkite.person("Ann Lee")
    creator.email = "Ann.Lee@acme.example"
    build = world.buildkite.create_build_elsewhere("web", creator=creator, author=ALICE)
    world.buildkite.run_build(build, fail=["lint"])
    await world.settle(6)
    assert list_first_lines(world, ann) == ["❌ web#1 failed on main"]


async def test_the_file_gives_people_further_addresses(tmp_path: Path) -> None:
    """The file can add an address to a person, and assign one that Slack shows for someone else."""
    path = tmp_path / "subscriptions.toml"
    path.write_text(FILE)
    async with open_world(tmp_path, subscriptions=path) as world:
        ann, other = await add_and_subscribe_lees(world)
        assert await ask_and_read_answer(world, world.alice, "notify me on failed") == snapshot("""\
You get direct messages about your builds: failed.
Your builds are those with `1+alice@git.example`, `alice@acme.example` or `alice@home.example` as creator or author.
For builds you start from Slack, you're notified in the thread instead.
Turn this off with `/bk notify off`.\
""")
        await run_pushed_build(world, {"name": "A", "email": "alice@HOME.example"}, "lint")
        assert list_first_lines(world, world.alice) == ["❌ web#1 failed on main"]
        await run_pushed_build(world, {"name": "Ann Lee", "email": "ann.lee+ci@acme.example"}, "lint")
        assert [list_first_lines(world, person) for person in (ann, other)] == snapshot(
            [["❌ web#2 failed on main"], []]
        )
        path.write_text("[people]\n")
        world.clock.advance(3)
        await run_pushed_build(world, {"name": "A", "email": "alice@home.example"}, "lint")
        assert len(list_direct_messages(world, world.alice)) == 1


async def test_mentions_follow_the_file(tmp_path: Path) -> None:
    """An author known by an address from the file is mentioned in the thread of a subscribed card."""
    path = tmp_path / "subscriptions.toml"
    path.write_text(FILE)
    async with open_world(tmp_path, subscriptions=path) as world:
        await subscribe(world, "web --state failed")
        await run_pushed_build(world, {"name": "A", "email": "1+Alice@git.example"}, "lint")
        assert "commit by <@U0ALICE01>" in format_message(world.card())
        assert world.replies(world.card())[-1].split("\n")[0] == snapshot(
            "<@U0ALICE01> ❌ web#1 failed: :eslint: Lint (exit 1)"
        )


def test_mistakes_in_the_file_are_reported_with_their_line() -> None:
    """A wrong id, a wrong address and a shared address are each reported with their line."""
    text = """\
[[subscription]]
channel = "C0DEPLOYS"
pipeline = "web"

[people]
alice = ["alice@home.example"]
U0BOB0001 = [
  "bob@home.example",
  "Alice@Home.example",
]
"""
    with pytest.raises(InvalidSubscriptions) as wrong:
        parse_subscriptions(text)
    assert wrong.value.problems == snapshot(
        (
            "subscriptions.toml line 6: `alice` should be the id of a person such as U012ABCDEF.",
            "subscriptions.toml line 9: “alice@home.example” already belongs to `alice`: an address can have only one owner.",
        )
    )
    for people in ('U0BOB0001 = ["bob"]', 'U0BOB0001 = "bob@home.example"', "U0BOB0001 = [1]"):
        with pytest.raises(InvalidSubscriptions) as wrong:
            parse_subscriptions(f"[people]\nU0ALICE01 = []\n{people}\n")
        assert "line 3" in wrong.value.problems[0]
    assert wrong.value.problems == snapshot(
        ("subscriptions.toml line 3: `U0BOB0001` “1” should be a string in quotes.",)
    )


async def test_an_address_that_was_reassigned_no_longer_counts(world: World) -> None:
    """Alice's address was changed in Slack since she asked: builds of the old one are not hers any more."""
    await ask_and_read_answer(world, world.alice, "notify me on failed")
    world.slack.profiles[world.alice.id].email = "alice.new@acme.example"
    world.clock.advance(301)
    await run_pushed_build(world, ALICE, "lint")
    assert list_direct_messages(world, world.alice) == []
    assert "alice.new@acme.example" in await ask_and_read_answer(world, world.alice, "notify")
    await run_pushed_build(world, {"name": "Alice", "email": "alice.new@acme.example"}, "lint")
    assert list_first_lines(world, world.alice) == ["❌ web#2 failed on main"]


async def test_a_person_without_an_address_cannot_be_notified(world: World) -> None:
    """Dan, whose address Slack doesn't show, learns who can help; approvals need no address."""
    dan = world.slack.person("U0DAN0001", "dan")
    world.slack.profiles[dan.id].email = ""
    assert await ask_and_read_answer(world, dan, "notify me on failed") == snapshot("""\
⚠️ Slack doesn't share your e-mail address with me, so I can't tell which builds are yours.
Ask an admin to add your address under `[people]` in the subscriptions file.\
""")
    assert await ask_and_read_answer(world, dan, "notify me on approvals") == snapshot("""\
You get a direct message when an approval is waiting for you.
Turn this off with `/bk notify off`.\
""")


async def test_where_it_was_asked_for_is_enough(world: World) -> None:
    """Alice, who started the build in #deploys, is notified only there."""
    await ask_and_read_answer(world, world.alice, "notify me on failed,fixed,blocked")
    _, card = await fail_build(world)
    assert "<@U0ALICE01> ❌ web#1 failed" in world.replies(card)[-1]
    assert list_direct_messages(world, world.alice) == []


async def test_people_with_a_direct_message_are_not_mentioned_too(world: World) -> None:
    """Alice is named, not mentioned, in #deploys if she gets a direct message about the same failure."""
    await ask_and_read_answer(world, world.alice, "notify me on failed")
    await subscribe(world, "web --state failed")
    await run_pushed_build(world, ALICE, "lint")
    assert list_first_lines(world, world.alice) == ["❌ web#1 failed on main"]
    assert "commit by Alice Carroll" in format_message(world.card())
    assert world.replies(world.card()) == []
