"""Webhooks of a size, signed for each receiver that checks a signature."""

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
    """A `build.finished` of about so many bytes; as at Buildkite it grows with the steps of its pipeline."""
    rng = random.Random(seed)
    said = _make_finished_build(rng)
    steps: list[dict[str, Any]] = said["pipeline"]["steps"]
    while len(_encode(said)) < size - 500:
        steps.append(_make_step(rng, len(steps)))
    said["build"]["message"] += "." * max(size - len(_encode(said)), 0)
    return _encode(said)


def _encode(said: dict[str, Any]) -> bytes:
    """As JavaScript writes it: Hubot signs what its parser left."""
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


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


def generate_requests(said: bytes, *, sign: bytes | None = None) -> Iterator[bytes]:
    """One request after the other, each with an id of its own, endlessly; signed now for all who check.

    `sign` is what is signed in place of the body: for one that was tampered with.
    """
    head = "".join(f"{name}: {value}\r\n" for name, value in _make_headers(said if sign is None else sign).items())
    start = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}Content-Length: {len(said)}\r\nX-Buildkite-Request: "
    )
    first, rest, run = start.encode(), b"\r\n\r\n" + said, uuid.uuid4().hex[:12]
    return (b"%b%b-%d%b" % (first, run.encode(), number, rest) for number in itertools.count())


def _make_headers(said: bytes) -> dict[str, str]:
    """Buildkite's, GitHub's and Slack's signature of the same bytes."""
    now = str(int(time.time()))
    return {
        "Content-Type": "application/json",
        "X-Buildkite-Event": "build.finished",
        "X-Buildkite-Signature": f"timestamp={now},signature={_sign(now.encode() + b'.' + said)}",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": str(uuid.uuid4()),
        "X-Hub-Signature-256": f"sha256={_sign(said)}",
        "X-Slack-Request-Timestamp": now,
        "X-Slack-Signature": f"v0={_sign(b'v0:' + now.encode() + b':' + said)}",
    }


def _sign(said: bytes) -> str:
    return hmac.new(SECRET.encode(), said, hashlib.sha256).hexdigest()
