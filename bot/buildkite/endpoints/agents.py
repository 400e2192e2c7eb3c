"""The calls about agents. https://buildkite.com/docs/apis/rest-api/agents"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from bot.buildkite.models import Agent
from bot.buildkite.transport import Ask, Calls


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
        """Agents that are connected or stopping: all, or those of exactly that name, host, version and queue.

        https://buildkite.com/docs/apis/rest-api/agents#list-agents
        """
        wanted = {"name": name, "hostname": hostname, "version": version, "cluster_queue_id": cluster_queue_id}
        params = [(key, value) for key, value in wanted.items() if value]
        return self.paged(self.path("agents"), "agents", Agent, params)

    async def agent(self, agent_id: str) -> Agent:
        """One agent, whatever its state."""
        return await self.get(self.path("agents", agent_id), f"agent {agent_id}", Agent)

    async def pause_agent(self, agent_id: str, note: str | None, timeout_in_minutes: int) -> None:
        """Let it take no new jobs until it is resumed or the time is over; raises Conflict when it is paused.

        https://buildkite.com/docs/apis/rest-api/agents#pause-an-agent
        """
        body: dict[str, Any] = {"timeout_in_minutes": timeout_in_minutes}
        if note:
            body["note"] = note
        await self._put(agent_id, "pause", body)

    async def resume_agent(self, agent_id: str) -> None:
        """Let it take jobs again; raises Conflict when it is not paused."""
        await self._put(agent_id, "resume", {})

    async def stop_agent(self, agent_id: str, *, force: bool = False) -> None:
        """Disconnect it after its job; `force` cancels the running job and its build at once.

        https://buildkite.com/docs/apis/rest-api/agents#stop-an-agent (whose own default is force)
        """
        await self._put(agent_id, "stop", {"force": force})

    async def _put(self, agent_id: str, verb: str, body: Mapping[str, Any]) -> None:
        path = f"{self.path('agents', agent_id)}/{verb}"
        await self.requests.send(Ask("PUT", path, f"agent {agent_id}", json=body))
