"""Subscriptions as code: a file whose rules are applied whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import fill

import pytest
from inline_snapshot import snapshot

from bot.notifications.subscriptions.file_parse import InvalidSubscriptions, parse_subscriptions
from bot.notifications.subscriptions.subscription_file import load_subscriptions
from bot.runtime.clock import ManualClock
from bot.runtime.file_reload import ReloadedFile
from tests.conversations.acts import ask_privately
from tests.conversations.world import START, World
from tests.subscriptions.acts import list_card_texts, run_build

GOOD = """\
[[subscription]]
channel = "C0DEPLOYS"
pipeline = "web"
branch = "main"
"""
WRONG = """\
[[subscription]]
channel = "#deploys"
pipeline = "web"
states = ["failed", "broke"]

[[subscription]]
channel = "C0DEPLOYS"
quiet = "evening"
step = ""

[[subscription]]
channel = "C0DEPLOYS"
pipeline = "api"
quiet = "18:00-08:00"
brunch = "main"

[[subscribtion]]
"""


def test_everything_wrong_is_named_with_its_line() -> None:
    """A file that cannot be used is answered with a sentence for each mistake, in the order of their lines."""
    with pytest.raises(InvalidSubscriptions) as wrong:
        parse_subscriptions(WRONG)
    assert "\n".join(fill(problem, 100) for problem in wrong.value.problems) == snapshot("""\
subscriptions.toml line 2: `channel` “#deploys” isn't valid: it should be the id of a channel such
as "C012ABCDEF".
subscriptions.toml line 4: `states` “broke” isn't one of failed, broken, passed, fixed, blocked,
scheduled, running, failing, canceled, skipped or not_run.
subscriptions.toml line 6: `[[subscription]]` has no `pipeline`.
subscriptions.toml line 8: `quiet` “evening” isn't valid: it should be two times such as
18:00-08:00.
subscriptions.toml line 9: `step` “” is empty: leave it out, or give at least one value.
subscriptions.toml line 15: `brunch` isn't a known key in `[[subscription]]`. Did you mean `branch`?
subscriptions.toml line 17: `subscribtion` isn't a known key at the top level. Did you mean
`subscription`?\
""")


def test_a_file_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    """A file that can't be read stops the start with an error."""
    with pytest.raises(InvalidSubscriptions, match=r"rules.toml doesn't exist"):
        load_subscriptions(tmp_path / "rules.toml")


def test_a_wrong_file_changes_nothing(tmp_path: Path) -> None:
    """While it runs, a file with a mistake keeps the rules that were read before it; a right one is taken."""
    path, clock = tmp_path / "rules.toml", ManualClock(START)
    path.write_text(GOOD)
    watched = ReloadedFile(path, clock, load_subscriptions, "subscriptions")
    path.write_text(WRONG)
    clock.advance(3)
    assert [item.pipeline for item in watched.value().subscription] == ["web"]
    path.write_text(GOOD.replace("web", "mobile"))
    clock.advance(3)
    assert [item.pipeline for item in watched.value().subscription] == ["mobile"]


async def test_subscriptions_of_the_file_are_posted(file_world: World, rewrite: Callable[[str], object]) -> None:
    """The rules of the file hold without a command, until they are taken out of it; chat leaves them alone."""
    world = file_world
    await world.settle(1)
    await run_build(world, fail=("lint",))
    assert list_card_texts(world) == ["❌ web#1 failed on main"]
    assert await ask_privately(world, world.alice, "subscribe list") == snapshot("""\
*This channel's subscriptions*
*1.* `web` on `main`: failed, fixed and blocked · from the file
[Mute 1 for 8h]\
""")
    assert await ask_privately(world, world.alice, "subscribe remove web") == snapshot("""\
⚠️ That subscription is defined in the subscriptions file.
Ask an admin to remove it there.\
""")
    rewrite(GOOD.replace("web", "mobile"))
    world.clock.advance(3)
    await world.settle(3)
    await run_build(world, fail=("lint",), branch="main")
    assert list_card_texts(world) == ["❌ web#1 failed on main"]
    assert await ask_privately(world, world.alice, "subscribe list") == snapshot("""\
*This channel's subscriptions*
*1.* `mobile` on `main`: failed, fixed and blocked · from the file
[Mute 1 for 8h]\
""")
