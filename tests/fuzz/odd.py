"""Strategies for malformed input: genuine requests, changed and damage, and random bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

FIXTURES = Path(__file__).parent.parent / "fixtures"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
TEAM, USER, CHANNEL = "T0ACME001", "U0ALICE01", "C0DEPLOYS"
_WORDS = [
    "",
    "web",
    "U0ALICE01",
    "C0DEPLOYS",
    "build create web",
    "cancel",
    "choice:x",
    "form",
    "null",
    "..",
    "T1",
]
_TEXT = st.text(st.characters(codec=None), max_size=20) | st.sampled_from(
    [*_WORDS, "\ud800", "\udfff\ud800", "\x00", "\u202e\u2066", "<!channel>", "x" * 5000, "😀", "é" * 300]
)
_NUMBERS = st.integers() | st.floats() | st.sampled_from([10**400, -1, 2**63, 1e308, float("nan")])
_LEAVES = st.none() | st.booleans() | _NUMBERS | _TEXT
ODD = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3), max_leaves=6
)
_DEPTHS = st.sampled_from([10, 63, 64, 65, 900, 5000, 100_000])


def _read(folder: str, *patterns: str) -> list[Any]:
    paths = sorted(path for pattern in patterns for path in (FIXTURES / folder).glob(f"{pattern}.json"))
    return [json.loads(path.read_text()) for path in paths]


EVENTS = _read("slack", "event_*")
COMMANDS = _read("slack", "slash_command*")
CLICKS = _read("slack", "block_*", "view_*", "shortcut", "message_action")
WEBHOOKS = [item for item in _read("webhooks", "*.*") if isinstance(item, dict) and "event" in item]


def move_to_team(value: Any, team: str) -> Any:
    """Move a payload to our workspace, so that the bot doesn't reject it at once."""
    if isinstance(value, list):
        return [move_to_team(each, team) for each in value]
    if not isinstance(value, dict):
        return value
    ours = {"team_id": team, "user_id": USER, "channel_id": CHANNEL, "team": {"id": team}, "command": "/bk"}
    return {
        key: ours[key] if key in ours and type(ours[key]) is type(each) else move_to_team(each, team)
        for key, each in value.items()
    }


def _list_paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every part of a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, each in inner for deeper in _list_paths(each, (*path, key)))]


def _replace_part(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    """Return a copy with the part at a path replaced, or removed by Ellipsis."""
    if not path:
        return by
    copy = value.copy()
    if by is ... and len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = _replace_part(copy[path[0]], path[1:], by)
    return copy


@st.composite
def mutate(draw: st.DrawFn, genuine: list[Any]) -> Any:
    """Draw one of the genuine values with up to four parts replaced or removed."""
    value = draw(st.sampled_from(genuine))
    for _ in range(draw(st.integers(0, 4))):
        path = draw(st.sampled_from(_list_paths(value)[1:] or [()]))
        if path and isinstance(value, dict | list):
            value = _replace_part(value, path, draw(ODD | st.just(...)))
    return value


@st.composite
def damage(draw: st.DrawFn, whole: bytes) -> bytes:
    """Draw the bytes unchanged in most cases, else truncated, with a gap or with others inserted."""
    if draw(st.integers(0, 3)):
        return whole
    at, to = sorted(draw(st.integers(0, len(whole))) for _ in range(2))
    return whole[:at] + draw(st.binary(max_size=20)) + whole[to if draw(st.booleans()) else at :]


def to_json(value: Any) -> bytes:
    """Return a value as JSON."""
    return json.dumps(value).encode()


@st.composite
def nested_json(draw: st.DrawFn) -> bytes:
    """Draw deeply nested JSON, closed or not."""
    depth, (opening, closing) = draw(_DEPTHS), draw(st.sampled_from([(b"[", b"]"), (b'{"a":', b"}")]))
    inside = opening * depth + b"1" + (closing * depth if draw(st.booleans()) else b"")
    key = draw(st.sampled_from([b"event", b"payload", b"build", b"view", b"actions", b"x"]))
    return b'{"event": "build.finished", "' + key + b'": ' + inside + b"}"


def _form(fields: Any) -> bytes:
    if not isinstance(fields, dict):
        return to_json(fields)
    return urlencode({str(key): str(each) for key, each in fields.items()}, errors="surrogatepass").encode()


@st.composite
def slack_requests(draw: st.DrawFn, team: str) -> tuple[bytes, str]:
    """Draw a genuine or malformed body for Slack's endpoint, with its content type."""
    kind = draw(st.sampled_from(["event", "command", "click", "bytes", "nested_json"]))
    if kind == "event":
        body, media = to_json(draw(mutate(move_to_team(EVENTS, team)))), JSON
    elif kind == "command":
        body, media = _form(draw(mutate(move_to_team(COMMANDS, team)))), FORM
    elif kind == "click":
        payload = json.dumps(draw(mutate(move_to_team(CLICKS, team))))
        body, media = urlencode({"payload": payload}).encode(), FORM
    else:
        raw = draw(nested_json() if kind == "nested_json" else st.binary(max_size=300))
        form = draw(st.booleans())
        body, media = (b"payload=" + raw, FORM) if form else (raw, JSON)
    return draw(damage(body)), media


@st.composite
def buildkite_bodies(draw: st.DrawFn) -> bytes:
    """Draw a genuine or malformed body for Buildkite's endpoint."""
    body = draw(st.one_of(mutate(WEBHOOKS).map(to_json), ODD.map(to_json), nested_json(), st.binary(max_size=300)))
    return draw(damage(body))


HEADERS = st.dictionaries(
    st.sampled_from(
        [
            *("content-type", "content-length", "content-encoding", "transfer-encoding", "host", "cookie"),
            *("x-slack-signature", "x-slack-request-timestamp", "x-slack-retry-num", "x-forwarded-for"),
            *("x-buildkite-signature", "x-buildkite-token", "x-buildkite-request", "authorization", "expect"),
        ]
    ),
    st.binary(max_size=60)
    | st.sampled_from([b"gzip", b"chunked", b"-1", b"9" * 400, JSON.encode(), FORM.encode()]),
    max_size=5,
)
TYPES = st.sampled_from(
    [
        *(JSON, FORM) * 3,
        "application/json; charset=utf-16",
        "APPLICATION/JSON;;",
        "text/plain",
        "multipart/form-data",
    ]
)
PATHS = st.sampled_from(
    ["/healthz", "/readyz", "/metrics", "/slack/events", "/buildkite/webhooks", "/"]
) | st.text(max_size=30).map(lambda text: f"/{text}")
METHODS = st.sampled_from(["POST", "POST", "GET", "HEAD", "PUT", "OPTIONS", "DELETE", "PATCH", "TRACE", "BREW"])
_WIRE = [
    *(b"POST /slack/events HTTP/1.1\r\n", b"GET /healthz HTTP/1.1\r\n", b"POST /buildkite/webhooks HTTP/1.1\r\n"),
    *(
        b"GET * HTTP/1.1\r\n",
        b"CONNECT a:1 HTTP/1.1\r\n",
        b"GET http://x/healthz HTTP/1.0\r\n",
        b"PRI * HTTP/2.0\r\n",
    ),
    *(
        b"GET /%ff%00%zz HTTP/1.1\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\n",
        b"GET //[::1/ HTTP/1.1\r\n",
        b"GET ? HTTP/1.1\r\n",
    ),
    *(
        b"Host: k\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Expect: 100-continue\r\n",
    ),
    *(
        b"Transfer-Encoding: chunked\r\n",
        b"Upgrade: websocket\r\nConnection: Upgrade\r\n",
        b"Connection: close\r\n",
    ),
    *(
        b"Content-Type: application/json\r\n",
        b"Content-Type: application/x-www-form-urlencoded\r\n",
        b"X: \xff\r\n",
    ),
    *(
        b"\r\n",
        b"\r\n\r\n",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b"ffffffffffffffff\r\n",
        b"{}",
        b"\x16\x03\x01\x02\x00",
    ),
]
_LINES, _FIELDS = _WIRE[:9], _WIRE[9:]
_ANY = st.sampled_from(_WIRE) | st.binary(max_size=40)
_ORDERLY = st.tuples(
    st.sampled_from(_LINES), st.lists(st.sampled_from(_FIELDS), max_size=4), st.just(b"\r\n"), _ANY
)
WIRE = st.lists(_ANY, max_size=10).map(b"".join) | st.lists(
    _ORDERLY.map(lambda parts: parts[0] + b"".join(parts[1]) + parts[2] + parts[3]), min_size=1, max_size=3
).map(b"".join)
_PIECES = [
    "build",
    "create",
    "web",
    "-b",
    "--branch",
    "-e",
    "A=1",
    "—",
    "“",
    "'",
    "<@U1|x>",
    "<http://a|b>",
    "&amp;",
]
_TYPED = st.text(st.characters(codec=None), max_size=60) | st.sampled_from(_PIECES)
TYPED = st.lists(_TYPED, max_size=30).map(" ".join) | st.text(st.characters(codec=None), max_size=5000)
