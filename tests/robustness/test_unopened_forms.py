"""A form that Slack does not open: whoever waits for it is told, with a way to open it after all."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from bot.app.dependencies import find_database_file
from bot.listeners.event_listeners import START
from tests.conversations.world import World
from tests.robustness.lives import settled

CREATE = "/bk build create"
FAULTS = {
    "limited": ("rate_limit", "The form did not open. Slack did not take that (ratelimited)."),
    "expired": ("error", "The form did not open. Slack did not take that (expired_trigger_id)."),
    "lost": ("lose_answer", "The form may not have opened."),
    "down": ("fail", "The form may not have opened."),
}


def break_opening(world: World, kind: str) -> str:
    """The next `views.open` goes wrong; gives what is to be said of it."""
    name, said = FAULTS[kind]
    more = ("expired_trigger_id",) if name == "error" else ()
    getattr(world.slack.faults, name)("views.open", *more)
    return said


@pytest.mark.parametrize("kind", FAULTS)
async def test_whoever_waits_for_a_form_is_told_and_opens_it_by_the_button(world: World, kind: str) -> None:
    """Bob asks for the form of a new build, Slack does not open it; the button of the answer does."""
    said = break_opening(world, kind)
    await world.bob.types(world.deploys, CREATE)
    await settled(world, 5)
    (told,) = world.slack.ephemerals(world.bob)
    assert said in told.plain()
    await world.bob.clicks(told, "Try again")
    await settled(world, 5)
    modal = world.slack.modal_of(world.bob)
    assert modal is not None
    assert "Create build" in modal.plain()
    await world.bob.submits({"Pipeline": "web"})
    await settled(world, 10)
    assert len(world.buildkite.builds) == 1


async def test_a_form_that_opened_and_was_never_filled_is_told(world: World) -> None:
    """The form of a block step says "One moment…", and what it asks for does not arrive: it can be opened anew."""
    build = world.buildkite.create_build_elsewhere("deploy-prod", "main")
    await world.bob.types(world.deploys, f"/bk build watch deploy-prod {build.number}")
    world.buildkite.run_build(build)
    await settled(world, 20)
    world.slack.faults.rate_limit("views.update")
    await world.bob.clicks(world.card(), "Unblock")
    await settled(world, 5)
    told = world.slack.ephemerals(world.bob)[-1]
    assert "The form did not open." in told.plain()
    await world.bob.closes(everything=True)
    await world.bob.clicks(told, "Try again")
    await settled(world, 5)
    modal = world.slack.modal_of(world.bob)
    assert modal is not None
    assert "Release name" in modal.plain()


async def test_while_the_database_is_away_it_is_told_without_a_button(world: World) -> None:
    """Another program locks it: what a button stands for cannot be written down, but nobody is left waiting."""
    async with world.bot.store.write() as tx:
        await tx.exec_driver_sql("PRAGMA busy_timeout=0")
    with closing(sqlite3.connect(find_database_file(world.settings), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await world.bob.types(world.deploys, CREATE)
        await world.bot.runner.drain()
        other.execute("ROLLBACK")
    (told,) = world.slack.ephemerals(world.bob)
    assert "The form did not open. My database isn't responding" in told.plain()
    assert "Try again]" not in told.plain()


async def test_who_asks_from_nowhere_is_told_by_direct_message(world: World) -> None:
    """Bob uses the shortcut, which is in no conversation; he is to use it again, where he can choose the place."""
    break_opening(world, "limited")
    await world.bob.shortcut(START)
    await settled(world, 5)
    (told,) = [message for message in world.slack.messages(world.bob.dm) if message.bot]
    assert "The form did not open." in told.plain()
    assert "Try again]" not in told.plain()
