"""Whose build it is, where an address at Buildkite is another one than in Slack."""

from __future__ import annotations

from bot.buildkite.models import Build, Person
from bot.builds.failures.authors import Authors
from bot.slack.people import PeopleDirectory
from bot.slack.user_groups import UserGroups
from bot.slack.web_client import SlackClient
from tests.conversations.world import World


def built(author: str | None, creator: str | None = None) -> Build:
    """A build of whoever has these addresses."""
    return Build(
        id="b1",
        number=1,
        state="failed",
        url="https://api.buildkite.com/v2/organizations/acme/pipelines/web/builds/1",
        author=Person(name="Bob Lind", email=author) if author else None,
        creator=Person(name="Bob Lind", email=creator) if creator else None,
    )


def authors(world: World, said: dict[str, str]) -> Authors:
    """As the bot has them, with addresses that somebody wrote down."""
    bot = world.bot
    api = SlackClient(bot.slack_client, bot.slack_client.session)
    people = PeopleDirectory(
        api, bot.store, world.clock, bot.identity.team, UserGroups(api, world.clock, frozenset)
    )
    return Authors(api, people, bot.store, world.clock, bot.identity.team, lambda: said)


async def test_what_was_written_down_comes_first(world: World) -> None:
    """An address that is written down leads to that person, in whatever letters it is spelled."""
    found = authors(world, {"bob@home.example": world.bob.id, "alice@acme.example": world.bob.id})
    assert await found.find_author(built("Bob@Home.example")) == world.bob.id
    assert await found.find_author(built("alice@acme.example")) == world.bob.id


async def test_an_address_that_slack_knows_needs_no_writing_down(world: World) -> None:
    """Without a line of its own the address in Slack counts; an unknown one is nobody's."""
    found = authors(world, {})
    assert await found.find_author(built("bob@acme.example")) == world.bob.id
    assert await found.find_author(built("bob@home.example")) is None


async def test_who_left_is_not_mentioned_although_written_down(world: World) -> None:
    """A line about somebody who was deactivated since, or never was there, leads to nobody."""
    world.slack.profiles[world.bob.id].deleted = True
    found = authors(world, {"bob@home.example": world.bob.id, "x@home.example": "U0NOBODY1"})
    assert await found.find_author(built("bob@home.example")) is None
    assert await found.find_author(built("x@home.example")) is None


async def test_the_author_comes_before_whoever_started_it(world: World) -> None:
    """Whoever wrote it is meant; whoever started it only where no author has an address."""
    found = authors(world, {})
    assert await found.find_author(built("alice@acme.example", "bob@acme.example")) == world.alice.id
    assert await found.find_author(built(None, "bob@acme.example")) == world.bob.id
    assert await found.find_author(built("nobody@home.example", "bob@acme.example")) is None
    assert await found.find_author(built(None)) is None


async def test_an_address_that_was_given_away_leads_to_its_new_owner(world: World) -> None:
    """Bob's address belongs to somebody else today: what was kept of him is not believed."""
    found = authors(world, {})
    assert await found.find_author(built("bob@acme.example")) == world.bob.id
    world.slack.profiles[world.bob.id].email = "bob.lind@acme.example"
    world.slack.person("U0BOB0002", "bobby", "bob@acme.example")
    world.clock.advance(600)
    assert await found.find_author(built("bob@acme.example")) == "U0BOB0002"
