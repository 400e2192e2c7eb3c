"""The bot's own token is revoked from the console, after a question."""

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
from tests.conversations.world import SIGNING_SECRET, START, environment


@dataclass
class Console:
    """Somebody at a terminal: what is said there, and what is answered."""

    buildkite: BuildkiteSim
    settings: Settings
    answer: bool = True
    lines: list[str] = field(default_factory=list)

    async def revokes(self) -> None:
        await revoke_token(self.settings, ManualClock(START), self.lines.append, self._asked)

    def _asked(self, question: str) -> bool:
        self.lines.append(question)
        return self.answer


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[Console]:
    """The settings of a bot whose token is good."""
    buildkite, slack = BuildkiteSim(now=START.timestamp), SlackSim(signing_secret=SIGNING_SECRET)
    slack.base_url = "http://127.0.0.1:9"
    async with Serving(buildkite.app) as buildkite.base_url:
        yield Console(buildkite, load_settings(environment(slack, buildkite, tmp_path)))


async def test_the_token_is_revoked_after_a_question(console: Console) -> None:
    """Whose it is, a question that says what it means, and then it is gone: a second time Buildkite refuses it."""
    await console.revokes()
    assert console.buildkite.revoked
    assert [line.partition(" of Sam Kim")[0] for line in console.lines] == snapshot(
        [
            "The token in BUILDKITE_API_TOKEN is “ChatOps”",
            "Revoke it? From then on I can ask Buildkite nothing, and nobody can take it back.",
            "Revoked. Set BUILDKITE_API_TOKEN to another one before I am started again.",
        ]
    )
    assert console.buildkite.token not in "".join(console.lines)
    with pytest.raises(Refused, match="does not accept my token"):
        await console.revokes()


async def test_a_no_leaves_it(console: Console) -> None:
    """Whoever does not agree is told that nothing happened, and nothing did."""
    console.answer = False
    await console.revokes()
    assert not console.buildkite.revoked
    assert console.lines[-1] == "Nothing was revoked."
