"""Writes what a person sees into docs/style.md: `python -m tests.screens` plays each scene and replaces its text.

tests/checks/test_screens.py holds the document to it.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from simulators.slack.models import Message
from tests.conversations.acts import block_build, fail_build, start_build
from tests.conversations.world import World, format_message, open_world

DOCUMENT = Path(__file__).parents[1] / "docs/style.md"
_BEGIN, _END = "<!-- screens: begin -->\n", "<!-- screens: end -->\n"
_POLICY = """\
[[grant]]
name = "everyone builds"
standings = ["member"]
permissions = ["help", "read", "logs", "build", "lock"]

[[protect]]
name = "production needs a second person"
pipelines = ["deploy-*"]
approvers = { users = ["U0ALICE01"] }
"""


async def see_help(world: World) -> str:
    """Bob types `/bk help`"""
    return await _ask(world, "help")


async def see_a_near_miss(world: World) -> str:
    """Bob types `/bk build create web main`, without `-b`"""
    return await _ask(world, "build create web main")


async def see_a_running_build(world: World) -> str:
    """Alice has started a build, and it runs"""
    build = await start_build(world, "web -b main -m 'Ship it'")
    world.buildkite.advance(build)
    await world.settle(4)
    return _show([world.card()])


async def see_a_failure(world: World) -> str:
    """The build fails: its card, and the reply in its thread"""
    _build, card = await fail_build(world, "web -b main -m 'Ship it'", "lint")
    return _show(_thread(world, card))


async def see_help_in_a_thread(world: World) -> str:
    """Alice mentions the bot in that thread, and nothing else"""
    _build, card = await fail_build(world)
    await world.alice.posts(card.channel, "@kitestring", thread_ts=card)
    await world.settle(2)
    return world.whispers(world.alice)[-1]


async def see_a_rebuild(world: World) -> str:
    """Alice presses *Rebuild* on the failed build's card"""
    _build, card = await fail_build(world, "web -b main -m 'Ship it'", "lint")
    await world.alice.clicks(card, "Rebuild")
    await world.settle(4)
    return _show(world.slack.messages(card.channel))


async def see_an_unblocked_step(world: World) -> str:
    """Alice unblocks a step and fills in its form: the replies in the build's thread"""
    _build, card = await block_build(world)
    await world.alice.clicks(card, "Unblock")
    await world.settle(1)
    await world.alice.submits({"Release name": "Autumn"})
    await world.settle(4)
    return _show(_thread(world, card)[1:])


async def see_an_approval(world: World) -> str:
    """Bob starts a build of a protected pipeline: what the channel sees"""
    await world.bob.types(world.deploys, "/bk build create deploy-prod -b main -m 'Ship v2' -e RING=canary")
    await world.settle(4)
    return _show([*world.slack.messages(world.deploys), *world.slack.ephemerals(world.bob)])


async def see_a_lock(world: World) -> str:
    """Bob types `/bk lock deploy-prod hotfix running`"""
    await world.bob.types(world.deploys, "/bk lock deploy-prod hotfix running")
    await world.settle(2)
    return _show([*world.slack.messages(world.deploys), *world.slack.ephemerals(world.bob)])


async def see_a_paused_agent(world: World) -> str:
    """Alice pauses an agent"""
    await world.alice.types(world.deploys, "/bk agent pause ci-linux-1 --note 'disk full'")
    await world.settle(2)
    return _show([*world.slack.messages(world.deploys), *world.slack.ephemerals(world.alice)])


async def see_a_refusal(world: World) -> str:
    """Gwen, a guest, tries to start a build"""
    await world.gwen.types(world.deploys, "/bk build create web")
    await world.settle(2)
    return world.whispers(world.gwen)[-1]


Scene = Callable[[World], Awaitable[str]]


class SceneSetting(NamedTuple):
    """A scene with the policy that holds in it, if any."""

    scene: Scene
    policy: str | None = None


SCENES = (
    SceneSetting(see_help),
    SceneSetting(see_a_near_miss),
    SceneSetting(see_a_running_build),
    SceneSetting(see_a_failure),
    SceneSetting(see_help_in_a_thread),
    SceneSetting(see_a_rebuild),
    SceneSetting(see_an_unblocked_step),
    SceneSetting(see_an_approval, _POLICY),
    SceneSetting(see_a_lock),
    SceneSetting(see_a_paused_agent),
    SceneSetting(see_a_refusal),
)


async def _ask(world: World, words: str) -> str:
    await world.bob.types(world.deploys, f"/bk {words}")
    await world.settle(2)
    return world.whispers(world.bob)[-1]


def _thread(world: World, card: Message) -> list[Message]:
    return world.slack.thread(card.channel, card)


def _show(messages: Iterable[Message]) -> str:
    return "\n\n".join(format_message(message) for message in messages)


def name_people(world: World, text: str) -> str:
    """Replace ids by the names that Slack shows."""
    for person in (world.alice, world.bob, world.gwen):
        text = text.replace(f"<@{person.id}>", f"@{person.name}")
    return re.sub(r" UTC\b", "", text)


async def play(setting: SceneSetting) -> str:
    """Play a scene in a world of its own; return it as a section of the document."""
    with tempfile.TemporaryDirectory() as folder:
        policy = Path(folder) / "policy.toml" if setting.policy else None
        if policy is not None and setting.policy is not None:
            policy.write_text(setting.policy, "utf-8")
        async with open_world(Path(folder), policy=policy) as world:
            seen = name_people(world, await setting.scene(world))
    return f"**{setting.scene.__doc__}.**\n\n````text\n{seen.strip()}\n````\n"


async def play_all() -> str:
    """Play all scenes; return the part of the document between its markers."""
    return "\n" + "\n".join([await play(setting) for setting in SCENES]) + "\n"


def read_screens() -> str:
    """Return the part of the document that the scenes make."""
    return DOCUMENT.read_text("utf-8").split(_BEGIN)[1].split(_END)[0]


def main() -> None:
    """Replace the scenes in the document."""
    text = DOCUMENT.read_text("utf-8")
    before, rest = text.split(_BEGIN)
    after = rest.split(_END)[1]
    DOCUMENT.write_text(f"{before}{_BEGIN}{asyncio.run(play_all())}{_END}{after}", "utf-8")


if __name__ == "__main__":
    main()
