"""The calls about agents, clusters and queues. https://buildkite.com/docs/apis/rest-api/agents"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from bot.buildkite.request import Ask, Calls
from bot.buildkite.resources import Cluster, Queue
from bot.model import Agent


class AgentCalls(Calls):
    """Reads, pauses, resumes and stops agents; reads clusters and queues."""

    def agents(
        self, *, name: str | None = None, hostname: str | None = None, version: str | None = None
    ) -> AsyncIterator[Agent]:
        """Agents that are connected or stopping.

        https://buildkite.com/docs/apis/rest-api/agents#list-agents
        """
        wanted = {"name": name, "hostname": hostname, "version": version}
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

    def clusters(self) -> AsyncIterator[Cluster]:
        """https://buildkite.com/docs/apis/rest-api/clusters"""
        return self.paged(self.path("clusters"), "clusters", Cluster)

    def queues(self, cluster: str) -> AsyncIterator[Queue]:
        """The queues of a cluster, by its UUID. https://buildkite.com/docs/apis/rest-api/clusters/queues"""
        return self.paged(self.path("clusters", cluster, "queues"), f"cluster {cluster}", Queue)

    async def queue(self, cluster: str, queue: str) -> Queue:
        """One queue, by the UUIDs of its cluster and its own."""
        path = self.path("clusters", cluster, "queues", queue)
        return await self.get(path, f"queue {queue}", Queue)

    async def pause_queue(self, cluster: str, queue: str, note: str | None = None) -> None:
        """Let the queue hand out no more jobs; raises Conflict when it is paused.

        https://buildkite.com/docs/apis/rest-api/clusters/queues#pause-a-queue
        """
        await self._post(cluster, queue, "pause_dispatch", {"dispatch_paused_note": note} if note else {})

    async def resume_queue(self, cluster: str, queue: str) -> None:
        """Let it hand out jobs again; raises Conflict when it is not paused."""
        await self._post(cluster, queue, "resume_dispatch", {})

    async def _post(self, cluster: str, queue: str, verb: str, body: Mapping[str, Any]) -> None:
        path = f"{self.path('clusters', cluster, 'queues', queue)}/{verb}"
        await self.requests.send(Ask("POST", path, f"queue {queue}", json=body))

    async def _put(self, agent_id: str, verb: str, body: Mapping[str, Any]) -> None:
        path = f"{self.path('agents', agent_id)}/{verb}"
        await self.requests.send(Ask("PUT", path, f"agent {agent_id}", json=body))
