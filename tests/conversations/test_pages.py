"""Long lists have pages, shown in the same message."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from bot.slack.blockkit import data_tables
from simulators.slack.models import Message
from simulators.slack.person import Person
from tests.conversations.acts import ask_privately, fail_build
from tests.conversations.world import World, format_message


def add_builds(world: World, count: int, message: str = "Build") -> None:
    """Add this many builds of web, all failed but the newest."""
    for at in range(1, count + 1):
        build = world.buildkite.create_build("web", message=f"{message} {at}")
        world.buildkite.run_build(build, fail=["lint"])


def find_listed_numbers(text: str) -> list[str]:
    """Return the numbers of the builds in a list, in its order."""
    return [word.removeprefix("web#") for word in text.split() if word.startswith("web#")]


def find_footer(text: str) -> list[str]:
    """Return the text below the table."""
    return text.split("\n")[-2:]


async def press_button(world: World, person: Person, message: Message, label: str) -> Message:
    """Press a button; return the message as it is then."""
    await person.clicks(message, label)
    await world.settle(1)
    return message


async def test_pages_are_turned_in_place(world: World) -> None:
    """34 builds make three pages in the same message, with the filter kept."""
    add_builds(world, 34)
    first = await ask_privately(world, world.bob, "build list web --state failed")
    assert find_footer(first) == snapshot(["Page 1 of 3", "[Older ›]"])
    message = world.slack.ephemerals(world.bob)[-1]
    second = format_message(await press_button(world, world.bob, message, "Older ›"))
    assert second.split("\n")[0] == snapshot("Builds of web that failed, newest first")
    assert find_footer(second) == snapshot(["Page 2 of 3", "[‹ Newer] [Older ›]"])
    third = format_message(await press_button(world, world.bob, message, "Older ›"))
    assert find_footer(third) == snapshot(["Page 3 of 3", "[‹ Newer]"])
    pages = [find_listed_numbers(page) for page in (first, second, third)]
    assert [*pages[0], *pages[1], *pages[2]] == [str(number) for number in range(34, 0, -1)]
    assert format_message(await press_button(world, world.bob, message, "‹ Newer")) == second
    assert len(world.slack.ephemerals(world.bob)) == 1


async def test_a_page_is_one_request(world: World) -> None:
    """Of 120 builds only those of the page are read."""
    add_builds(world, 120)
    await ask_privately(world, world.bob, "build list web")
    before = len(world.buildkite.requests)
    await press_button(world, world.bob, world.slack.ephemerals(world.bob)[-1], "Older ›")
    asked = [request for request in list(world.buildkite.requests)[before:] if request.path.endswith("/builds")]
    assert [item.query for item in asked] == snapshot(["exclude_jobs=true&page=2&per_page=15"])


async def test_a_list_that_shrank_shows_what_there_is(world: World) -> None:
    """If the last page no longer exists, the list is shown as it is now."""
    add_builds(world, 40)
    await ask_privately(world, world.bob, "build list web")
    message = world.slack.ephemerals(world.bob)[-1]
    await press_button(world, world.bob, message, "Older ›")
    del world.buildkite.builds[20:]
    assert find_listed_numbers(format_message(await press_button(world, world.bob, message, "Older ›")))[0] == "20"


async def test_a_limit_is_a_limit(world: World) -> None:
    """`--limit` lists no more than that, on as many pages as needed."""
    add_builds(world, 40)
    first = await ask_privately(world, world.bob, "build list web --limit 25")
    assert find_footer(first) == snapshot(["Page 1 of 2 · 25 builds", "[Older ›]"])
    message = world.slack.ephemerals(world.bob)[-1]
    second = format_message(await press_button(world, world.bob, message, "Older ›"))
    assert find_listed_numbers(first + second) == [str(number) for number in range(40, 15, -1)]


async def test_anyone_may_turn_the_pages_of_a_shared_list(world: World) -> None:
    """A shared list stays one message, whoever turns its pages."""
    add_builds(world, 20)
    await world.bob.types(world.deploys, "/bk build list web --share")
    await world.settle(2)
    message = world.card()
    await press_button(world, world.alice, message, "Older ›")
    assert find_listed_numbers(format_message(message)) == ["5", "4", "3", "2", "1"]
    await press_button(world, world.bob, message, "‹ Newer")
    assert find_listed_numbers(format_message(message))[0] == "20"
    assert world.slack.messages(world.deploys) == [message]
    assert world.whispers(world.alice) == []


async def test_turning_a_page_needs_permission(world: World) -> None:
    """Each press is checked: a guest is told why, and the page stays."""
    add_builds(world, 20)
    await world.bob.types(world.deploys, "/bk build list web --share")
    await world.settle(2)
    message = world.card()
    before = format_message(message)
    await press_button(world, world.gwen, message, "Older ›")
    assert format_message(message) == before
    assert world.whispers(world.gwen) == snapshot(
        [
            """\
⚠️ Guests of this workspace cannot use Kitestring.
Ask a full member to do it for you, or a workspace admin to make you a full member.\
"""
        ]
    )


async def test_agents_have_pages_too(world: World) -> None:
    """A list that is read as a whole has pages too."""
    for at in range(40):
        world.buildkite.agent(f"more-{at:02}")
    first = await ask_privately(world, world.bob, "agent list")
    assert find_footer(first) == snapshot(["Page 1 of 3 · 44 agents", "[Next ›]"])
    message = world.slack.ephemerals(world.bob)[-1]
    second = format_message(await press_button(world, world.bob, message, "Next ›"))
    assert find_footer(second) == snapshot(["Page 2 of 3 · 44 agents", "[‹ Previous] [Next ›]"])


@pytest.mark.parametrize("status", [200, 400])
async def test_lists_are_text_if_slack_refuses_tables(world: World, status: int) -> None:
    """By command, in a thread, in public or turned, lists become text; Slack refuses only the first.

    Slack documents no status for such a refusal, so what the answer says decides.
    """
    world.slack.refusal_status = status
    world.slack.unknown_blocks.add(data_tables.KIND)
    _, card = await fail_build(world)
    add_builds(world, 20, "More")
    assert (await ask_privately(world, world.bob, "build list web --limit 1")) == snapshot("""\
Builds of web, newest first
❌ Failed · web#21 · `main` · More 20 · Sam Kim · f7f60e7 · 0s · 2026-11-02 09:00 UTC\
""")
    assert "✅" not in await ask_privately(world, world.bob, "build list web", card)
    await press_button(world, world.bob, world.slack.ephemerals(world.bob)[-1], "Older ›")
    await world.bob.types(world.deploys, "/bk build list web --share")
    await world.settle(2)
    assert "web#1" in format_message(await press_button(world, world.alice, world.card(), "Older ›"))
    assert sum(not call.ok for call in world.slack.calls) == 1
