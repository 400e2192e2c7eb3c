"""The agent calls of the REST API."""

from simulators.buildkite import agents
from simulators.buildkite.agent_views import render_agent
from simulators.buildkite.http_types import ApiRequest, ApiResponse, Operation
from simulators.buildkite.models import Agent
from simulators.buildkite.paging import paginate
from simulators.buildkite.rest.builds import ORG
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.values import refuse_missing

AGENT = ORG + "/agents/{agent}"


def _find_agent(sim: ServerState, request: ApiRequest) -> Agent:
    found = sim.agents.get(request.params["agent"])
    if found is None:
        raise refuse_missing("agent")
    return found


def list_connected(sim: ServerState, request: ApiRequest) -> ApiResponse:
    """List connected and stopping agents, as Buildkite does."""
    found = [agent for agent in sim.agents.values() if agent.connection_state in ("connected", "stopping")]
    for name in ("name", "hostname", "version"):
        wanted = request.query.get(name)
        if wanted:
            found = [agent for agent in found if getattr(agent, name) == wanted]
    queue = request.query.get("cluster_queue_id")
    if queue:
        known = sim.find_queue(queue)
        found = [agent for agent in found if known and agent.queue == known.key]
    return paginate(request, found, lambda agent: render_agent(sim, agent))


def get(sim: ServerState, request: ApiRequest) -> ApiResponse:
    return ApiResponse(200, render_agent(sim, _find_agent(sim, request)))


def stop(sim: ServerState, request: ApiRequest) -> ApiResponse:
    agents.stop(sim, _find_agent(sim, request), force=request.json.get("force", True) is not False)
    return ApiResponse(204)


def pause(sim: ServerState, request: ApiRequest) -> ApiResponse:
    note, timeout = request.json.get("note"), request.json.get("timeout_in_minutes")
    agents.pause(sim, _find_agent(sim, request), request.token.user, note, timeout)
    return ApiResponse(204)


def resume(sim: ServerState, request: ApiRequest) -> ApiResponse:
    agents.resume(sim, _find_agent(sim, request))
    return ApiResponse(204)


OPERATIONS = (
    Operation("GET", ORG + "/agents", "read_agents", list_connected),
    Operation("GET", AGENT, "read_agents", get),
    Operation("PUT", AGENT + "/stop", "write_agents", stop),
    Operation("PUT", AGENT + "/pause", "write_agents", pause),
    Operation("PUT", AGENT + "/resume", "write_agents", resume),
)
