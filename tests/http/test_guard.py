"""The signature guard lets Slack's signed, well-formed requests through to Bolt, and nothing else."""

import asyncio
import json
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier
from starlette.requests import Request
from starlette.responses import JSONResponse

from bot.listeners.signature_guard import SignatureGuard
from bot.runtime.clock import ManualClock
from bot.runtime.http.asgi import MEBIBYTE
from simulators.http_server import Serving
from tests.sampling import many_examples
from tests.slack_requests import AT, BODIES, COMMAND, FORM, JSON, MALFORMED, NOON, SECRET, call_app, sign_headers

CLICK = '{"type": "block_actions", "user": {"id": "U1"}, "actions": [{"action_id": "cancel"}]}'
EVENT = b'{"type": "event_callback", "team_id": "T1", "event": {"type": "message", "text": "\xe2\x80\x94"}}'


async def echo(scope, receive, send):
    """Answer with the received body."""
    body = await Request(scope, receive).body()
    await JSONResponse({"reached": body.decode()})(scope, receive, send)


@pytest.fixture(scope="module")
def guard():
    """A guard in front of an application that echoes."""
    return SignatureGuard(echo, SECRET, ManualClock(NOON), [].append)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (COMMAND, FORM),
        (COMMAND, "application/x-www-form-urlencoded; charset=utf-8"),
        (urlencode({"payload": CLICK}).encode(), FORM),
        (b'{"type": "url_verification", "challenge": "c"}', JSON),
        (EVENT, "Application/JSON; charset=utf-8"),
        (b"ssl_check=1&token=x", FORM),
        (b'{"type": "url_verification", "challenge": "\\ud83d\\ude00"}', JSON),
    ],
)
def test_signed_requests_pass_unchanged(guard, body, kind):
    """Commands, interactions and events reach the application as they were sent."""
    status, answered = call_app(guard, sign_headers(body, kind), body)
    assert (status, json.loads(answered)) == (200, {"reached": body.decode()})


def test_signatures_by_slack_sdk_are_accepted(guard):
    """A signature made by slack_sdk is accepted."""
    headers = sign_headers(COMMAND)
    headers["x-slack-signature"] = SignatureVerifier(SECRET).generate_signature(timestamp=AT, body=COMMAND)
    assert call_app(guard, headers, COMMAND)[0] == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_only_post_is_accepted(guard, method):
    """Slack sends nothing but POST requests."""
    assert call_app(guard, sign_headers(b""), b"", method)[0] == 405


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "application/jsonx", "application/xml"])
def test_only_json_and_forms_are_accepted(guard, kind):
    """Slack sends JSON and forms."""
    assert call_app(guard, sign_headers(COMMAND, kind), COMMAND)[0] == 415


def test_a_body_may_have_one_mebibyte(guard):
    """A body at the limit passes; a larger one doesn't, with or without a declared length."""
    body = COMMAND.ljust(MEBIBYTE, b"x")
    assert call_app(guard, sign_headers(body), body)[0] == 200
    assert call_app(guard, sign_headers(body + b"x"), body + b"x")[0] == 413
    announced = sign_headers(COMMAND) | {"content-length": str(MEBIBYTE + 1)}
    assert call_app(guard, announced, COMMAND)[0] == 413


@pytest.mark.parametrize(
    "change",
    [
        {"x-slack-signature": ""},
        {"x-slack-signature": "v0="},
        {"x-slack-signature": "v0=" + "0" * 64},
        {"x-slack-signature": "v0=" + "0" * 63},
        {"x-slack-signature": "v0=" + "é" * 64},
        {"x-slack-signature": "v1=" + "0" * 64},
        {"x-slack-request-timestamp": ""},
        {"x-slack-request-timestamp": "noon"},
        {"x-slack-request-timestamp": "-1"},
        {"x-slack-request-timestamp": "1e9"},
        {"x-slack-request-timestamp": "²"},
        {"x-slack-request-timestamp": "9" * 5000},
        {"x-slack-request-timestamp": str(int(AT) + 1)},
    ],
)
def test_wrong_signatures_are_refused(guard, change):
    """Missing, malformed or wrong parts of the signature give 401, never a failure."""
    assert call_app(guard, sign_headers(COMMAND) | change, COMMAND)[0] == 401


def test_the_signature_covers_every_byte(guard):
    """A changed body no longer matches its signature."""
    assert call_app(guard, sign_headers(COMMAND), COMMAND + b"&text=build+create")[0] == 401


@pytest.mark.parametrize(("seconds", "status"), [(-301, 401), (-300, 200), (0, 200), (300, 200), (301, 401)])
def test_requests_cannot_be_replayed_after_five_minutes(guard, seconds, status):
    """A clock difference of 300 seconds is accepted in both directions, one of 301 isn't."""
    assert call_app(guard, sign_headers(COMMAND, timestamp=str(int(AT) + seconds)), COMMAND)[0] == status


@pytest.mark.parametrize("body", [b"ssl_check=1&token=x", b"{", b"\xff", b"payload={"])
def test_the_signature_is_checked_before_parsing(guard, body):
    """An unsigned request gets 401 whether it is well-formed or not, even an `ssl_check`."""
    assert call_app(guard, {"content-type": FORM}, body)[0] == 401


@pytest.mark.parametrize(("body", "kind"), MALFORMED)
def test_signed_but_malformed_requests_get_400(guard, body, kind):
    """Requests that Bolt couldn't parse are refused before they reach it, with an explanation."""
    status, answered = call_app(guard, sign_headers(body, kind), body)
    assert status == 400
    assert json.loads(answered)["error"].endswith(".")


def test_an_aborted_request_is_not_answered(guard):
    """Half a body isn't passed on."""
    assert call_app(guard, sign_headers(COMMAND), COMMAND, complete=False) is None


def test_refusals_are_counted():
    """Each refusal is counted once, by its reason; accepted requests aren't counted."""
    why = []
    guard = SignatureGuard(echo, SECRET, ManualClock(NOON), why.append)
    for headers, body in (
        (sign_headers(COMMAND), COMMAND),
        (sign_headers(COMMAND) | {"x-slack-signature": "v0="}, COMMAND),
        (sign_headers(b"{", JSON), b"{"),
        ({"content-type": "text/plain"}, b""),
    ):
        call_app(guard, headers, body)
    assert why == ["signature", "malformed", "type"]


async def test_a_stalled_body_times_out():
    """A connection that sends only headers gets 408."""
    async with Serving(SignatureGuard(echo, SECRET, ManualClock(NOON), [].append, patience=0)) as base:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(base).port)
        head = f"POST / HTTP/1.1\r\nHost: k\r\nContent-Type: {FORM}\r\nContent-Length: 9\r\n\r\n"
        writer.write(head.encode())
        answered = await reader.read()
        writer.close()
    assert answered.startswith(b"HTTP/1.1 408 ")


def test_an_empty_secret_is_rejected():
    """A guard can't be created without a secret."""
    with pytest.raises(ValueError, match="empty"):
        SignatureGuard(echo, "", ManualClock(NOON), [].append)


NAMES = ["content-type", "content-length", "x-slack-signature", "x-slack-request-timestamp"]


@many_examples(400)
@given(
    method=st.sampled_from(["POST", "POST", "GET"]),
    headers=st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=80)),
    proven=st.booleans(),
    kind=st.sampled_from([JSON, FORM]),
    body=BODIES,
    complete=st.booleans(),
)
def test_the_guard_never_fails(guard, method, headers, proven, kind, body, complete):
    """Every request either passes unchanged and signed, or gets a 4xx."""
    if proven:
        headers = headers | sign_headers(body, kind)
    found = call_app(guard, headers, body, method, complete)
    if found is None:
        assert not complete
    elif found[0] == 200:
        assert proven
        assert json.loads(found[1])["reached"].encode() == body
    else:
        assert found[0] in {400, 401, 405, 413, 415}
