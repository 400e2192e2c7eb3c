"""Whichever way someone asks, they get the same verdict, and leave the same audit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.listeners.rest.openapi import is_exposed
from commands import registry
from tests.matrix.acting import Row, Seen, observe
from tests.matrix.cast import PRODUCTION, SHOP, Cast, open_cast
from tests.matrix.scenes import PROPS, SCENES
from tests.matrix.table import PEOPLE
from tests.matrix.ways import WAYS, Asker, make_asker, post_something
from tests.mcp.slackbot import Slackbot
from tests.rest.caller import open_http

# Their tokens are dead: whoever isn't in the workspace gets no further than 401.
_WITHOUT_TOKEN = {"stranger"}
# An admin may withdraw anyone's request, but a program with an admin's token only those that were made with it.
_NARROWER = {("proposal withdraw", "admin", "rest"), ("proposal withdraw", "admin", "mcp")}
# These are about a channel, or about a card in one, and Slackbot asks from none.
_IN_CHANNELS = {"agent unwatch", "mute build", "proposal withdraw", "subscribe", "subscribe remove"}
_SETTINGS = {"KITESTRING_SLACKBOT": "on", "KITESTRING_API_RATE": "100000"}


NAMES = [op.name for op in registry() if is_exposed(op) and op.name in SCENES]


@pytest.mark.exhaustive(keep=5)
@pytest.mark.parametrize("name", NAMES)
async def test_every_way_leads_to_the_same(tmp_path: Path, name: str) -> None:
    """For every operation that a program may call, and every kind of person, free or protected."""
    different: list[object] = []
    async with open_cast(tmp_path, policy=True, more=_SETTINGS) as cast, open_http(cast.world) as http:
        limits, slackbot = cast.world.buildkite.limits, Slackbot(cast.world)
        limits.user.limit = limits.org.limit = 1_000_000
        await post_something(cast)
        kinds = [kind for kind in PEOPLE if kind not in _WITHOUT_TOKEN]
        askers = {kind: await make_asker(cast, kind, http, slackbot) for kind in kinds}
        for pipeline in (SHOP, PRODUCTION):
            for kind, asker in askers.items():
                found = await _ask_all(cast, asker, name, pipeline)
                different += [
                    (pipeline, kind, way, each, found["slash"])
                    for way, each in found.items()
                    if each != found["slash"] and not _is_narrower(name, kind, way)
                ]
    assert "\n".join(map(str, different)) == ""


def _is_narrower(name: str, kind: str, way: str) -> bool:
    """Return whether this way does less by design."""
    return (name, kind, way) in _NARROWER or (way == "slackbot" and name in _IN_CHANNELS)


async def _ask_all(cast: Cast, asker: Asker, name: str, pipeline: str) -> dict[str, tuple[object, ...]]:
    """Ask each way; return what came of each, apart from its surface."""
    found = {}
    for way, ask in WAYS.items():
        props = await PROPS[SCENES[name].props](cast, pipeline)
        words = SCENES[name].words.format(pipeline=pipeline, **vars(props))
        found[way] = _compare(await observe(cast.world, asker.person, lambda: ask(asker, words)))  # noqa: B023
    return found


def _compare(seen: Seen) -> tuple[list[Row], tuple[str, ...]]:
    """Return what must be the same, without the requests of before whose time ran out meanwhile."""
    return [replace(row, via="") for row in seen.audit if row.transition != "expired"], seen.writes
