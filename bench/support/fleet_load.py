"""Webhooks for several replicas at once: `python -m bench.support.fleet_load SECONDS CONNECTIONS PORT…`.

Whole lives of untracked builds, in order, each replica getting other builds.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
import uuid
from collections.abc import Iterator, Sequence

import uvloop

from bench.support.build_events import Event, interleave, make_template
from bench.support.http_load import Load, LoadResult
from bench.support.signed_webhooks import PATH
from simulators.buildkite.webhooks import sign
from tests.conversations.world import WEBHOOK_SECRET

_BUILDS, _BUILDS_AT_ONCE = 400, 20


def sign_requests(events: Sequence[Event]) -> Iterator[bytes]:
    """Yield requests endlessly, each with its own id; after the last event the first follows again."""
    now, run = int(time.time()), uuid.uuid4().hex[:12]
    heads = [(_render_head(event, now), event.body) for event in events]
    numbered = zip(itertools.count(), itertools.cycle(heads), strict=False)
    return (b"%b%b-%d\r\n\r\n%b" % (head, run.encode(), number, body) for number, (head, body) in numbered)


def _render_head(event: Event, now: int) -> bytes:
    lines = (
        f"POST {PATH} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(event.body)}",
        f"X-Buildkite-Event: {event.name}",
        f"X-Buildkite-Signature: {sign(event.body, WEBHOOK_SECRET, now)}",
        "X-Buildkite-Request: ",
    )
    return "\r\n".join(lines).encode()


async def _send_to_all(seconds: float, connections: int, ports: Sequence[int]) -> list[LoadResult]:
    template = make_template()
    lives = [template.make_life(number, 1) for number in range(1, _BUILDS + 1)]
    parts = [list(interleave(lives[index :: len(ports)], _BUILDS_AT_ONCE)) for index in range(len(ports))]
    each = max(connections // len(ports), 1)
    loads = [Load(port, sign_requests(part), each) for port, part in zip(ports, parts, strict=True)]
    return list(await asyncio.gather(*(load.run(seconds) for load in loads)))


def main(words: Sequence[str]) -> None:
    """Print `good` answers, `others`, requests `lost`, `seconds`, and each answer's seconds in `took`."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(_send_to_all(float(words[0]), int(words[1]), [int(word) for word in words[2:]]))
    result = {
        "good": sum(item.good for item in found),
        "others": [
            f"{status}: {count}" for item in found for status, count in item.answers.items() if status >= 300
        ],
        "lost": sum(item.lost for item in found),
        "seconds": max(item.seconds for item in found),
        "took": [round(took, 6) for item in found for took in item.seconds_each],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:])
