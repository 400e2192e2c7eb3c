"""Finds a build's author if their address in Buildkite differs from the one in Slack."""

from __future__ import annotations

from bot.buildkite.models import Build, Person
from bot.builds.failures.authors import Authors
from bot.slack.people import PeopleDirectory
from bot.slack.user_groups import UserGroups
from bot.slack.web_client import SlackClient
from tests.conversations.world import World


def make_build(author: str | None, creator: str | None = None) -> Build:
    """Return a build with these addresses."""
    return Build(
        id="b1",
        number=1,
        state="failed",
        url="https://api.buildkite.com/v2/organizations/acme/pipelines/web/builds/1",
        author=Person(name="Bob Lind", email=author) if author else None,
        creator=Person(name="Bob Lind", email=creator) if creator else None,
    )


def make_authors(world: World, overrides: dict[str, str]) -> Authors:
    """Return the bot's authors, with configured addresses."""
    bot = world.bot
    api = SlackClient(bot.workspace.deps.slack.web, bot.workspace.deps.slack.web.session)
    people = PeopleDirectory(
        api,
        bot.platform.store,
        world.clock,
        bot.workspace.deps.slack.identity.team,
        UserGroups(api, world.clock, frozenset),
    )
    return Authors(
        api, people, bot.platform.store, world.clock, bot.workspace.deps.slack.identity.team, lambda: overrides
    )


async def test_a_configured_address_comes_first(world: World) -> None:
    """A configured address leads to that person, whatever its case."""
    found = make_authors(world, {"bob@home.example": world.bob.id, "alice@acme.example": world.bob.id})
    assert await found.find_author(make_build("Bob@Home.example")) == world.bob.id
    assert await found.find_author(make_build("alice@acme.example")) == world.bob.id


async def test_an_address_known_to_slack_needs_no_setting(world: World) -> None:
    """Without a setting, the address in Slack counts; an unknown address leads to no one."""
    found = make_authors(world, {})
    assert await found.find_author(make_build("bob@acme.example")) == world.bob.id
    assert await found.find_author(make_build("bob@home.example")) is None


async def test_a_former_member_is_not_mentioned(world: World) -> None:
    """A setting for someone who was deactivated, or never was a member, leads to no one."""
    world.slack.profiles[world.bob.id].deleted = True
    found = make_authors(world, {"bob@home.example": world.bob.id, "x@home.example": "U0NOBODY1"})
    assert await found.find_author(make_build("bob@home.example")) is None
    assert await found.find_author(make_build("x@home.example")) is None


async def test_the_author_comes_before_the_person_who_started_it(world: World) -> None:
    """The author is found; the person who started the build only if no author has an address."""
    found = make_authors(world, {})
    assert await found.find_author(make_build("alice@acme.example", "bob@acme.example")) == world.alice.id
    assert await found.find_author(make_build(None, "bob@acme.example")) == world.bob.id
    assert await found.find_author(make_build("nobody@home.example", "bob@acme.example")) is None
    assert await found.find_author(make_build(None)) is None


async def test_a_reassigned_address_leads_to_its_new_owner(world: World) -> None:
    """Bob's address belongs to someone else now, so his stored profile isn't trusted."""
    found = make_authors(world, {})
    assert await found.find_author(make_build("bob@acme.example")) == world.bob.id
    world.slack.profiles[world.bob.id].email = "bob.lind@acme.example"
    world.slack.person("U0BOB0002", "bobby", "bob@acme.example")
    world.clock.advance(600)
    assert await found.find_author(make_build("bob@acme.example")) == "U0BOB0002"
