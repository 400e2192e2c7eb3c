"""An installation without faults: a workspace and an organization over HTTP, and a database."""

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
    """A clock that jumps ahead instead of sleeping."""

    async def sleep(self, seconds: float) -> None:
        self.advance(max(seconds, 0))


@dataclass
class DatedApp:
    """An application whose answers carry the date of another clock."""

    app: ASGIApp
    clock: ManualClock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self.clock.now(), usegmt=True).encode()
                message["headers"] = [*message.get("headers", ()), (b"date", date)]
            await send(message)

        await self.app(scope, receive, send_dated)


@dataclass
class Installation:
    """Both vendors with their clock, this machine's clock, and the environment that the doctor reads."""

    slack: SlackSim
    buildkite: BuildkiteSim
    clock: ManualClock
    vendor_clock: ManualClock
    database: Path
    environ: dict[str, str] = field(default_factory=dict)

    async def examine_settings(self, **changed: str | None) -> dict[str, Finding]:
        """Return the doctor's findings by name, with `changed` environment variables (None: unset)."""
        environ = {name: value for name, value in {**self.environ, **changed}.items() if value is not None}
        return {finding.name: finding for finding in await examine(load_settings(environ), clock=self.clock)}


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    clock, vendor_clock = QuickClock(START), ManualClock(START)
    slack = SlackSim(signing_secret="made-up", now=lambda: vendor_clock.now().timestamp())
    slack.scopes = set(list_bot_scopes())
    buildkite = BuildkiteSim(now=lambda: vendor_clock.now().timestamp())
    buildkite.hooks.add("https://bot.acme.example/buildkite/webhooks", WEBHOOK_TOKEN, "signature", None)
    database = tmp_path / "kitestring.db"
    async with (
        Serving(DatedApp(slack.app, vendor_clock)) as slack_url,
        Serving(DatedApp(buildkite.app, vendor_clock)) as buildkite_url,
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
        yield Installation(slack, buildkite, clock, vendor_clock, database, environ)
