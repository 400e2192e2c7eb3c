"""The bot is killed after commits of a command that changes its own state: what it says of it is true."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conversations.world import World
from tests.databases import create_database, postgresql, ready
from tests.robustness.database_wire import open_wire
from tests.robustness.lives import Lives, open_town, settle
from tests.robustness.truth import assert_posted_once, read_private
from tests.sampling import Sample

__all__ = ["postgresql", "ready"]


@dataclass(frozen=True)
class Story:
    """A command, what it answers, what to ask about it afterwards, and the answer once it has happened.

    `before` is typed first. `done` is looked for in the answer to `question`; `is_absence` if it must be missing.
    """

    command: str
    answer: str
    question: str
    done: str
    before: str = ""
    is_absence: bool = False


STORIES = {
    "lock": Story("lock web Release", "locked `web` until", "locks", "web · <@U0ALICE01>"),
    "unlock": Story(
        "unlock web", "unlocked `web`", "locks", "web · <@U0ALICE01>", "lock web Release", is_absence=True
    ),
    "subscribe": Story("subscribe web --yes", "the subscription to|channel to `web`", "subscribe list", "`web`"),
    "subscribe remove": Story(
        "subscribe remove web",
        "removed the subscription",
        "subscribe list",
        "`web`",
        "subscribe web --yes",
        is_absence=True,
    ),
    "readonly": Story("readonly on", "turned read-only mode on", "status", "read-only mode"),
    "alias": Story("alias ship = build list", "alias `ship`: `build list`", "alias", "ship · build list"),
    "unalias": Story(
        "unalias ship", "Removed alias `ship`", "alias", "ship · meta", "alias ship = meta", is_absence=True
    ),
    "agent unwatch": Story(
        "agent unwatch",
        "stopped watching all agents",
        "agent watches",
        "every queue",
        "agent watch",
        is_absence=True,
    ),
}
# Seconds until the next life: at once, or longer than recovery waits before it reports a command unrun.
LATE = 11 * 60


async def play_story(lives: Lives, story: Story, wait: float) -> range:
    """Type the story's commands, through a death that lasts `wait` seconds; return the commits of the last."""

    async def prepare(world: World) -> None:
        if story.before:
            await world.alice.types(world.deploys, f"/bk {story.before}")
            await settle(world, 2)

    async def act(world: World) -> None:
        try:
            await world.alice.types(world.deploys, f"/bk {story.command}")
            await settle(world, 1)
        finally:
            world.clock.advance(wait if lives.dead else 0)

    await lives.play(prepare)
    first = lives.commits + 1
    await lives.play(act)
    commits = range(first, lives.commits + 1)
    await settle(lives.world, 60)
    return commits


async def is_done(world: World, story: Story) -> bool:
    """Ask the bot whether the command has happened."""
    await world.alice.types(world.deploys, f"/bk {story.question}")
    await settle(world, 1)
    return (story.done in world.whispers(world.alice)[-1]) is not story.is_absence


async def assert_truth(world: World, story: Story) -> None:
    """Assert that the person was told the truth, if anything, and that nothing happened in silence."""
    assert_posted_once(world)
    private = read_private(world, world.alice)
    everything = private + world.slack.transcript()
    announced = any(answer in everything for answer in story.answer.split("|"))
    denied = "Nothing has changed" in private or "did *not* go through" in private
    if await is_done(world, story):
        assert not denied, everything
        assert announced or "can't tell whether it went through" in private, everything
    else:
        assert not announced, everything


@pytest.mark.exhaustive(keep=3)
@pytest.mark.parametrize(
    ("name", "wait"),
    [
        ("lock", 0),
        ("lock", LATE),
        ("unlock", 0),
        ("unlock", LATE),
        ("subscribe", LATE),
        ("subscribe remove", 0),
        ("readonly", LATE),
        ("alias", 0),
        ("unalias", LATE),
        ("agent unwatch", 0),
    ],
)
async def test_recovery_tells_the_truth_about_own_state(
    tmp_path: Path, name: str, wait: float, sample: Sample
) -> None:
    """Killed after any commit of it, the bot never says that nothing has changed when something has."""
    story = STORIES[name]
    async with open_town(tmp_path / "whole") as lives:
        commits = await play_story(lives, story, wait)
        await assert_truth(lives.world, story)
        assert await is_done(lives.world, story)
    assert len(commits) >= 3
    for number in sample(commits, keep=3):
        async with open_town(tmp_path / str(number), die_after=number) as lives:
            await play_story(lives, story, wait)
            assert lives.number == 2
            await assert_truth(lives.world, story)


@pytest.mark.postgres
@pytest.mark.exhaustive(keep=2)
@pytest.mark.parametrize(
    ("name", "wait"), [("lock", 0), ("unlock", LATE), ("subscribe", 0), ("readonly", LATE), ("alias", 0)]
)
async def test_recovery_tells_the_truth_on_postgresql(
    tmp_path: Path, postgresql: sa.URL, ready: str, name: str, wait: float, sample: Sample
) -> None:
    """On PostgreSQL too, where every connection ends with the process, the bot never denies what has happened."""
    story = STORIES[name]
    async with (
        create_database(postgresql, ready) as database,
        open_wire(database) as wire,
        open_town(tmp_path / "whole", database=wire) as lives,
    ):
        commits = await play_story(lives, story, wait)
        await assert_truth(lives.world, story)
        assert await is_done(lives.world, story)
    assert len(commits) >= 3
    for number in sample(commits, keep=2):
        async with (
            create_database(postgresql, ready) as database,
            open_wire(database) as wire,
            open_town(tmp_path / str(number), die_after=number, database=wire) as lives,
        ):
            await play_story(lives, story, wait)
            assert lives.number == 2
            await assert_truth(lives.world, story)
