"""The conversations, with `kitestring serve` as a process of its own, over HTTP and over Socket Mode."""

from __future__ import annotations

import pytest

from tests.process.town import ENV_VALUE, Town

pytestmark = pytest.mark.process


async def test_a_build_is_started_with_its_environment(here: Town) -> None:
    """A slash command starts a build on a branch with an environment value; its card and thread tell how it goes."""
    build, card = await here.started(f"/bk build create web -b main -m 'Ship it' -e DEPLOY={ENV_VALUE}")
    assert (build.branch, build.message, build.env) == ("main", "Ship it", {"DEPLOY": ENV_VALUE})
    await here.happens(build)
    await here.until(lambda: "Passed" in card.plain() and "passed after" in here.replies(card))
    assert len(here.cards()) == 1
