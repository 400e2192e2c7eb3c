"""When Slack doesn't open a form, the person waiting for it is told, with another way to open it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from bot.app.platform import find_database_file
from bot.listeners.event_listeners import START
from tests.conversations.world import World
from tests.robustness.lives import settle

CREATE = "/bk build create"
FAULTS = {
    "limited": ("rate_limit", "The form didn't open. Slack didn't accept that (ratelimited)."),
    "expired": ("error", "The form didn't open. Slack didn't accept that (expired_trigger_id)."),
    "lost": ("lose_answer", "The form may not have opened."),
    "down": ("fail", "The form may not have opened."),
}


def break_opening(world: World, kind: str) -> str:
    """Make the next `views.open` fail; return what the person should read about it."""
    name, problem = FAULTS[kind]
    more = ("expired_trigger_id",) if name == "error" else ()
    getattr(world.slack.faults, name)("views.open", *more)
    return problem


@pytest.mark.exhaustive(keep=2)
@pytest.mark.parametrize("kind", FAULTS)
async def test_a_button_opens_a_form_that_did_not_open(world: World, kind: str) -> None:
    """If Slack doesn't open Bob's form for a new build, the button in the answer does."""
    problem = break_opening(world, kind)
    await world.bob.types(world.deploys, CREATE)
    await settle(world, 5)
    (answer,) = world.slack.ephemerals(world.bob)
    assert problem in answer.plain()
    await world.bob.clicks(answer, "Try again")
    await settle(world, 5)
    modal = world.slack.modal_of(world.bob)
    assert modal is not None
    assert "Start a build" in modal.plain()
    await world.bob.submits({"Pipeline": "web"})
    await settle(world, 10)
    assert len(world.buildkite.builds) == 1


async def test_a_form_without_content_can_be_reopened(world: World) -> None:
    """If the content of a block step's form never arrives, Bob is told and can open the form again."""
    build = world.buildkite.create_build_elsewhere("deploy-prod", "main")
    await world.bob.types(world.deploys, f"/bk build watch deploy-prod {build.number}")
    world.buildkite.run_build(build)
    await settle(world, 20)
    world.slack.faults.rate_limit("views.update")
    await world.bob.clicks(world.card(), "Unblock")
    await settle(world, 5)
    answer = world.slack.ephemerals(world.bob)[-1]
    assert "The form didn't open." in answer.plain()
    await world.bob.closes(everything=True)
    await world.bob.clicks(answer, "Try again")
    await settle(world, 5)
    modal = world.slack.modal_of(world.bob)
    assert modal is not None
    assert "Release name" in modal.plain()


async def test_without_a_database_there_is_no_button(world: World) -> None:
    """While the database is locked no button can be stored, but Bob is still told."""
    async with world.bot.platform.store.write() as tx:
        await tx.exec_driver_sql("PRAGMA busy_timeout=0")
    with closing(sqlite3.connect(find_database_file(world.settings), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await world.bob.types(world.deploys, CREATE)
        await world.bot.drain()
        other.execute("ROLLBACK")
    (answer,) = world.slack.ephemerals(world.bob)
    assert "The form didn't open. My database isn't responding" in answer.plain()
    assert "Try again]" not in answer.plain()


async def test_a_shortcut_without_a_channel_answers_by_dm(world: World) -> None:
    """A global shortcut belongs to no conversation, so Bob is told by DM to use it again."""
    break_opening(world, "limited")
    await world.bob.shortcut(START)
    await settle(world, 5)
    (answer,) = [message for message in world.slack.messages(world.bob.dm) if message.bot]
    assert "The form didn't open." in answer.plain()
    assert "Try again]" not in answer.plain()
