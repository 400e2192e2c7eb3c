"""One request to Buildkite: in its turn, repeated only where that is safe, its failure as our error."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from bot.buildkite import personal_token, responses
from bot.buildkite.request_budget import Budget
from bot.errors import Conflict, KitestringError, NotFound, Unavailable, UsageError
from bot.runtime.clock import Clock

Params = Sequence[tuple[str, str]]
M = TypeVar("M", bound=BaseModel)
PERSON_WAITS = 8.0
BACKGROUND_WAITS = 90.0
ATTEMPTS = 4
PER_PAGE = 100
# A list of 50,000 is none that Buildkite has: it would go on for ever.
PAGES = 500
# The connection was never made, so nothing was sent.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class Ask:
    """A request: `safe` ones may be repeated after an uncertain answer; `what` is what it is about."""

    method: str
    path: str
    what: str
    params: Params = ()
    json: Mapping[str, Any] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    safe: bool = True
    accept: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Chunk(Generic[M]):
    """One page of a list: its number from 1, whether there are more, and how many there are, where known."""

    items: tuple[M, ...]
    number: int
    more: bool
    last: int | None


class Requests:
    """Sends requests in one lane: for a person who waits, or in the background.

    `jitter()` gives a number in [0, 1). `bearer` is a person's own token, sent in place of the bot's. `patience`:
    seconds for waiting and repeating. `variable` is the environment variable that hints name as the token's place.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        budget: Budget,
        clock: Clock,
        urgent: bool,
        jitter: Callable[[], float],
        bearer: personal_token.Bearer | None = None,
        patience: float | None = None,
        variable: str | None = None,
    ) -> None:
        self.http = http
        self.budget = budget
        self.clock = clock
        self.urgent = urgent
        self.jitter = jitter
        self.bearer = bearer
        self.patience = patience if patience is not None else PERSON_WAITS if urgent else BACKGROUND_WAITS
        self.variable = variable

    async def send(self, ask: Ask) -> httpx.Response:
        """The answer, a success. Raises Refused, NotFound, Conflict, or Unavailable after bounded retries."""
        deadline = self.clock.monotonic() + self.patience
        doubts: list[Unavailable] = []

        def again(error: BaseException) -> bool:
            if not isinstance(error, Unavailable):
                return False
            doubts.extend([error] if error.sent else [])
            return ask.safe or not error.sent

        retrying = AsyncRetrying(
            sleep=self.clock.sleep,
            retry=retry_if_exception(again),
            wait=self._wait,
            stop=lambda state: self._stop(state, deadline),
            reraise=True,
        )
        try:
            return await retrying(self._once, ask, deadline)
        except Conflict as conflict:
            # The state may be of our own making: an earlier attempt, unanswered, was carried out.
            if doubts:
                raise Unavailable(f"{doubts[0].message} Then it said: {conflict.message}", sent=True) from conflict
            raise

    async def _once(self, ask: Ask, deadline: float) -> httpx.Response:
        left = deadline - self.clock.monotonic()
        async with self.budget.turn(urgent=self.urgent, patience=left):
            response = await self.answer(ask)
        self.budget.hear(response.headers)
        if response.status_code == 429:
            self.budget.hold(responses.wait_asked(response) or 0.0)
        error = self.error(response, ask)
        if error is not None and response.status_code not in ask.accept:
            raise error
        return response

    def error(self, response: httpx.Response, ask: Ask) -> KitestringError | None:
        """The error that an answer is; None for a success."""
        if self.bearer:
            return personal_token.error(response, ask.what, ask.method != "GET", self.bearer)
        return responses.error(response, ask.what, ask.method != "GET", self.variable)

    async def answer(self, ask: Ask) -> httpx.Response:
        """Whatever is answered, at once and once. Raises Unavailable where nothing is."""
        try:
            return await self.http.request(
                ask.method,
                ask.path,
                params=list(ask.params) or None,
                json=ask.json,
                headers={**ask.headers, **(self.bearer.header if self.bearer else {})},
            )
        except _NOT_SENT as error:
            raise Unavailable("Buildkite cannot be reached.", "Try again in a moment.") from error
        except httpx.TransportError as error:
            raise Unavailable(
                "Buildkite did not answer.", "Try again in a moment.", sent=ask.method != "GET"
            ) from error

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, Unavailable) else None
        if asked is not None:
            return asked + self.jitter() / 2
        return float(2 ** (state.attempt_number - 1)) * (0.25 + self.jitter() / 2)

    def _stop(self, state: RetryCallState, deadline: float) -> bool:
        late = self.clock.monotonic() + (state.upcoming_sleep or 0.0) > deadline
        return state.attempt_number >= ATTEMPTS or late


class Calls:
    """What every group of calls stands on: the requests and the organization they are about."""

    def __init__(self, requests: Requests, organization: str) -> None:
        self.requests = requests
        self.organization = organization

    def path(self, *parts: object) -> str:
        """A path below the organization; every part is quoted. Raises NotFound for one that would lead upwards."""
        if not self.organization:
            raise UsageError(
                "This client knows no organization yet.",
                'Enter it with `async with`, or name one: Buildkite(token, "acme-inc").',
            )
        words = [str(word) for word in ("organizations", self.organization, *parts)]
        for word in words:
            if word in {"", ".", ".."}:
                raise NotFound(f"Buildkite has nothing that is called `{word}`.", "Give its whole name or id.")
        return "/".join(quote(word, safe="") for word in words)

    async def get(self, path: str, what: str, model: type[M], params: Params = ()) -> M:
        """One object."""
        return parsed(model, await self.requests.send(Ask("GET", path, what, params)))

    async def paged(
        self, path: str, what: str, model: type[M], params: Params = (), limit: int | None = None
    ) -> AsyncGenerator[M, None]:
        """Every object of a list, page by page, at most `limit`; works for both styles of pagination.

        https://buildkite.com/docs/apis/rest-api#pagination
        """
        given = [*params, ("per_page", str(min(limit or PER_PAGE, PER_PAGE)))]
        array, count, pages = TypeAdapter(list[model]), 0, 0  # type: ignore[valid-type]
        while given:
            response = await self.requests.send(Ask("GET", path, what, given))
            for item in several(array, model, response):
                if limit is not None and count >= limit:
                    return
                yield item
                count += 1
            pages += 1
            before, given = given, following(response) if limit is None or count < limit else []
            if given and (given == before or pages == PAGES):
                raise _strange(sent=False)

    async def page(
        self, path: str, what: str, model: type[M], number: int, size: int, params: Params = ()
    ) -> Chunk[M]:
        """One page of a list that has numbered pages, counted from 1; `size` is at most 100."""
        given = [*params, ("page", str(number)), ("per_page", str(size))]
        response = await self.requests.send(Ask("GET", path, what, given))
        found = tuple(read(model, item, sent=False) for item in items(response))
        more = bool(following(response))
        return Chunk(found, number, more, _last(response) if more else number)


def _last(response: httpx.Response) -> int | None:
    """The number of the last page, where a link leads there."""
    query = dict(parse_qsl(urlsplit(response.links.get("last", {}).get("url", "")).query))
    number = query.get("page", "")
    return int(number) if number.isdecimal() else None


def parsed(model: type[M], response: httpx.Response) -> M:
    """The object of an answer; raises Unavailable when it is none (a proxy's page, for example)."""
    try:
        return model.model_validate_json(response.content)
    except ValidationError:
        return read(model, body(response), response.request.method != "GET")


def several(array: TypeAdapter[list[M]], model: type[M], response: httpx.Response) -> list[M]:
    """The objects of a page. A bare array is read in one go, which takes a quarter of the time.

    What that reader does not take (a lone surrogate, for example) is read as Python's own does.
    """
    if _bare(response):
        with contextlib.suppress(ValidationError):
            return array.validate_json(response.content)
    return [read(model, item, sent=False) for item in items(response)]


def _bare(response: httpx.Response) -> bool:
    """Whether the answer is an array, with nothing around it."""
    return response.content.lstrip()[:1] == b"["


def read(model: type[M], value: object, sent: bool) -> M:
    """`value` as `model`; raises Unavailable when it is not of that form."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _strange(sent) from error


def body(response: httpx.Response) -> Any:
    """The JSON of an answer; raises Unavailable when it is none."""
    try:
        return response.json()
    except ValueError as error:
        raise _strange(response.request.method != "GET") from error


def items(response: httpx.Response) -> list[Any]:
    """The items of a page: a bare array, or the `items` of an object."""
    page = body(response)
    found = page.get("items") if isinstance(page, dict) else page
    if not isinstance(found, list):
        raise _strange(sent=False)
    return found


def following(response: httpx.Response) -> list[tuple[str, str]]:
    """The query of the next page, empty after the last one.

    Only the query is taken from the link: the token never goes where an answer points.
    """
    url = response.links.get("next", {}).get("url")
    page = {} if _bare(response) else body(response)
    if isinstance(page, dict):
        url = (page.get("links") or {}).get("next") or url
    return parse_qsl(urlsplit(url).query) if isinstance(url, str) else []


def _strange(sent: bool) -> Unavailable:
    return Unavailable(
        "Buildkite's answer was not what its API promises.", "A proxy in between may be the cause.", sent=sent
    )
