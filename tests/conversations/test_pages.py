"""Long lists are read page by page, in the message that the first page came in."""

from __future__ import annotations

from inline_snapshot import snapshot

from bot.slack.blockkit import tables
from simulators.slack.models import Message
from simulators.slack.person import Person
from tests.conversations.acts import asks, failed
from tests.conversations.world import World, shown


def builds(world: World, count: int, message: str = "Build") -> None:
    """So many builds of web, all failed but the newest."""
    for at in range(1, count + 1):
        build = world.buildkite.create_build("web", message=f"{message} {at}")
        world.buildkite.run_build(build, fail=["lint"])


def listed(text: str) -> list[str]:
    """The numbers of the builds in a list, in its order."""
    return [word.removeprefix("web#") for word in text.split() if word.startswith("web#")]


def foot(text: str) -> list[str]:
    """What stands below the table."""
    return text.split("\n")[-2:]


async def press(world: World, person: Person, message: Message, label: str) -> Message:
    """Press a button; the message as it stands then."""
    await person.clicks(message, label)
    await world.settle(1)
    return message


async def test_pages_are_turned_in_place(world: World) -> None:
    """34 builds: three pages, the same message, the filter kept, no other message said."""
    builds(world, 34)
    first = await asks(world, world.bob, "build list web --state failed")
    assert foot(first) == snapshot(["Page 1 of 3", "[Older ›]"])
    message = world.slack.ephemerals(world.bob)[-1]
    second = shown(await press(world, world.bob, message, "Older ›"))
    assert second.split("\n")[0] == snapshot("Builds of web that failed, newest first")
    assert foot(second) == snapshot(["Page 2 of 3", "[‹ Newer] [Older ›]"])
    third = shown(await press(world, world.bob, message, "Older ›"))
    assert foot(third) == snapshot(["Page 3 of 3", "[‹ Newer]"])
    pages = [listed(page) for page in (first, second, third)]
    assert [*pages[0], *pages[1], *pages[2]] == [str(number) for number in range(34, 0, -1)]
    assert shown(await press(world, world.bob, message, "‹ Newer")) == second
    assert len(world.slack.ephemerals(world.bob)) == 1


async def test_a_page_is_one_request(world: World) -> None:
    """Of 120 builds only those of the page are read, whichever page it is."""
    builds(world, 120)
    await asks(world, world.bob, "build list web")
    before = len(world.buildkite.requests)
    await press(world, world.bob, world.slack.ephemerals(world.bob)[-1], "Older ›")
    asked = [request for request in list(world.buildkite.requests)[before:] if request.path.endswith("/builds")]
    assert [item.query for item in asked] == snapshot(["exclude_jobs=true&page=2&per_page=15"])


async def test_a_list_that_shrank_shows_what_there_is(world: World) -> None:
    """The last page is asked for when its rows are gone: the list as it is now, not an error."""
    builds(world, 40)
    await asks(world, world.bob, "build list web")
    message = world.slack.ephemerals(world.bob)[-1]
    await press(world, world.bob, message, "Older ›")
    del world.buildkite.builds[20:]
    assert listed(shown(await press(world, world.bob, message, "Older ›")))[0] == "20"


async def test_a_limit_is_a_limit(world: World) -> None:
    """With --limit no more than so many are listed, on as many pages as they need."""
    builds(world, 40)
    first = await asks(world, world.bob, "build list web --limit 25")
    assert foot(first) == snapshot(["Page 1 of 2 · 25 builds", "[Older ›]"])
    message = world.slack.ephemerals(world.bob)[-1]
    second = shown(await press(world, world.bob, message, "Older ›"))
    assert listed(first + second) == [str(number) for number in range(40, 15, -1)]


async def test_everybody_turns_the_pages_of_a_list_for_everybody(world: World) -> None:
    """A list that was shared stays one message, whoever turns its pages, and nobody else is told anything."""
    builds(world, 20)
    await world.bob.types(world.deploys, "/bk build list web --share")
    await world.settle(2)
    message = world.card()
    await press(world, world.alice, message, "Older ›")
    assert listed(shown(message)) == ["5", "4", "3", "2", "1"]
    await press(world, world.bob, message, "‹ Newer")
    assert listed(shown(message))[0] == "20"
    assert world.slack.messages(world.deploys) == [message]
    assert world.whispers(world.alice) == []


async def test_who_may_not_read_turns_no_page(world: World) -> None:
    """Every press is judged anew: a guest is told why, and the page stays as it is."""
    builds(world, 20)
    await world.bob.types(world.deploys, "/bk build list web --share")
    await world.settle(2)
    message = world.card()
    before = shown(message)
    await press(world, world.gwen, message, "Older ›")
    assert shown(message) == before
    assert world.whispers(world.gwen) == snapshot(
        [
            """\
⚠️ Guests of this workspace cannot use Kitestring.
Ask a full member to do it for you, or a workspace admin to make you a full member.\
"""
        ]
    )


async def test_agents_have_pages_too(world: World) -> None:
    """A list that is read as a whole is cut into pages all the same."""
    for at in range(40):
        world.buildkite.agent(f"more-{at:02}")
    first = await asks(world, world.bob, "agent list")
    assert foot(first) == snapshot(["Page 1 of 3 · 44 agents", "[Next ›]"])
    message = world.slack.ephemerals(world.bob)[-1]
    second = shown(await press(world, world.bob, message, "Next ›"))
    assert foot(second) == snapshot(["Page 2 of 3 · 44 agents", "[‹ Previous] [Next ›]"])


async def test_where_tables_are_refused_lists_are_text(world: World) -> None:
    """Asked by command, in a thread, for everybody, or turned: always text, and Slack refuses only the first."""
    world.slack.unknown_blocks.add(tables.KIND)
    _, card = await failed(world)
    builds(world, 20, "More")
    assert (await asks(world, world.bob, "build list web --limit 1")) == snapshot("""\
Builds of web, newest first
❌ Failed · web#21 · `main` · More 20 · 2026-11-02 09:00 UTC\
""")
    assert "✅" not in await asks(world, world.bob, "build list web", card)
    await press(world, world.bob, world.slack.ephemerals(world.bob)[-1], "Older ›")
    await world.bob.types(world.deploys, "/bk build list web --share")
    await world.settle(2)
    assert "web#1" in shown(await press(world, world.alice, world.card(), "Older ›"))
    assert sum(not call.ok for call in world.slack.calls) == 1
