"""Every request of the client and its answer match Buildkite's documentation."""

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
from tests.contract.calls import NOW, Arguments, list_calls, make_scene
from tests.contract.validation import load_rest_spec, validate

# Paths outside /v2: GraphQL's endpoint and the storage of artifacts.
ELSEWHERE = ("/graphql/", "/storage/")
# This call searches for a pipeline that doesn't exist.
NOT_FOUND = {"find_created_pipeline"}


def list_methods() -> dict[str, Callable[..., Any]]:
    """Return the client's calls from all groups of calls that it inherits."""
    groups = [group for group in Buildkite.__mro__ if issubclass(group, Calls) and group not in (Calls, Buildkite)]
    named = [(name, member) for group in groups for name, member in vars(group).items()]
    return {name: member for name, member in named if inspect.isfunction(member) and not name.startswith("_")}


class SceneServer:
    """Serves a scene, and replaces it by a new one whenever a request may have changed it."""

    def __init__(self) -> None:
        self.at = make_scene()
        self.base = ""

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        await self.at.sim.app(connection, receive, send)

    async def call(self, client: Buildkite, name: str, example: int) -> list[RecordedRequest]:
        """Call a method with one example and return the recorded requests."""
        arguments, self.at.sim.base_url = list_calls(self.at)[name][example], self.base
        recorded = self.at.sim.requests
        recorded.clear()
        try:
            answer = getattr(client, name)(*arguments.args, **arguments.named)
            _ = [item async for item in answer] if inspect.isasyncgen(answer) else await answer
        finally:
            if any(exchange.method != "GET" for exchange in recorded):
                self.at = make_scene()
        return list(recorded)


def find_problem(recorded: list[RecordedRequest], *, found: bool = True) -> str:
    """Return what is wrong with these exchanges, empty if nothing is."""
    rest = [exchange for exchange in recorded if not exchange.path.startswith(ELSEWHERE)]
    if not recorded:
        return "no request was sent"
    if found and (refused := [exchange for exchange in recorded if exchange.status >= 400]):
        return (
            f"{refused[0].method} {refused[0].path} was answered {refused[0].status}: {refused[0].response_json}"
        )
    try:
        known = validate(rest, load_rest_spec())
    except AssertionError as breach:
        return str(breach)
    requests = [f"{exchange.method} {exchange.path}" for exchange in rest]
    return "" if known == len(rest) else f"not all of {requests} are documented"


@pytest.fixture(scope="module")
def examples() -> dict[str, tuple[Arguments, ...]]:
    return list_calls(make_scene())


async def test_every_request_is_documented(examples: dict[str, tuple[Arguments, ...]]) -> None:
    """Each example of each call is answered, and both request and answer validate."""
    server, quick = SceneServer(), QuickClock(NOW)
    problems: dict[str, str] = {}
    async with (
        Serving(server) as server.base,
        Buildkite(TOKEN, "acme-inc", endpoint=server.base, clock=quick) as client,
    ):
        for name, index in [(name, at) for name, several in examples.items() for at in range(len(several))]:
            try:
                problem = find_problem(await server.call(client, name, index), found=name not in NOT_FOUND)
            except KitestringError as refusal:
                problem = str(refusal)
            problems |= {f"{name} {index}": problem} if problem else {}
    assert problems == {}


@pytest.mark.parametrize("name", sorted(list_methods()))
def test_every_parameter_has_an_example(name: str, examples: dict[str, tuple[Arguments, ...]]) -> None:
    """Every call has examples, and together they use all of its parameters."""
    signature = inspect.signature(list_methods()[name])
    of_call = examples.get(name, ())
    bound = (signature.bind(None, *example.args, **example.named) for example in of_call)
    assert of_call
    used = {parameter for arguments in bound for parameter in arguments.arguments}
    assert set(signature.parameters) - {"self"} - used == set()


def test_every_example_is_of_an_existing_call(examples: dict[str, tuple[Arguments, ...]]) -> None:
    """The client has every call that has an example."""
    assert examples.keys() - list_methods().keys() == set()


def test_undocumented_requests_are_found() -> None:
    """An undocumented parameter, property or path is a problem."""
    fine = {"headers": {"content-type": "application/json"}, "response_headers": {}, "response_json": []}
    org, json = "/v2/organizations/acme-inc", {"note": "x", "minutes": 5}
    odd = RecordedRequest("GET", f"{org}/agents", "state=lost", json=None, status=200, **fine)
    more = RecordedRequest(
        "PUT", f"{org}/agents/a/pause", "", json=json, status=204, **{**fine, "response_json": None}
    )
    unknown = RecordedRequest("GET", f"{org}/unicorns", "", json=None, status=200, **fine)
    assert [find_problem([exchange]).split(": ")[-1] for exchange in (odd, more, unknown)] == snapshot(
        [
            "state",
            "Additional properties are not allowed ('minutes' was unexpected)",
            "not all of ['GET /v2/organizations/acme-inc/unicorns'] are documented",
        ]
    )
    assert find_problem([]) == "no request was sent"
