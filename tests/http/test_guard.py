"""The guard lets signed, well-formed requests of Slack's through to Bolt, and nothing else."""

import asyncio
import json
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier
from starlette.requests import Request
from starlette.responses import JSONResponse

from bot.listeners.signature_guard import SignatureGuard
from bot.runtime.clock import ManualClock
from bot.runtime.http.asgi import MEBIBYTE
from simulators.http_server import Serving
from tests.knocking import AT, BODIES, COMMAND, FORM, JSON, MALFORMED, NOON, SECRET, call, signed

CLICK = '{"type": "block_actions", "user": {"id": "U1"}, "actions": [{"action_id": "cancel"}]}'
EVENT = b'{"type": "event_callback", "team_id": "T1", "event": {"type": "message", "text": "\xe2\x80\x94"}}'


async def echo(scope, receive, send):
    """Answers with what reached it."""
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
def test_what_slack_signs_gets_through_byte_for_byte(guard, body, kind):
    """Commands, interactions and events reach the application as they were sent."""
    status, answered = call(guard, signed(body, kind), body)
    assert (status, json.loads(answered)) == (200, {"reached": body.decode()})


def test_slacks_own_library_signs_what_we_take(guard):
    """A signature made by slack_sdk opens the guard."""
    headers = signed(COMMAND)
    headers["x-slack-signature"] = SignatureVerifier(SECRET).generate_signature(timestamp=AT, body=COMMAND)
    assert call(guard, headers, COMMAND)[0] == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_only_post_gets_through(guard, method):
    """Everything that Slack sends is a POST."""
    assert call(guard, signed(b""), b"", method)[0] == 405


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "application/jsonx", "application/xml"])
def test_only_json_and_forms_get_through(guard, kind):
    """Slack sends JSON and forms."""
    assert call(guard, signed(COMMAND, kind), COMMAND)[0] == 415


def test_a_body_may_have_one_mebibyte(guard):
    """At the cap a request gets through; over it, announced or not, it does not."""
    body = COMMAND.ljust(MEBIBYTE, b"x")
    assert call(guard, signed(body), body)[0] == 200
    assert call(guard, signed(body + b"x"), body + b"x")[0] == 413
    announced = signed(COMMAND) | {"content-length": str(MEBIBYTE + 1)}
    assert call(guard, announced, COMMAND)[0] == 413


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
def test_a_signature_that_is_not_quite_right_is_refused(guard, change):
    """Missing, odd or untrue parts of the proof are a 401, never a failure."""
    assert call(guard, signed(COMMAND) | change, COMMAND)[0] == 401


def test_the_signature_covers_every_byte(guard):
    """A changed body is unproven."""
    assert call(guard, signed(COMMAND), COMMAND + b"&text=build+create")[0] == 401


@pytest.mark.parametrize(("seconds", "status"), [(-301, 401), (-300, 200), (0, 200), (300, 200), (301, 401)])
def test_a_request_cannot_be_played_again_after_five_minutes(guard, seconds, status):
    """300 seconds are forgiven on both sides, 301 are not, although the signature is true."""
    assert call(guard, signed(COMMAND, timestamp=str(int(AT) + seconds)), COMMAND)[0] == status


@pytest.mark.parametrize("body", [b"ssl_check=1&token=x", b"{", b"\xff", b"payload={"])
def test_the_proof_comes_before_any_parsing(guard, body):
    """Unsigned is unsigned, whether it could be parsed or not; an unsigned ssl_check is no exception."""
    assert call(guard, {"content-type": FORM}, body)[0] == 401


@pytest.mark.parametrize(("body", "kind"), MALFORMED)
def test_what_is_signed_but_malformed_gets_400(guard, body, kind):
    """What Bolt could not take apart is refused in front of it, with a sentence."""
    status, answered = call(guard, signed(body, kind), body)
    assert status == 400
    assert json.loads(answered)["error"].endswith(".")


def test_a_caller_who_leaves_early_is_not_answered(guard):
    """Half a body goes nowhere."""
    assert call(guard, signed(COMMAND), COMMAND, complete=False) is None


def test_what_is_turned_away_is_counted():
    """Each refusal is told once, by why; what gets through is not."""
    why = []
    guard = SignatureGuard(echo, SECRET, ManualClock(NOON), why.append)
    for headers, body in (
        (signed(COMMAND), COMMAND),
        (signed(COMMAND) | {"x-slack-signature": "v0="}, COMMAND),
        (signed(b"{", JSON), b"{"),
        ({"content-type": "text/plain"}, b""),
    ):
        call(guard, headers, body)
    assert why == ["signature", "malformed", "type"]


async def test_a_stalled_body_is_not_waited_for():
    """A connection that sends headers only is told so."""
    async with Serving(SignatureGuard(echo, SECRET, ManualClock(NOON), [].append, patience=0)) as base:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(base).port)
        head = f"POST / HTTP/1.1\r\nHost: k\r\nContent-Type: {FORM}\r\nContent-Length: 9\r\n\r\n"
        writer.write(head.encode())
        answered = await reader.read()
        writer.close()
    assert answered.startswith(b"HTTP/1.1 408 ")


def test_an_empty_secret_guards_nothing():
    """A guard without a secret cannot be made."""
    with pytest.raises(ValueError, match="empty"):
        SignatureGuard(echo, "", ManualClock(NOON), [].append)


NAMES = ["content-type", "content-length", "x-slack-signature", "x-slack-request-timestamp"]


@settings(max_examples=400, deadline=None)
@given(
    method=st.sampled_from(["POST", "POST", "GET"]),
    headers=st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=80)),
    proven=st.booleans(),
    kind=st.sampled_from([JSON, FORM]),
    body=BODIES,
    complete=st.booleans(),
)
def test_the_guard_never_fails(guard, method, headers, proven, kind, body, complete):
    """Whatever is sent gets through whole and signed, or gets a 4xx."""
    if proven:
        headers = headers | signed(body, kind)
    found = call(guard, headers, body, method, complete)
    if found is None:
        assert not complete
    elif found[0] == 200:
        assert proven
        assert json.loads(found[1])["reached"].encode() == body
    else:
        assert found[0] in {400, 401, 405, 413, 415}
