"""The calls about clusters, their queues and their agent tokens.

https://buildkite.com/docs/apis/rest-api/clusters
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from bot.buildkite.models import Moment, Queue, Vendor
from bot.buildkite.resources import Cluster
from bot.buildkite.transport import Ask, Calls


class AgentToken(Vendor):
    """What agents connect with. Its value is shown once, when it is made, and has no place here.

    `allowed_ip_addresses`: addresses and CIDR blocks, separated by blanks.
    https://buildkite.com/docs/apis/rest-api/clusters/agent-tokens
    """

    id: str
    description: str | None = None
    allowed_ip_addresses: str | None = None
    created_at: Moment | None = None
    expires_at: Moment | None = None


class ClusterCalls(Calls):
    """Reads clusters, queues and what is known of agent tokens; pauses and resumes queues."""

    def clusters(self) -> AsyncIterator[Cluster]:
        """https://buildkite.com/docs/apis/rest-api/clusters#list-clusters"""
        return self.paged(self.path("clusters"), "clusters", Cluster)

    async def cluster(self, cluster: str) -> Cluster:
        """One cluster, by its UUID. https://buildkite.com/docs/apis/rest-api/clusters#get-a-cluster"""
        return await self.get(self.path("clusters", cluster), f"cluster {cluster}", Cluster)

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

    def agent_tokens(self, cluster: str) -> AsyncIterator[AgentToken]:
        """The agent tokens of a cluster, by its UUID: never their values.

        https://buildkite.com/docs/apis/rest-api/clusters/agent-tokens#list-tokens
        """
        return self.paged(self.path("clusters", cluster, "tokens"), f"cluster {cluster}", AgentToken)

    async def _post(self, cluster: str, queue: str, verb: str, body: Mapping[str, Any]) -> None:
        path = f"{self.path('clusters', cluster, 'queues', queue)}/{verb}"
        await self.requests.send(Ask("POST", path, f"queue {queue}", json=body))
