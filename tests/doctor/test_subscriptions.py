"""The doctor's look at the file of subscriptions."""
# ruff: noqa: E501 - the lines stand here as people read them

from __future__ import annotations

from pathlib import Path

from inline_snapshot import snapshot

from bot.cli.doctor.finding import report
from tests.doctor.conftest import Installation

RULES = """\
[[subscription]]
channel = "C0DEPLOYS"
pipeline = "web"

[[subscription]]
channel = "C0PARTNER"
pipeline = "deploy-*"
"""


async def _looked(installation: Installation, folder: Path, said: str) -> list[str]:
    path = folder / "subscriptions.toml"
    path.write_text(said, "utf-8")
    found = await installation.examined(KITESTRING_SUBSCRIPTIONS=str(path))
    return report([item for name, item in found.items() if name.startswith("Subscriptions")]).splitlines()


async def test_a_file_whose_channels_are_open(installation: Installation, tmp_path: Path) -> None:
    """What stands in it is counted, and the bot is in each channel that it names."""
    installation.slack.channel("C0DEPLOYS", "deploys")
    installation.slack.channel("C0PARTNER", "partners")
    assert await _looked(installation, tmp_path, RULES) == snapshot(
        ["✓ Subscriptions: 2 subscriptions.", "✓ Subscriptions channels: I am in all of them (2)."]
    )


async def test_channels_that_the_bot_is_not_in_are_named(installation: Installation, tmp_path: Path) -> None:
    """A channel that is not there, or that the bot was not invited to, is named with what to do."""
    installation.slack.channel("C0DEPLOYS", "deploys", bot_in=False)
    assert await _looked(installation, tmp_path, RULES) == snapshot(
        [
            "✓ Subscriptions: 2 subscriptions.",
            "✗ Subscriptions channels: I cannot post in C0DEPLOYS and C0PARTNER. Invite me there: /invite @kitestring. Or take them out of the file.",
        ]
    )


async def test_a_wrong_file_is_told_with_its_lines(installation: Installation, tmp_path: Path) -> None:
    """Each mistake stands there with its line."""
    assert await _looked(installation, tmp_path, RULES.replace("pipeline", "pipelin")) == snapshot(
        [
            "✗ Subscriptions: subscriptions.toml line 1: `[[subscription]]` has no `pipeline`. subscriptions.toml line 3: `pipelin` is not known in `[[subscription]]`. Did you mean `pipeline`? subscriptions.toml line 5: `[[subscription]]` has no `pipeline`. subscriptions.toml line 7: `pipelin` is not known in `[[subscription]]`. Did you mean `pipeline`? See docs/subscriptions.md."
        ]
    )
