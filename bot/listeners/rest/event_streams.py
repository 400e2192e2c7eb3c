"""Streams a build's state as server-sent events, from what is stored of it: Buildkite isn't asked once more.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import NamedTuple

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from bot.access.api_tokens.model import ApiToken
from bot.access.policy.rules import Target
from bot.access.policy.service import PolicyService
from bot.builds.model import JobSummary, TrackedBuild
from bot.builds.queries import find_build_by_address, summarize_jobs
from bot.errors import KitestringError
from bot.execution.actors import Actors
from bot.listeners.rest.problems import RequestProblem
from bot.operations.invocation import Flags
from bot.operations.invocation import Request as OwnRequest
from bot.runtime.clock import Clock
from bot.slack.types import Thread
from bot.store.transactions import Store

EVENTS_PATH = re.compile(r"/api/v1/builds/(?P<pipeline>[^/]{1,200})/(?P<number>[0-9]{1,9})/events")
MEDIA_TYPE = "text/event-stream"
_VIEW = "build view"
# Streams of one token, and of all tokens: well below the connections that the server allows.
_TOKEN_STREAMS, _ALL_STREAMS = 10, 100
_READ_SECONDS = 1.0
# Proxies close connections on which nothing is sent for a minute; a comment also finds clients that are gone.
_COMMENT_SECONDS = 15.0
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class FollowedBuild(BaseModel):
    """A build as far as it is known: each event has all of it, so that a missed one does no harm.

    `state` is the build's phase, `gone` once Buildkite no longer returns it; `jobs` counts its jobs by state.
    """

    pipeline: str
    number: int
    state: str
    ended: bool
    branch: str | None
    commit: str | None
    message: str | None
    url: str
    jobs: dict[str, int]
    failed_jobs: list[str]
    waiting_steps: list[str]
    started_at: datetime | None
    finished_at: datetime | None


class Snapshot(NamedTuple):
    """A build's state at a revision; `final`: nothing more is to come."""

    revision: int
    state: FollowedBuild
    final: bool


class EventStream(StreamingResponse):
    """A stream that reports its end, however it ends."""

    def __init__(self, content: AsyncIterator[str], on_end: Callable[[], None]) -> None:
        super().__init__(content, media_type=MEDIA_TYPE, headers=_HEADERS)
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._on_end()


class BuildEvents:
    """Opens streams for those who may view the build; a bounded number at a time."""

    def __init__(self, store: Store, clock: Clock, actors: Actors, policy: PolicyService, team: str) -> None:
        self._store = store
        self._clock = clock
        self._actors = actors
        self._policy = policy
        self._team = team
        self._open: Counter[str] = Counter()

    async def open(self, request: Request, token: ApiToken, pipeline: str, number: str) -> Response:
        """Return the stream of a build's events; 204 where the caller has seen the last. Raise RequestProblem."""
        seen = _read_last_event(request)
        found = await self._find(pipeline, int(number))
        await self._require_permission(token, pipeline, found)
        if found is None:
            raise RequestProblem(
                "untracked-build",
                f"I don't follow {pipeline}#{number}.",
                "Start it here, or follow it with POST /api/v1/build/watch.",
            )
        if found.final and seen == found.revision:
            return Response(status_code=204)  # tells an EventSource to stop
        if self._open[token.id] >= _TOKEN_STREAMS or self._open.total() >= _ALL_STREAMS:
            raise RequestProblem(
                "too-many-streams",
                f"At most {_TOKEN_STREAMS} builds can be followed with one token at a time.",
                headers={"retry-after": str(round(_COMMENT_SECONDS))},
            )
        self._open[token.id] += 1
        return EventStream(self._stream(token, pipeline, int(number), seen), lambda: self._close(token.id))

    def _close(self, token: str) -> None:
        self._open[token] -= 1
        self._open += Counter()  # forgets tokens without streams

    async def _require_permission(self, token: ApiToken, pipeline: str, found: Snapshot | None) -> None:
        """Raise Refused unless the token may view the build now; first, so that it can't learn what exists."""
        thread = Thread(self._team, token.channel or "")
        actor = await self._actors.find(OwnRequest(token.owner, thread, "rest", "", flags=Flags(token=token.id)))
        await self._policy.require(actor, _VIEW, Target(pipeline, found.state.branch if found else None))

    async def _may_view(self, token: ApiToken, pipeline: str, found: Snapshot) -> bool:
        try:
            await self._require_permission(token, pipeline, found)
        except KitestringError:
            return False
        return True

    async def _stream(self, token: ApiToken, pipeline: str, number: int, seen: int | None) -> AsyncIterator[str]:
        """Yield the state now and after each change, until the build has ended or the token may not view it."""
        silent_since = self._clock.monotonic()
        while True:
            try:
                found = await self._find(pipeline, number)
            except KitestringError:
                return  # the client comes back with the id of its last event
            if found is None:
                return
            if found.revision != seen:
                if not await self._may_view(token, pipeline, found):
                    return
                seen, silent_since = found.revision, self._clock.monotonic()
                yield f"id: {found.revision}\nevent: build\ndata: {found.state.model_dump_json()}\n\n"
            if found.final:
                yield "event: end\ndata: {}\n\n"
                return
            if self._clock.monotonic() - silent_since >= _COMMENT_SECONDS:
                silent_since = self._clock.monotonic()
                yield ": still here\n\n"
            await self._clock.sleep(_READ_SECONDS)

    async def _find(self, pipeline: str, number: int) -> Snapshot | None:
        async with self._store.read() as tx:
            tracked = await find_build_by_address(tx, pipeline, number)
            jobs = await summarize_jobs(tx, tracked) if tracked else JobSummary()
        return _take_snapshot(tracked, jobs) if tracked else None


def _take_snapshot(tracked: TrackedBuild, jobs: JobSummary) -> Snapshot:
    build = tracked.build
    final = tracked.deleted or (build.ended and not tracked.unconfirmed)
    state = FollowedBuild(
        pipeline=build.ref.pipeline,
        number=build.number,
        state="gone" if tracked.deleted else build.phase,
        ended=final,
        branch=build.branch,
        commit=build.commit,
        message=build.message,
        url=build.web_url,
        jobs=jobs.counts,
        failed_jobs=[job.name or "" for job in jobs.failed],
        waiting_steps=[job.label or job.name or "" for job in jobs.waiting],
        started_at=build.started_at,
        finished_at=build.finished_at,
    )
    return Snapshot(tracked.revision, state, final)


def _read_last_event(request: Request) -> int | None:
    given = request.headers.get("last-event-id", "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 19 else None
