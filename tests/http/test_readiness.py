"""The bot reports whether it is ready to work."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.app.readiness import Readiness
from bot.runtime.clock import ManualClock
from bot.slack.api_errors import SlackError
from bot.slack.socket_mode import ConnectionState
from bot.slack.web_client import SlackClient
from bot.store.migrate import upgrade
from bot.store.transactions import Store
from simulators.http_server import Serving
from simulators.slack.sim import SlackSim


async def test_a_lost_connection_counts_after_thirty_seconds(tmp_path) -> None:
    """Slack replaces its socket now and then; the bot is unready only after 30 seconds without one."""
    clock = ManualClock(datetime(2026, 11, 2, 9, tzinfo=UTC))
    link, store = ConnectionState(clock), await migrated(tmp_path)
    readiness = Readiness(store, SlackClient(AsyncWebClient(), session=None), link)
    clock.advance(30)
    assert await readiness.find_problem() is None
    clock.advance(1)
    assert await readiness.find_problem() == "there is no connection to Slack"
    link.mark_up()
    assert await readiness.find_problem() is None
    link.mark_down()
    clock.advance(20)
    link.mark_down()
    clock.advance(11)
    assert await readiness.find_problem() == "there is no connection to Slack"
    await store.close()


@pytest.mark.parametrize("error", ["invalid_auth", "token_revoked", "account_inactive"])
async def test_a_token_refused_by_slack(tmp_path, error: str) -> None:
    """Slack's complaint about the token is remembered until a call succeeds; other errors don't count."""
    slack, store = SlackSim(signing_secret="made-up"), await migrated(tmp_path)
    async with Serving(slack.app) as base, aiohttp.ClientSession() as session:
        api = SlackClient(AsyncWebClient(token=slack.bot_token, base_url=f"{base}/api/", session=session), session)
        readiness = Readiness(store, api, None)
        slack.faults.error("auth.test", "team_access_not_granted")
        slack.faults.error("auth.test", error)
        reasons = [await readiness_after_call(api, readiness) for _ in range(3)]
    assert reasons == [None, f"Slack refuses the bot token ({error})", None]
    await store.close()


async def test_an_old_database_is_not_ready(tmp_path) -> None:
    """The bot isn't ready before the database is migrated."""
    store = Store(f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}")
    readiness = Readiness(store, SlackClient(AsyncWebClient(), session=None), None)
    assert await readiness.find_problem() == "the database has not been migrated"
    await store.close()


async def readiness_after_call(api: SlackClient, readiness: Readiness) -> str | None:
    """Return the readiness after one call to Slack."""
    with contextlib.suppress(SlackError):
        await api.whoami()
    return await readiness.find_problem()


async def migrated(tmp_path) -> Store:
    """A database at the newest revision."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'kitestring.db'}"
    await upgrade(url)
    return Store(url)
