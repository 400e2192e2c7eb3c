"""Plays tables by buttons on messages caused by another person."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from bot.store.tables import choices
from simulators.slack.models import Message
from tests.conversations.world import format_message
from tests.matrix.acting import find_newest_message, observe, settle_all
from tests.matrix.cast import Cast
from tests.matrix.judging import NOT_YOURS, Cell
from tests.matrix.playing import UNUSED, Play
from tests.matrix.scenes import AGENT, CLUSTER, SCENES
from tests.matrix.table import PEOPLE

PRIVATE = {
    "agent": f"agent view {AGENT}",
    "artifacts": "artifacts list {pipeline} {number}",
    "build": "build view {pipeline} {number}",
    "cluster": f"cluster view {CLUSTER}",
    "health": "health {pipeline}",
    "job question": "job cancel {job} -p {pipeline} -n {number}",
    "jobs": "job list {pipeline} {number}",
    "pipeline": "pipeline view {pipeline}",
    "question": "build cancel {pipeline} {number}",
    "services": "admin service list",
    "subscriptions": "subscribe list",
}
"""What Alice types to be shown a button that is hers alone."""
ANSWERED = {
    "agent resume": "agent pause",
    "pipeline unarchive": "pipeline archive",
    "queue resume": "queue pause",
    "mute off": "mute",
}
"""What she does where everybody is shown a button that undoes it."""
ASKED_ANEW = ("build rebuild", "job log", "mute off")
"""Pressed again, these are asked for anew: they change nothing, or find out that it has been done."""


async def press_public_buttons(play: Play, operations: dict[str, str]) -> None:
    """Every cell by pressing, in public, what Alice's act drew; and once more on the same message."""
    for pipeline, table in play.tables.items():
        for operation, source in operations.items():
            drawn: Message | None = None
            for person in PEOPLE if operation in table.rows else ():
                drawn = drawn or await _post_publicly(play, operation, pipeline, source)
                cell = play.make_cell(operation, pipeline, person, "button")
                await _press(play, cell, drawn)
                drawn = drawn if cell.word in UNUSED else None


async def _press(play: Play, cell: Cell, drawn: Message) -> None:
    person = play.cast.people[cell.person]
    name = find_action(drawn, cell.operation)
    twin = Message(**vars(drawn))  # what the person still sees while the bot redraws it

    async def press() -> object:
        return await person.clicks(twin, action_id=name)

    seen = await play.act_once(cell, person, press)
    if cell.word == "refuse" or cell.operation in ASKED_ANEW:
        return  # asked anew at every press: whether rights have changed, what the log says now
    await play.act_again(cell, person, press, seen)


async def _post_publicly(play: Play, operation: str, pipeline: str, source: str) -> Message:
    before = ANSWERED.get(operation, operation)
    props = await play.set_up_props(before, pipeline)
    if source == "card":
        await _types(play.cast, f"build watch {pipeline} {props.number}")
    elif source == "answer":
        await _types(play.cast, SCENES[before].words.format(pipeline=pipeline))
    return find_newest_message(play.cast.world)


async def press_private_buttons(play: Play, operations: dict[str, str], pipeline: str) -> None:
    """Buttons that Alice alone was shown, sent by each of the others, and at last by herself."""
    for operation, source in operations.items():
        drawn = await _answer_privately(play, operation, pipeline, source)
        for name in PEOPLE:
            await _forge(play, Cell(operation, name, "button", "refuse"), drawn)
        await _keep(play, operation, drawn)


async def _forge(play: Play, cell: Cell, drawn: Message) -> None:
    person = play.cast.people[cell.person]
    twin = Message(**{**vars(drawn), "only_for": person.id, "edits": []})

    async def press() -> object:
        return await person.clicks(twin, action_id=find_action(drawn, cell.operation))

    seen = await observe(play.cast.world, person, press)
    harm = seen.request_count or seen.audit or seen.public_texts or seen.modal
    answer = (format_message(twin) if twin.edits else seen.private_texts[-1:]) in (NOT_YOURS, (NOT_YOURS,))
    play.score.note(cell, seen, [] if answer and not harm else ["somebody else's private button worked"])


async def _keep(play: Play, operation: str, drawn: Message) -> None:
    """The button is a real one: for Alice it does something, or opens a form."""
    alice = play.cast.alice

    async def press() -> object:
        return await alice.clicks(drawn, action_id=find_action(drawn, operation))

    seen = await observe(play.cast.world, alice, press)
    works = seen.modal or [row.transition for row in seen.audit if row.operation == operation] == ["done"]
    cell = Cell(operation, "its owner", "button", "allow")
    play.score.note(cell, seen, [] if works else ["the owner's own press did nothing"])
    if seen.modal:
        await alice.closes(everything=True)


async def _answer_privately(play: Play, operation: str, pipeline: str, source: str) -> Message:
    """Make Alice type a command, or mention the bot if a form needs a button."""
    cast = play.cast
    props = await play.set_up_props(operation, pipeline)
    if source == "form":
        await cast.alice.posts(cast.world.deploys, f"@kitestring {operation}")
        await settle_all(cast.world)
    else:
        await _types(cast, PRIVATE[source].format(pipeline=pipeline, **vars(props)))
    return cast.world.slack.ephemerals(cast.alice)[-1]


async def _types(cast: Cast, words: str) -> None:
    await cast.alice.types(cast.world.deploys, f"/bk {words}")
    await settle_all(cast.world)


def find_action(message: Message, operation: str) -> str:
    """The action id of the button that calls an operation."""
    found = [name for name in list_actions(message) if _is_action_of(name, operation)]
    assert found, f"No button for {operation} in:\n{message.plain()}"
    return found[0]


def _is_action_of(action_id: str, operation: str) -> bool:
    return operation in (action_id, action_id.split(":")[-1]) or action_id == "confirm:yes"


def list_actions(message: Message) -> Iterator[str]:
    """The action ids in a message."""
    rows = (block for block in message.blocks or [] if block["type"] == "actions")
    return (item["action_id"] for row in rows for item in row["elements"] if item["type"] == "button")


async def list_offered_operations(cast: Cast) -> set[str]:
    """Every operation that some button of this world calls, but for those that only try again."""
    world = cast.world
    answer = [item for channel in world.slack.posted.values() for item in channel if item.bot]
    async with world.bot.platform.store.read() as tx:
        called = set(await tx.scalars(sa.select(choices.c.operation).distinct()))
    return {
        name for item in answer for name in list_actions(item) if ":" not in name and name != "open"
    } | called - {""}
