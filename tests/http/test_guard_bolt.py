"""Bolt can answer everything that the signature guard lets through."""

import json
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse
from starlette.requests import Request

from bot.listeners.signature_guard import SignatureGuard
from bot.runtime.clock import ManualClock
from simulators.http_server import Serving
from tests.sampling import many_examples
from tests.slack_requests import BODIES, COMMAND, FORM, JSON, MALFORMED, NOON, SECRET, call_app, sign_headers


def bolt():
    """A real Bolt application behind its own adapter, which knows its workspace without asking Slack."""

    async def authorize(**_context):
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-0", bot_user_id="U0", bot_id="B0")

    app = AsyncApp(
        signing_secret=SECRET,
        authorize=authorize,
        request_verification_enabled=False,
        raise_error_for_unhandled_request=True,
    )

    @app.error
    async def unhandled(error):
        return BoltResponse(status=404 if isinstance(error, BoltUnhandledRequestError) else 500)

    async def take(ack):
        await ack()

    app.command("/bk")(take)
    app.event("app_mention")(take)
    app.action("cancel")(take)
    handler = AsyncSlackRequestHandler(app)

    async def run(scope, receive, send):
        await (await handler.handle(Request(scope, receive)))(scope, receive, send)

    return run


@pytest.fixture(scope="module")
def guarded_bolt():
    """A guard in front of a real Bolt application."""
    return SignatureGuard(bolt(), SECRET, ManualClock(NOON), [].append)


SLACK = Path(__file__).parent.parent / "fixtures" / "slack"
EVENTS = sorted(path.name for path in SLACK.glob("event_*.json"))
COMMANDS = sorted(path.name for path in SLACK.glob("slash_command*.json"))
INTERACTIONS = sorted(
    path.name
    for kind in ("block_*", "view_*", "shortcut*", "message_action*")
    for path in SLACK.glob(f"{kind}.json")
)


@pytest.mark.parametrize("name", [*EVENTS, *COMMANDS, *INTERACTIONS])
def test_every_kind_of_request_from_slack_passes(guarded_bolt, name):
    """No recorded kind of request is mistaken for malformed."""
    content = (SLACK / name).read_bytes()
    if name in INTERACTIONS:
        body, kind = urlencode({"payload": content.decode()}).encode(), FORM
    elif name in EVENTS:
        body, kind = content, JSON
    else:
        body, kind = urlencode(json.loads(content)).encode(), FORM
    assert call_app(guarded_bolt, sign_headers(body, kind), body)[0] in {200, 404}


def test_bolt_alone_fails_on_malformed_requests():
    """The guard is needed: Bolt raises on several malformed bodies."""
    failed = 0
    for body, kind in MALFORMED:
        try:
            call_app(bolt(), sign_headers(body, kind), body)
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            failed += 1
    assert failed > 10


async def test_bolt_answers_over_http_behind_the_guard():
    """Over real HTTP, a signed command reaches its listener; unsigned and malformed ones are refused."""
    event = b'{"type": "url_verification", "challenge": "c"}'
    async with (
        Serving(SignatureGuard(bolt(), SECRET, ManualClock(NOON), [].append)) as base,
        httpx.AsyncClient(base_url=base) as client,
    ):
        taken = await client.post("/slack/events", content=COMMAND, headers=sign_headers(COMMAND))
        known = await client.post("/slack/events", content=event, headers=sign_headers(event, JSON))
        unsigned = await client.post("/slack/events", content=event, headers={"content-type": JSON})
        malformed = await client.post("/slack/events", content=b"{", headers=sign_headers(b"{", JSON))
    assert [each.status_code for each in (taken, known, unsigned, malformed)] == [200, 200, 401, 400]
    assert known.json() == {"challenge": "c"}


@many_examples(300)
@given(kind=st.sampled_from([JSON, FORM]), body=BODIES)
def test_bolt_never_fails_behind_the_guard(guarded_bolt, kind, body):
    """Bolt answers whatever the guard lets through, however odd, without failing."""
    assert call_app(guarded_bolt, sign_headers(body, kind), body)[0] < 500
