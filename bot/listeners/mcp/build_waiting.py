"""Waits for a build on behalf of an agent, and reports its progress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mcp.server.context import ServerRequestContext
from mcp_types import CallToolResult

from bot.builds.queries import find_build_by_address, summarize_jobs
from bot.errors import UsageError
from bot.listeners.mcp.callers import McpCaller
from bot.listeners.mcp.tool_results import make_state_result
from bot.listeners.rest.calls import OperationCalls
from bot.listeners.rest.outcome_lookup import CallState
from bot.operations.operation import Operation
from bot.operations.reply import Call
from bot.runtime.clock import Clock
from bot.runtime.json_types import JsonObject
from bot.store.transactions import Store

LONGEST_SECONDS = 600
# Clients end a call after a minute if they hear nothing.
_DEFAULT_SECONDS = 50
_STORE_SECONDS = 1.0
# A build that isn't followed is read from Buildkite, which allows 50 requests a minute to everyone together.
_BUILDKITE_SECONDS = 15.0
# Proxies and clients give up on a stream on which nothing is sent for a minute.
_REPORT_SECONDS = 10.0
_GOES_ON = frozenset({"creating", "scheduled", "running", "failing", "canceling"})


class WaitingState(NamedTuple):
    """The state of a followed build as it is stored, and the number of its jobs by state."""

    phase: str
    unconfirmed: bool
    jobs: Mapping[str, int]

    @property
    def goes_on(self) -> bool:
        """Return whether there's more to wait for: it runs, or its end isn't confirmed yet."""
        return self.unconfirmed or self.phase in _GOES_ON

    def describe(self) -> str:
        """Return the state in a few words: `running: 2 passed, 1 running`."""
        counts = ", ".join(f"{count} {state}" for state, count in self.jobs.items())
        return f"{self.phase}: {counts}" if counts else self.phase


class BuildWaiting:
    """Waits until a build has passed, failed or is blocked.

    The caller must be allowed to view it, at the beginning and at the end. In between it's looked up in the store,
    which webhooks keep up to date.
    """

    longest = LONGEST_SECONDS

    def __init__(self, view: Operation, calls: OperationCalls, store: Store, clock: Clock) -> None:
        self.view = view
        self._calls = calls
        self._store = store
        self._clock = clock

    async def wait(
        self, ctx: ServerRequestContext[dict[str, Any], Any], caller: McpCaller, given: Mapping[str, Any]
    ) -> CallToolResult:
        """Return the build as it is when the wait ends: it ended, it is blocked, or the time is over."""
        args: JsonObject = {name: given[name] for name in ("pipeline", "number") if name in given}
        seconds, began = _read_seconds(given), self._clock.monotonic()
        view, is_current = await self._view(caller, args), True
        while _succeeded(view) and (passed := self._clock.monotonic() - began) < seconds:
            stored = await self._find_state(args)
            if not (stored.goes_on if stored else _read_phase(view) in _GOES_ON):
                break
            await ctx.session.report_progress(passed, seconds, stored.describe() if stored else None)
            await self._wait_for_change(args, stored, began + seconds)
            view, is_current = (view, False) if stored else (await self._view(caller, args), True)
        # The store says that it ended; how, is read again.
        view = view if is_current else await self._view(caller, args)
        return make_state_result(view, {"operation": self.view.name, "args": args})

    async def _view(self, caller: McpCaller, args: JsonObject) -> CallState:
        state, _repeated = await self._calls.carry_out(caller.token, self.view, Call(self.view.name, args))
        return state

    async def _wait_for_change(self, args: JsonObject, state: WaitingState | None, until: float) -> None:
        """Wait until the stored state differs, or until the next report is due."""
        due = self._clock.monotonic() + (_BUILDKITE_SECONDS if state is None else _REPORT_SECONDS)
        while (now := self._clock.monotonic()) < min(due, until):
            await self._clock.sleep(min(_STORE_SECONDS, until - now))
            if await self._find_state(args) != state:
                return

    async def _find_state(self, args: JsonObject) -> WaitingState | None:
        async with self._store.read() as tx:
            tracked = await find_build_by_address(tx, str(args["pipeline"]), int(str(args["number"])))
            if tracked is None or tracked.deleted:
                return None
            jobs = await summarize_jobs(tx, tracked)
        return WaitingState(tracked.build.phase, tracked.unconfirmed, jobs.counts)


def _succeeded(state: CallState) -> bool:
    return state.outcome is not None and state.outcome.problem is None


def _read_phase(state: CallState) -> str:
    """Return the state of the build in a result of its view."""
    result = (state.outcome.result if state.outcome else None) or {}
    build = result.get("build")
    return str(build.get("state", "")) if isinstance(build, Mapping) else ""


def _read_seconds(given: Mapping[str, Any]) -> int:
    seconds = given.get("seconds", _DEFAULT_SECONDS)
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 1 <= seconds <= LONGEST_SECONDS:
        raise UsageError(f"`seconds` must be a number from 1 to {LONGEST_SECONDS}.", "", "seconds")
    return seconds
