"""Menus, suggestions, choices and errors never name what a person may not read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from simulators.slack.person import Person
from tests.conversations.acts import ask_privately, start_build
from tests.conversations.world import World, open_world

POLICY = """\
admins = "the platform team"

[[grant]]
name = "admins do everything"
standings = ["admin"]
permissions = ["help", "read", "logs", "build", "agents", "pipelines", "admin", "lock"]

[[grant]]
name = "everyone may read and build web"
standings = ["member"]
permissions = ["help", "read", "logs", "build", "lock"]
pipelines = ["web"]

[[grant]]
name = "everyone may build api, and see only its main branch"
standings = ["member"]
permissions = ["read", "build"]
pipelines = ["api"]
branches = ["main"]
"""
HIDDEN = ("deploy-prod", "docs-site", "mobile")
GUESSES = (
    "build create deploy-prd",
    "build list deploy-prd",
    "build list docs-sit",
    "pipeline view mobil",
    "build view deploy-prd 1",
    "job log lint -p mobil -n 1",
    "subscribe docs-sit",
    "lock deploy-prd oops",
    "health mobil",
    "default deploy-prd",
    "can build create deploy-prd",
    "agent view ci-linux",
    "cluster view defaul",
    "queue view defaul",
    "unsubscribe deploy-prd",
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Alice may do everything; Bob may read web and the main branch of api; Gwen is a guest."""
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, "utf-8")
    async with open_world(tmp_path, policy=policy) as ready:
        for slug in ("web", "api", *HIDDEN):
            if slug not in ready.buildkite.pipelines:
                ready.buildkite.pipeline(slug)
        yield ready


async def open_form(world: World, person: Person, command: str = "build create") -> None:
    """Open a form."""
    await person.types(world.deploys, f"/bk {command}")
    await world.settle(1)


async def test_menus_offer_what_the_person_may_read(world: World) -> None:
    """The menus of pipelines, branches and agents are filtered for the person, before they are cut."""
    for branch in ("main", "secret-takeover"):
        world.buildkite.create_build_elsewhere("api", branch, "x")
        world.buildkite.create_build_elsewhere("web", branch, "x")
    await open_form(world, world.bob)
    assert await world.bob.searches("Pipeline", "") == ["api", "web"]
    assert await world.bob.searches("Branch", "e") == ["e"]
    await world.bob.fills({"Pipeline": "api"})
    assert await world.bob.searches("Branch", "") == ["main"]
    await world.bob.fills({"Pipeline": "web"})
    assert sorted(await world.bob.searches("Branch", "")) == ["main", "secret-takeover"]
    await open_form(world, world.alice)
    assert set(HIDDEN) < set(await world.alice.searches("Pipeline", ""))


async def test_people_who_may_do_nothing_get_empty_menus(world: World) -> None:
    """A guest, a deactivated person and a stranger get no names from the menu of someone else's form."""
    await open_form(world, world.alice)
    assert await world.alice.searches("Pipeline", "web")
    stranger = world.slack.person("U0STRANGE", "sam", "sam@elsewhere.example")
    for person in (world.gwen, world.bob, stranger):
        view = world.slack.modal_of(world.alice)
        assert view is not None
        assert await search_as(world, person, "web") == []


async def search_as(world: World, person: Person, typed: str) -> list[object]:
    """Send the request of Alice's menu in another person's name."""
    await world.alice.searches("Pipeline", typed)
    last = world.slack.delivery.last
    assert last is not None
    payload = last.outgoing.payload | {"user": {"id": person.id, "team_id": world.slack.team}}
    ack = await world.slack.delivery.send(type(last.outgoing)(last.outgoing.kind, payload, accepts_response=True))
    assert isinstance(ack.body, dict)
    return list(ack.body["options"])


async def test_a_person_who_was_deactivated_gets_an_empty_menu(world: World) -> None:
    """Someone who opened a form and was deactivated since then gets no names any more."""
    await open_form(world, world.bob)
    assert await world.bob.searches("Pipeline", "") == ["api", "web"]
    world.bob.profile.deleted = True
    world.clock.advance(61)
    assert await world.bob.searches("Pipeline", "") == []


@pytest.mark.parametrize("person", ["bob", "gwen"])
async def test_near_misses_name_nothing_hidden(world: World, person: str) -> None:
    """“Did you mean” and every other error leave out names that the person may not read."""
    asking: Person = getattr(world, person)
    start = await start_build(world, "deploy-prod")
    for guess in GUESSES:
        answer = await ask_privately(world, asking, guess)
        typed = guess.split()
        named = [name for name in (*HIDDEN, "ci-linux-1", "Default") if name in answer and name not in typed]
        assert named == [], (guess, answer)
    assert start.number == 1


async def set_up(world: World, *commands: str) -> None:
    """Let Alice set something up for the channel."""
    for command in commands:
        await world.alice.types(world.deploys, f"/bk {command}")
        await world.settle(1)


async def test_what_a_channel_has_set_up_names_nothing_hidden(world: World) -> None:
    """Subscriptions, the default pipeline and locks are hidden from people who may not read the pipeline."""
    await set_up(world, "subscribe web --yes", "subscribe deploy-prod --yes", "subscribe api -b secret --yes")
    await set_up(world, "default deploy-prod", "lock deploy-prod the migration nobody may know of")
    commands = (
        *("subscribe list", "default", "build list", "health", "build view", "build view 1", "agent list"),
        *("locks", "can build list", "can build create deploy-prod", "build create deploy-prod", "build create"),
        *("subscribe remove 2", "subscribe remove 3", "subscribe remove nothing", "default --none"),
    )
    for command in commands:
        before = len(world.transcript()), len(world.whispers(world.bob))
        await world.bob.types(world.deploys, f"/bk {command}")
        await world.settle(1)
        answer = world.transcript()[before[0] :] + "".join(world.whispers(world.bob)[before[1] :])
        assert answer or command == "build create", command
        named = [name for name in ("deploy-prod", "secret", "migration", "locked by") if name in answer]
        assert [name for name in named if name not in command] == [], (command, answer)


async def test_a_subscription_keeps_its_number_where_others_are_hidden(world: World) -> None:
    """Bob sees that there are more subscriptions, and removes his by the number that everyone sees."""
    await set_up(world, "subscribe deploy-prod --yes", "subscribe web --yes")
    assert await ask_privately(world, world.bob, "subscribe list") == snapshot("""\
*This channel's subscriptions*
*2.* `web`: failed, fixed and blocked · by <@U0ALICE01>
… and 1 that you can't see
[Mute 2 for 8h] [Remove 2]\
""")
    await world.bob.types(world.deploys, "/bk subscribe remove 2")
    await world.settle(2)
    assert "web" not in await ask_privately(world, world.alice, "subscribe list")


async def test_a_form_leaves_out_a_hidden_default(world: World) -> None:
    """Bob's form begins empty if the channel's default pipeline is hidden from him."""
    await set_up(world, "default deploy-prod")
    await open_form(world, world.bob)
    form = world.slack.modal_of(world.bob)
    assert form is not None
    assert "deploy-prod" not in form.plain()


async def test_admins_still_get_suggestions(world: World) -> None:
    """People who may read everything are helped as before."""
    assert [await ask_privately(world, world.alice, guess) for guess in GUESSES[:2]] == snapshot(
        [
            """\
⚠️ There's no pipeline “deploy-prd”.
Did you mean deploy-prod?\
""",
            """\
⚠️ There's no pipeline “deploy-prd”.
Did you mean deploy-prod?\
""",
        ]
    )


async def test_jobs_of_a_hidden_build_are_not_named(world: World) -> None:
    """A job that doesn't exist in a build that Bob may not read gets no suggestions, and no choice."""
    await start_build(world, "deploy-prod")
    for words in ("job view deploi -p deploy-prod -n 1", "job retry -p deploy-prod -n 1"):
        answer = await ask_privately(world, world.bob, words)
        assert "deploy" not in answer.replace("deploy-prod", "").replace("deploi", ""), answer


async def test_builds_of_a_thread_are_offered_by_what_may_be_read(world: World) -> None:
    """The choice between several builds of a thread leaves out those of hidden pipelines."""
    await world.alice.posts(world.deploys, "@kitestring build create web")
    await world.settle(3)
    root = world.slack.messages(world.deploys)[0]
    for pipeline in ("api", "deploy-prod"):
        await world.alice.posts(world.deploys, f"@kitestring build create {pipeline}", thread_ts=root)
        await world.settle(3)
    await world.bob.posts(world.deploys, "@kitestring build view", thread_ts=root)
    await world.settle(2)
    answer = world.whispers(world.bob)[-1]
    assert "deploy-prod" not in answer
    assert "api" in answer
