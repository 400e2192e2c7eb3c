"""A workspace and an organization over HTTP, with a database beside them, in which all is well."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.cli.doctor import examine
from bot.cli.doctor.finding import Finding
from bot.runtime.clock import ManualClock
from bot.settings import load_settings
from bot.slack.manifest import list_bot_scopes
from bot.store import migrate
from simulators.buildkite.sim import BuildkiteSim
from simulators.http_server import Serving
from simulators.slack.sim import SlackSim

WEBHOOK_TOKEN = "8f742231b10e8888abcd"
START = datetime(2026, 8, 21, 12, 0, tzinfo=UTC)


class QuickClock(ManualClock):
    """A clock whose sleepers wake at once, at the time they wanted to wake at."""

    async def sleep(self, seconds: float) -> None:
        self.advance(max(seconds, 0))


@dataclass
class Dated:
    """An application whose answers carry the date of a clock of its own."""

    app: ASGIApp
    clock: ManualClock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self.clock.now(), usegmt=True).encode()
                message["headers"] = [*message.get("headers", ()), (b"date", date)]
            await send(message)

        await self.app(scope, receive, dated)


@dataclass
class Installation:
    """The two vendors, this machine's clock and theirs, and the environment that the doctor reads."""

    slack: SlackSim
    buildkite: BuildkiteSim
    clock: ManualClock
    theirs: ManualClock
    database: Path
    environ: dict[str, str] = field(default_factory=dict)

    async def examined(self, **changed: str | None) -> dict[str, Finding]:
        """What the doctor finds, by name; `changed` variables differ from those that are well (None: unset)."""
        environ = {name: value for name, value in {**self.environ, **changed}.items() if value is not None}
        return {found.name: found for found in await examine(load_settings(environ), clock=self.clock)}


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    clock, theirs = QuickClock(START), ManualClock(START)
    slack = SlackSim(signing_secret="made-up", now=lambda: theirs.now().timestamp())
    slack.scopes = set(list_bot_scopes())
    buildkite = BuildkiteSim(now=lambda: theirs.now().timestamp())
    buildkite.hooks.add("https://bot.acme.example/buildkite/webhooks", WEBHOOK_TOKEN, "signature", None)
    database = tmp_path / "kitestring.db"
    async with (
        Serving(Dated(slack.app, theirs)) as slack_url,
        Serving(Dated(buildkite.app, theirs)) as buildkite_url,
    ):
        slack.base_url, buildkite.base_url = slack_url, buildkite_url
        environ = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": f"{slack_url}/api/",
            "BUILDKITE_API_TOKEN": buildkite.token,
            "BUILDKITE_ORGANIZATION_SLUG": buildkite.org,
            "BUILDKITE_REST_API_ENDPOINT": buildkite_url,
            "BUILDKITE_AGENT_TOKEN": buildkite.agent_token,
            "BUILDKITE_AGENT_ENDPOINT": f"{buildkite_url}/v3",
            "BUILDKITE_WEBHOOK_TOKEN": WEBHOOK_TOKEN,
            "DATABASE_URL": f"sqlite+aiosqlite:///{database}",
        }
        await migrate.upgrade(environ["DATABASE_URL"])
        yield Installation(slack, buildkite, clock, theirs, database, environ)
