"""Revoking the bot's own token from the console, after a question."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from bot.cli.token_revocation import revoke_token
from bot.errors import Refused
from bot.runtime.clock import ManualClock
from bot.settings import Settings, load_settings
from simulators.buildkite.sim import BuildkiteSim
from simulators.http_server import Serving
from simulators.slack.sim import SlackSim
from tests.conversations.world import SIGNING_SECRET, START, make_environment


@dataclass
class Console:
    """A person at a terminal: what is printed, and what they answer."""

    buildkite: BuildkiteSim
    settings: Settings
    answer: bool = True
    lines: list[str] = field(default_factory=list)

    async def revoke(self) -> None:
        await revoke_token(self.settings, ManualClock(START), self.lines.append, self._ask)

    def _ask(self, question: str) -> bool:
        self.lines.append(question)
        return self.answer


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[Console]:
    """A console whose settings have a valid token."""
    buildkite, slack = BuildkiteSim(now=START.timestamp), SlackSim(signing_secret=SIGNING_SECRET)
    slack.base_url = "http://127.0.0.1:9"
    async with Serving(buildkite.app) as buildkite.base_url:
        yield Console(buildkite, load_settings(make_environment(slack, buildkite, tmp_path)))


async def test_the_token_is_revoked_after_a_question(console: Console) -> None:
    """The question names the owner and the effect; after a yes the token is gone."""
    await console.revoke()
    assert console.buildkite.revoked
    assert [line.partition(" of Sam Kim")[0] for line in console.lines] == snapshot(
        [
            "BUILDKITE_API_TOKEN is “ChatOps”",
            "Revoke it? I can't use Buildkite without it, and this can't be undone.",
            "Revoked. Set BUILDKITE_API_TOKEN to another token before you start me again.",
        ]
    )
    assert console.buildkite.token not in "".join(console.lines)
    with pytest.raises(Refused, match="doesn't accept my token"):
        await console.revoke()


async def test_declining_keeps_the_token(console: Console) -> None:
    """Without a yes nothing happens, and the console says so."""
    console.answer = False
    await console.revoke()
    assert not console.buildkite.revoked
    assert console.lines[-1] == "The token was not revoked."
