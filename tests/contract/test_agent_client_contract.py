"""Every request to the Agent API and its answer match Buildkite's documentation."""

import inspect

import httpx
import pytest

from bot.buildkite.agent_api import AgentApi
from simulators.buildkite.sim import AGENT_TOKEN
from simulators.http_server import Serving
from tests.contract.calls import list_agent_api_calls, make_scene
from tests.contract.validation import load_agent_spec, validate

METHODS = {
    name: member
    for name, member in vars(AgentApi).items()
    if inspect.isroutine(member) and not name.startswith("_")
}


@pytest.mark.parametrize("name", sorted(METHODS))
async def test_every_agent_api_request_is_documented(name: str) -> None:
    """Each call, with each of its parameters, is answered as documented."""
    at = make_scene()
    (example,) = list_agent_api_calls(at)[name]
    bound = inspect.signature(METHODS[name]).bind(None, *example.args, **example.named)
    assert bound.arguments.keys() == inspect.signature(METHODS[name]).parameters.keys()
    async with Serving(at.sim.app) as base, httpx.AsyncClient() as http:
        at.sim.base_url = base
        answer = getattr(AgentApi(http, AGENT_TOKEN, f"{base}/v3"), name)(*example.args, **example.named)
        _ = [item async for item in answer] if inspect.isasyncgen(answer) else await answer
    assert [request.status for request in at.sim.requests] == [200]
    assert validate(at.sim.requests, load_agent_spec()) == 1
