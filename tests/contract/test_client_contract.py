"""Every request that the client can make, and its answer, are as Buildkite's documents say."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from inline_snapshot import snapshot
from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from bot.buildkite.client import Buildkite
from bot.buildkite.transport import Calls
from bot.errors import KitestringError
from simulators.buildkite.server_state import RecordedRequest
from simulators.buildkite.sim import TOKEN
from simulators.http_server import Serving
from tests.buildkite.conftest import QuickClock
from tests.contract.calls import NOW, Given, calls, scene
from tests.contract.validation import rest_spec, validate

# What is not below /v2: GraphQL's one address, and where artifacts are stored.
ELSEWHERE = ("/graphql/", "/storage/")
# This one looks for something that is not there.
NOT_FOUND = {"made_pipeline"}


def methods() -> dict[str, Callable[..., Any]]:
    """The calls of the client, taken from whatever groups of calls it is made of."""
    groups = [group for group in Buildkite.__mro__ if issubclass(group, Calls) and group not in (Calls, Buildkite)]
    named = [(name, member) for group in groups for name, member in vars(group).items()]
    return {name: member for name, member in named if inspect.isfunction(member) and not name.startswith("_")}


class Stand:
    """An address at which scene after scene answers: each until something in it was changed."""

    def __init__(self) -> None:
        self.at = scene()
        self.base = ""

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        await self.at.sim.app(connection, receive, send)

    async def asked(self, client: Buildkite, name: str, example: int) -> list[RecordedRequest]:
        """What is sent when one example of a method is called."""
        given, self.at.sim.base_url = calls(self.at)[name][example], self.base
        recorded = self.at.sim.requests
        recorded.clear()
        try:
            answer = getattr(client, name)(*given.args, **given.named)
            _ = [item async for item in answer] if inspect.isasyncgen(answer) else await answer
        finally:
            if any(item.method != "GET" for item in recorded):
                self.at = scene()
        return list(recorded)


def problem(recorded: list[RecordedRequest], *, found: bool = True) -> str:
    """What is wrong with these exchanges; empty where nothing is."""
    below = [item for item in recorded if not item.path.startswith(ELSEWHERE)]
    if not recorded:
        return "nothing was asked"
    if found and (refused := [item for item in recorded if item.status >= 400]):
        return (
            f"{refused[0].method} {refused[0].path} was answered {refused[0].status}: {refused[0].response_json}"
        )
    try:
        known = validate(below, rest_spec())
    except AssertionError as breach:
        return str(breach)
    return (
        "" if known == len(below) else f"no document has all of {[f'{item.method} {item.path}' for item in below]}"
    )


@pytest.fixture(scope="module")
def examples() -> dict[str, tuple[Given, ...]]:
    return calls(scene())


async def test_every_request_is_documented(examples: dict[str, tuple[Given, ...]]) -> None:
    """Each example of each call is answered, and both request and answer validate."""
    stand, quick = Stand(), QuickClock(NOW)
    wrong: dict[str, str] = {}
    async with (
        Serving(stand) as stand.base,
        Buildkite(TOKEN, "acme-inc", endpoint=stand.base, clock=quick) as client,
    ):
        for name, index in [(name, at) for name, several in examples.items() for at in range(len(several))]:
            try:
                trouble = problem(await stand.asked(client, name, index), found=name not in NOT_FOUND)
            except KitestringError as refusal:
                trouble = str(refusal)
            wrong |= {f"{name} {index}": trouble} if trouble else {}
    assert wrong == {}


@pytest.mark.parametrize("name", sorted(methods()))
def test_every_parameter_has_an_example(name: str, examples: dict[str, tuple[Given, ...]]) -> None:
    """A call, or a parameter of one, that no example gives would go unproved: so each has its example."""
    parameters = set(inspect.signature(methods()[name]).parameters) - {"self"}
    several = examples.get(name, ())
    bound = (inspect.signature(methods()[name]).bind(None, *item.args, **item.named) for item in several)
    assert several
    assert parameters - {parameter for item in bound for parameter in item.arguments} == set()


def test_every_example_is_of_an_existing_call(examples: dict[str, tuple[Given, ...]]) -> None:
    """The examples are of calls that the client has."""
    assert examples.keys() - methods().keys() == set()


def test_undocumented_requests_are_found() -> None:
    """A parameter, a property or a path that no document has is a breach."""
    fine = {"headers": {"content-type": "application/json"}, "response_headers": {}, "response_json": []}
    org, json = "/v2/organizations/acme-inc", {"note": "x", "minutes": 5}
    odd = RecordedRequest("GET", f"{org}/agents", "state=lost", json=None, status=200, **fine)
    more = RecordedRequest("PUT", f"{org}/agents/a/pause", "", json=json, status=204, **{**fine, "response_json": None})
    gone = RecordedRequest("GET", f"{org}/wishes", "", json=None, status=200, **fine)
    assert [problem([item]).split(": ")[-1] for item in (odd, more, gone)] == snapshot(
        [
            "state",
            "Additional properties are not allowed ('minutes' was unexpected)",
            "no document has all of ['GET /v2/organizations/acme-inc/wishes']",
        ]
    )
    assert problem([]) == "nothing was asked"
