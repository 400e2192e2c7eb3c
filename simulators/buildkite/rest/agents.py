"""The agent calls of the REST API."""

from simulators.buildkite import agents
from simulators.buildkite.agent_views import agent as agent_view
from simulators.buildkite.http_types import Answer, Ask, Operation
from simulators.buildkite.models import Agent
from simulators.buildkite.paging import paged
from simulators.buildkite.rest.builds import ORG
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.values import missing

AGENT = ORG + "/agents/{agent}"


def _named(sim: ServerState, ask: Ask) -> Agent:
    found = sim.agents.get(ask.params["agent"])
    if found is None:
        raise missing("agent")
    return found


def list_connected(sim: ServerState, ask: Ask) -> Answer:
    """Only connected and stopping agents are listed."""
    found = [agent for agent in sim.agents.values() if agent.connection_state in ("connected", "stopping")]
    for name in ("name", "hostname", "version"):
        wanted = ask.query.get(name)
        if wanted:
            found = [agent for agent in found if getattr(agent, name) == wanted]
    queue = ask.query.get("cluster_queue_id")
    if queue:
        known = sim.find_queue(queue)
        found = [agent for agent in found if known and agent.queue == known.key]
    return paged(ask, found, lambda agent: agent_view(sim, agent))


def get(sim: ServerState, ask: Ask) -> Answer:
    return Answer(200, agent_view(sim, _named(sim, ask)))


def stop(sim: ServerState, ask: Ask) -> Answer:
    agents.stop(sim, _named(sim, ask), force=ask.json.get("force", True) is not False)
    return Answer(204)


def pause(sim: ServerState, ask: Ask) -> Answer:
    note, timeout = ask.json.get("note"), ask.json.get("timeout_in_minutes")
    agents.pause(sim, _named(sim, ask), ask.token.user, note, timeout)
    return Answer(204)


def resume(sim: ServerState, ask: Ask) -> Answer:
    agents.resume(sim, _named(sim, ask))
    return Answer(204)


OPERATIONS = (
    Operation("GET", ORG + "/agents", "read_agents", list_connected),
    Operation("GET", AGENT, "read_agents", get),
    Operation("PUT", AGENT + "/stop", "write_agents", stop),
    Operation("PUT", AGENT + "/pause", "write_agents", pause),
    Operation("PUT", AGENT + "/resume", "write_agents", resume),
)
