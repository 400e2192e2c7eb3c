"""The doctor's check of the subscriptions file."""
# ruff: noqa: E501 - lines are quoted as people read them

from __future__ import annotations

from pathlib import Path

from inline_snapshot import snapshot

from bot.cli.doctor.finding import render_report
from tests.doctor.conftest import Installation

RULES = """\
[[subscription]]
channel = "C0DEPLOYS"
pipeline = "web"

[[subscription]]
channel = "C0PARTNER"
pipeline = "deploy-*"
"""


async def _read_subscription_lines(installation: Installation, folder: Path, content: str) -> list[str]:
    path = folder / "subscriptions.toml"
    path.write_text(content, "utf-8")
    found = await installation.examine_settings(KITESTRING_SUBSCRIPTIONS=str(path))
    return render_report(
        [finding for name, finding in found.items() if name.startswith("Subscriptions")]
    ).splitlines()


async def test_a_file_whose_channels_have_the_bot_as_a_member(installation: Installation, tmp_path: Path) -> None:
    """The subscriptions are counted, and the bot is a member of every channel."""
    installation.slack.channel("C0DEPLOYS", "deploys")
    installation.slack.channel("C0PARTNER", "partners")
    assert await _read_subscription_lines(installation, tmp_path, RULES) == snapshot(
        ["✓ Subscriptions: 2 subscriptions.", "✓ Subscriptions channels: I'm a member of every channel (2)."]
    )


async def test_channels_without_the_bot_are_reported(installation: Installation, tmp_path: Path) -> None:
    """A missing channel, or one that the bot wasn't invited to, is reported with a remedy."""
    installation.slack.channel("C0DEPLOYS", "deploys", bot_in=False)
    assert await _read_subscription_lines(installation, tmp_path, RULES) == snapshot(
        [
            "✓ Subscriptions: 2 subscriptions.",
            "✗ Subscriptions channels: I can't post in C0DEPLOYS and C0PARTNER. Invite me with /invite @kitestring, or remove them from the file.",
        ]
    )


async def test_mistakes_in_the_file_are_reported_with_their_lines(
    installation: Installation, tmp_path: Path
) -> None:
    """Every mistake comes with its line."""
    assert await _read_subscription_lines(
        installation, tmp_path, RULES.replace("pipeline", "pipelin")
    ) == snapshot(
        [
            "✗ Subscriptions: subscriptions.toml line 1: `[[subscription]]` has no `pipeline`. subscriptions.toml line 3: `pipelin` isn't a known key in `[[subscription]]`. Did you mean `pipeline`? subscriptions.toml line 5: `[[subscription]]` has no `pipeline`. subscriptions.toml line 7: `pipelin` isn't a known key in `[[subscription]]`. Did you mean `pipeline`? See docs/subscriptions.md."
        ]
    )
