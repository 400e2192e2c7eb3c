"""Sends requests to Buildkite within the rate limit, retries safe ones and turns failures into errors."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, TypeAdapter
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from bot.buildkite import error_responses, personal_token
from bot.buildkite.request_budget import Budget
from bot.buildkite.request_order import Purpose
from bot.buildkite.response_parsing import (
    malformed_error,
    parse_list,
    parse_object,
    parse_value,
    read_items,
    read_last_page,
    read_next_query,
)
from bot.errors import Conflict, KitestringError, NotFound, Unavailable, UsageError
from bot.runtime.clock import Clock

Params = Sequence[tuple[str, str]]
M = TypeVar("M", bound=BaseModel)
NotePage = Callable[[Sequence[M], datetime], None]
PERSON_PATIENCE = 8.0
BACKGROUND_PATIENCE = 90.0
MAX_ATTEMPTS = 4
PER_PAGE = 100
# Buildkite lists 10,000 items at most. 500 pages of 100 only stop a server that links pages endlessly.
MAX_PAGES = 500
# Errors raised before a connection exists: nothing was sent, so even unsafe requests may be retried.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class ApiRequest:
    """A request to the REST API.

    `subject` names what it's about in error messages, such as `build web#101`. `safe` requests may be repeated
    after an uncertain answer. `accept` lists error statuses that the caller handles itself.
    """

    method: str
    path: str
    subject: str
    params: Params = ()
    json: Mapping[str, object] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    safe: bool = True
    accept: frozenset[int] = frozenset()


@dataclass(frozen=True)
class ListPage(Generic[M]):
    """One page of a list: its number from 1, whether more follow, and the last page's number if known."""

    items: tuple[M, ...]
    number: int
    more: bool
    last: int | None


class Requests:
    """Sends requests for one purpose, in the turn that the budget gives it.

    `jitter()` returns a number in [0, 1). `bearer` is a person's own token, sent instead of the bot's. `patience`
    limits the seconds spent waiting and retrying. `variable` is the environment variable of the token, for hints.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        budget: Budget,
        clock: Clock,
        purpose: Purpose,
        jitter: Callable[[], float],
        bearer: personal_token.Bearer | None = None,
        patience: float | None = None,
        variable: str | None = None,
    ) -> None:
        self.http = http
        self.budget = budget
        self.clock = clock
        self.purpose = purpose
        self.jitter = jitter
        self.bearer = bearer
        usual = PERSON_PATIENCE if purpose is Purpose.PEOPLE else BACKGROUND_PATIENCE
        self.patience = usual if patience is None else patience
        self.variable = variable

    async def send(self, request: ApiRequest) -> httpx.Response:
        """Return a successful response; raise Refused, NotFound, Conflict, or Unavailable after some retries."""
        deadline = self.clock.monotonic() + self.patience
        uncertain: list[Unavailable] = []

        def may_retry(error: BaseException) -> bool:
            if not isinstance(error, Unavailable):
                return False
            uncertain.extend([error] if error.sent else [])
            return request.safe or not error.sent

        retrying = AsyncRetrying(
            sleep=self.clock.sleep,
            retry=retry_if_exception(may_retry),
            wait=self._compute_wait,
            stop=lambda state: self._should_stop(state, deadline),
            reraise=True,
        )
        try:
            return await retrying(self._attempt, request, deadline)
        except Conflict as conflict:
            # An earlier, unanswered attempt may have succeeded and caused this conflict itself.
            if uncertain:
                raise Unavailable(
                    f"{uncertain[0].message} A retry was then refused: {conflict.message}", sent=True
                ) from conflict
            raise

    async def _attempt(self, request: ApiRequest, deadline: float) -> httpx.Response:
        left = deadline - self.clock.monotonic()
        async with self.budget.wait_for_turn(self.purpose, patience=left):
            response = await self.send_once(request)
        self.budget.apply_headers(response.headers)
        if response.status_code == 429:
            self.budget.hold(error_responses.read_retry_after(response) or 0.0)
        error = self.parse_error(response, request)
        if error is not None and response.status_code not in request.accept:
            raise error
        return response

    def parse_error(self, response: httpx.Response, request: ApiRequest) -> KitestringError | None:
        """Return the error that a response stands for, or None for a success."""
        if self.bearer:
            return personal_token.parse_error(response, request.subject, request.method != "GET", self.bearer)
        return error_responses.parse_error(response, request.subject, request.method != "GET", self.variable)

    async def send_once(self, request: ApiRequest) -> httpx.Response:
        """Send a request once, at once, and return any response; raise Unavailable if none comes."""
        try:
            return await self.http.request(
                request.method,
                request.path,
                params=list(request.params) or None,
                json=request.json,
                headers={**request.headers, **(self.bearer.header if self.bearer else {})},
            )
        except _NOT_SENT as error:
            raise Unavailable("Buildkite can't be reached.", "Try again in a moment.") from error
        except httpx.TransportError as error:
            raise Unavailable(
                "Buildkite didn't answer.", "Try again in a moment.", sent=request.method != "GET"
            ) from error

    def _compute_wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        requested = error.retry_after if isinstance(error, Unavailable) else None
        if requested is not None:
            return requested + self.jitter() / 2
        return float(2 ** (state.attempt_number - 1)) * (0.25 + self.jitter() / 2)

    def _should_stop(self, state: RetryCallState, deadline: float) -> bool:
        late = self.clock.monotonic() + (state.upcoming_sleep or 0.0) > deadline
        return state.attempt_number >= MAX_ATTEMPTS or late


class Calls:
    """Base of every group of calls: the organization, and helpers to read objects and lists."""

    def __init__(self, requests: Requests, organization: str) -> None:
        self.requests = requests
        self.organization = organization

    def format_path(self, *parts: object) -> str:
        """Return a path below the organization with every part quoted.

        Raise NotFound for a part that would leave it, such as `..`, since parts may be text a person typed.
        """
        if not self.organization:
            raise UsageError(
                "This client has no organization yet.",
                'Enter it with `async with`, or name one: Buildkite(token, "acme-inc").',
            )
        segments = [str(part) for part in ("organizations", self.organization, *parts)]
        for segment in segments:
            if segment in {"", ".", ".."}:
                raise NotFound(f"Buildkite has nothing called `{segment}`.", "Use its full name or ID.")
        return "/".join(quote(segment, safe="") for segment in segments)

    async def read_object(self, path: str, subject: str, model: type[M], params: Params = ()) -> M:
        """Read one object."""
        return parse_object(model, await self.requests.send(ApiRequest("GET", path, subject, params)))

    async def read_all(
        self,
        path: str,
        subject: str,
        model: type[M],
        params: Params = (),
        limit: int | None = None,
        note_page: NotePage[M] | None = None,
    ) -> AsyncGenerator[M, None]:
        """Yield the objects of a list page by page, at most `limit`, in either of Buildkite's pagination styles.

        `note_page` gets each page, and when it was asked for. https://buildkite.com/docs/apis/rest-api#pagination
        """
        query = [*params, ("per_page", str(min(limit or PER_PAGE, PER_PAGE)))]
        array, count, pages = TypeAdapter(list[model]), 0, 0  # type: ignore[valid-type]
        while query:
            asked_at = self.requests.clock.now()
            response = await self.requests.send(ApiRequest("GET", path, subject, query))
            page = parse_list(array, model, response)
            if note_page is not None:
                note_page(page, asked_at)
            for value in page:
                if limit is not None and count >= limit:
                    return
                yield value
                count += 1
            pages += 1
            before, query = query, read_next_query(response) if limit is None or count < limit else []
            if query and (query == before or pages == MAX_PAGES):
                raise malformed_error(sent=False)

    async def read_page(
        self, path: str, subject: str, model: type[M], number: int, size: int, params: Params = ()
    ) -> ListPage[M]:
        """Read one page of a list with numbered pages, counted from 1; `size` is at most 100."""
        query = [*params, ("page", str(number)), ("per_page", str(size))]
        response = await self.requests.send(ApiRequest("GET", path, subject, query))
        values = tuple(parse_value(model, value, sent=False) for value in read_items(response))
        more = bool(read_next_query(response))
        return ListPage(values, number, more, read_last_page(response) if more else number)
