"""Prints the way of a slash command and of a webhook through the code: `python -m tests.trace`.

A hop is a call of a coroutine in another file that is handed what flows: the request, the invocation and its
stages; or the delivery, the build and its card. Functions that wait for nothing (pure decisions, rendering) belong
to the hop that calls them. docs/design.md records the figures, and tests/checks/test_trace.py holds them.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from inspect import CO_COROUTINE
from pathlib import Path
from types import FrameType

from bot.buildkite.models import Build
from bot.builds.cards.draft import CardDraft
from bot.builds.fold.batch import BatchEntry
from bot.builds.ingest.queries import PendingDelivery
from bot.builds.model import Card, TrackedBuild
from bot.builds.webhook_event import Delivery, WebhookEvent
from bot.execution.stages import Answer, Authorised, Confirmed, Performed, Recorded
from bot.listeners.payload_shapes import CommandPayload
from bot.operations.invocation import Invocation, Request
from tests.conversations.world import World, open_world

ROOT = Path(__file__).parents[1]
ROOMS = tuple(str(ROOT / name) + "/" for name in ("bot", "commands", "webhooks"))
INVOCATION = (CommandPayload, Request, Recorded, Invocation, Authorised, Confirmed, Performed, Answer)
WEBHOOK = (Delivery, PendingDelivery, WebhookEvent, Build, BatchEntry, TrackedBuild, Card, CardDraft)


@dataclass(frozen=True)
class Hop:
    """A call from another file; `function` is the one that is called."""

    file: str
    function: str


@dataclass
class Trace:
    """The hops of what flows, in their order; `kinds` are the types that it takes."""

    kinds: tuple[type, ...]
    hops: list[Hop] = field(default_factory=list)
    _on_the_way: dict[int, FrameType] = field(default_factory=dict)

    @property
    def files(self) -> frozenset[str]:
        return frozenset(hop.file for hop in self.hops)

    @property
    def returns(self) -> int:
        """The number of hops into a file that had been entered before."""
        return len(self.hops) - len(self.files)

    def record(self, frame: FrameType, event: str, _arg: object) -> None:
        """Record a call; a coroutine's frame is entered again at each step, which is no new call."""
        code = frame.f_code
        if event != "call" or not code.co_flags & CO_COROUTINE or not code.co_filename.startswith(ROOMS):
            return
        if self._on_the_way.get(id(frame)) is frame or not self._carries(frame):
            return
        caller = self._find_caller(frame)
        self._on_the_way[id(frame)] = frame
        if caller != code.co_filename:
            self.hops.append(Hop(code.co_filename.removeprefix(f"{ROOT}/"), code.co_qualname))

    def _find_caller(self, frame: FrameType) -> str | None:
        """Return the file of the nearest caller on the way; helpers that only await others are passed over."""
        back = frame.f_back
        while back is not None and self._on_the_way.get(id(back)) is not back:
            back = back.f_back
        return back.f_code.co_filename if back else None

    def _carries(self, frame: FrameType) -> bool:
        """Return whether a call was handed what flows; its own methods and properties don't count."""
        code = frame.f_code
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        return any(self._flows(frame.f_locals.get(name)) for name in names if name != "self")

    def _flows(self, value: object) -> bool:
        if isinstance(value, list | tuple) and not isinstance(value, self.kinds) and value:
            return isinstance(value[0], self.kinds)
        return isinstance(value, self.kinds)


@contextmanager
def record_hops(trace: Trace) -> Iterator[None]:
    """Record the hops of what is called meanwhile in this thread."""
    sys.setprofile(trace.record)
    try:
        yield
    finally:
        sys.setprofile(None)


async def trace_command(world: World) -> Trace:
    """Trace `/bk build create web`, from the payload to the answer."""
    trace = Trace(INVOCATION)
    with record_hops(trace):
        await world.alice.types(world.deploys, "/bk build create web -b main")
        await world.bot.drain()
    return trace


async def trace_webhook(world: World) -> Trace:
    """Trace the webhook that says that a build with a card has begun, from its delivery to the edited card."""
    await world.alice.types(world.deploys, "/bk build create web -b main")
    await world.settle()
    world.clock.advance(60)
    trace = Trace(WEBHOOK)
    world.buildkite.advance(world.buildkite.builds[-1])
    with record_hops(trace):
        while await world.turn():
            pass
    return trace


async def run(trace: Callable[[World], Awaitable[Trace]]) -> Trace:
    """Run a trace in a world of its own."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_world(Path(folder)) as world:
            return await trace(world)


def render(title: str, trace: Trace) -> str:
    """Render a trace as text: one line for each hop, then the figures."""
    hops = [f"{number:3}. {hop.file}:{hop.function}" for number, hop in enumerate(trace.hops, 1)]
    figures = f"{len(hops)} hops, {len(trace.files)} files, {trace.returns} returns to a file already left"
    return "\n".join([title, *hops, figures, ""])


def main() -> None:
    """Print both traces."""
    for title, trace in (("build create", trace_command), ("a webhook", trace_webhook)):
        sys.stdout.write(render(title, asyncio.run(run(trace))))


if __name__ == "__main__":
    main()
