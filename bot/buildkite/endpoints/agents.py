"""Calls for agents. https://buildkite.com/docs/apis/rest-api/agents"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from bot.buildkite.resources import Agent
from bot.buildkite.transport import ApiRequest, Calls


class AgentCalls(Calls):
    """Reads, pauses, resumes and stops agents."""

    def agents(
        self,
        *,
        name: str | None = None,
        hostname: str | None = None,
        version: str | None = None,
        cluster_queue_id: str | None = None,
    ) -> AsyncIterator[Agent]:
        """Yield connected and stopping agents, filtered by exact name, host, version and queue.

        https://buildkite.com/docs/apis/rest-api/agents#list-agents
        """
        filters = {"name": name, "hostname": hostname, "version": version, "cluster_queue_id": cluster_queue_id}
        params = [(key, value) for key, value in filters.items() if value]
        return self.read_all(self.format_path("agents"), "agents", Agent, params)

    async def agent(self, agent_id: str) -> Agent:
        """Read one agent, in any state."""
        return await self.read_object(self.format_path("agents", agent_id), f"agent {agent_id}", Agent)

    async def pause_agent(self, agent_id: str, note: str | None, timeout_in_minutes: int) -> None:
        """Stop an agent from taking new jobs until the time-out; raise Conflict if it's already paused.

        https://buildkite.com/docs/apis/rest-api/agents#pause-an-agent
        """
        body: dict[str, object] = {"timeout_in_minutes": timeout_in_minutes}
        if note:
            body["note"] = note
        await self._put(agent_id, "pause", body)

    async def resume_agent(self, agent_id: str) -> None:
        """Let an agent take jobs again; raise Conflict if it isn't paused."""
        await self._put(agent_id, "resume", {})

    async def stop_agent(self, agent_id: str, *, force: bool = False) -> None:
        """Disconnect an agent after its current job; `force` cancels that job and its build at once.

        https://buildkite.com/docs/apis/rest-api/agents#stop-an-agent (the API's own default is force)
        """
        await self._put(agent_id, "stop", {"force": force})

    async def _put(self, agent_id: str, verb: str, body: Mapping[str, object]) -> None:
        path = f"{self.format_path('agents', agent_id)}/{verb}"
        await self.requests.send(ApiRequest("PUT", path, f"agent {agent_id}", json=body))
