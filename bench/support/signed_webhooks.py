"""Webhooks of a given size, signed for each receiver that verifies a signature."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import random
import time
import uuid
from collections.abc import Iterator
from typing import Any

SECRET = "309c9c842a8565adecbd7469c6005989"
PATH = "/buildkite/webhooks"
_SLUG = "https://api.buildkite.com/v2/organizations/acme-inc/pipelines/monolith"


def make_body(size: int, seed: int = 7) -> bytes:
    """Return a `build.finished` of about `size` bytes; like Buildkite's, it grows with the pipeline's steps."""
    rng = random.Random(seed)
    body = _make_finished_build(rng)
    steps: list[dict[str, Any]] = body["pipeline"]["steps"]
    while len(_encode(body)) < size - 500:
        steps.append(_make_step(rng, len(steps)))
    body["build"]["message"] += "." * max(size - len(_encode(body)), 0)
    return _encode(body)


def _encode(body: dict[str, Any]) -> bytes:
    """Encode as JavaScript does, because Hubot signs the body after parsing it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _make_finished_build(rng: random.Random) -> dict[str, Any]:
    build = {
        "id": _make_id(rng),
        "url": f"{_SLUG}/builds/48213",
        "web_url": "https://buildkite.com/acme-inc/monolith/builds/48213",
        "number": 48213,
        "state": "failed",
        "blocked": False,
        "message": "Retry the checkout on ECONNRESET",
        "commit": f"{rng.getrandbits(160):040x}",
        "branch": "feature/checkout-retry",
        "source": "webhook",
        "creator": {"id": _make_id(rng), "name": "Zoë Q", "email": "zoe@example.com"},
        "created_at": "2026-10-03 10:02:03 UTC",
        "started_at": "2026-10-03 10:02:09 UTC",
        "finished_at": "2026-10-03 10:14:09 UTC",
        "meta_data": {"release": "no"},
    }
    pipeline = {
        "id": _make_id(rng),
        "url": _SLUG,
        "name": "Monolith",
        "slug": "monolith",
        "repository": "git@github.com:acme-inc/monolith.git",
        "provider": {"id": "github", "settings": {"publish_commit_status": True, "trigger_mode": "code"}},
        "steps": [],
    }
    return {"event": "build.finished", "build": build, "pipeline": pipeline, "sender": {"id": _make_id(rng)}}


def _make_step(rng: random.Random, number: int) -> dict[str, Any]:
    return {
        "type": "script",
        "name": f":rspec: Specs {number}",
        "command": f"bin/ci/rspec --shard {number} --seed {rng.getrandbits(32)} && bin/ci/upload",
        "artifact_paths": "tmp/junit-*.xml;log/*.log",
        "branch_configuration": "main release/*",
        "env": {"SHARD": str(number), "RAILS_ENV": "test", "CACHE_KEY": f"{rng.getrandbits(128):032x}"},
        "agent_query_rules": ["queue=ci-large", "arch=amd64"],
        "timeout_in_minutes": 30,
    }


def _make_id(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def generate_requests(body: bytes, *, sign: bytes | None = None) -> Iterator[bytes]:
    """Yield requests endlessly, each with its own id, signed for all receivers.

    `sign` is signed instead of the body: for a tampered one.
    """
    head = "".join(f"{name}: {value}\r\n" for name, value in _make_headers(body if sign is None else sign).items())
    start = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}Content-Length: {len(body)}\r\nX-Buildkite-Request: "
    )
    first, rest, run = start.encode(), b"\r\n\r\n" + body, uuid.uuid4().hex[:12]
    return (b"%b%b-%d%b" % (first, run.encode(), number, rest) for number in itertools.count())


def _make_headers(body: bytes) -> dict[str, str]:
    """Return Buildkite's, GitHub's and Slack's signature headers of the same bytes."""
    now = str(int(time.time()))
    return {
        "Content-Type": "application/json",
        "X-Buildkite-Event": "build.finished",
        "X-Buildkite-Signature": f"timestamp={now},signature={_sign(now.encode() + b'.' + body)}",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": str(uuid.uuid4()),
        "X-Hub-Signature-256": f"sha256={_sign(body)}",
        "X-Slack-Request-Timestamp": now,
        "X-Slack-Signature": f"v0={_sign(b'v0:' + now.encode() + b':' + body)}",
    }


def _sign(body: bytes) -> str:
    return hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
