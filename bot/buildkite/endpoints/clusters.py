"""Calls for clusters, their queues and their agent tokens.

https://buildkite.com/docs/apis/rest-api/clusters
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from bot.buildkite.models import Moment, Vendor
from bot.buildkite.resources import Cluster, Queue
from bot.buildkite.transport import ApiRequest, Calls


class AgentToken(Vendor):
    """A token that agents connect with, without its value, which Buildkite shows only when the token is created.

    `allowed_ip_addresses` are addresses and CIDR blocks, separated by spaces.
    https://buildkite.com/docs/apis/rest-api/clusters/agent-tokens
    """

    id: str
    description: str | None = None
    allowed_ip_addresses: str | None = None
    created_at: Moment | None = None
    expires_at: Moment | None = None


class ClusterCalls(Calls):
    """Reads clusters, queues and agent tokens; pauses and resumes queues."""

    def clusters(self) -> AsyncIterator[Cluster]:
        """Yield all clusters. https://buildkite.com/docs/apis/rest-api/clusters#list-clusters"""
        return self.read_all(self.format_path("clusters"), "clusters", Cluster)

    async def cluster(self, cluster: str) -> Cluster:
        """Read one cluster by its UUID. https://buildkite.com/docs/apis/rest-api/clusters#get-a-cluster"""
        return await self.read_object(self.format_path("clusters", cluster), f"cluster {cluster}", Cluster)

    def queues(self, cluster: str) -> AsyncIterator[Queue]:
        """Yield the queues of a cluster (UUID). https://buildkite.com/docs/apis/rest-api/clusters/queues"""
        return self.read_all(self.format_path("clusters", cluster, "queues"), f"cluster {cluster}", Queue)

    async def queue(self, cluster: str, queue: str) -> Queue:
        """Read one queue by the UUIDs of its cluster and its own."""
        path = self.format_path("clusters", cluster, "queues", queue)
        return await self.read_object(path, f"queue {queue}", Queue)

    async def pause_queue(self, cluster: str, queue: str, note: str | None = None) -> None:
        """Stop a queue from dispatching jobs; raise Conflict if it's already paused.

        https://buildkite.com/docs/apis/rest-api/clusters/queues#pause-a-queue
        """
        await self._post(cluster, queue, "pause_dispatch", {"dispatch_paused_note": note} if note else {})

    async def resume_queue(self, cluster: str, queue: str) -> None:
        """Let a queue dispatch jobs again; raise Conflict if it isn't paused."""
        await self._post(cluster, queue, "resume_dispatch", {})

    def agent_tokens(self, cluster: str) -> AsyncIterator[AgentToken]:
        """Yield the agent tokens of a cluster (UUID), without their values.

        https://buildkite.com/docs/apis/rest-api/clusters/agent-tokens#list-tokens
        """
        return self.read_all(self.format_path("clusters", cluster, "tokens"), f"cluster {cluster}", AgentToken)

    async def _post(self, cluster: str, queue: str, verb: str, body: Mapping[str, object]) -> None:
        path = f"{self.format_path('clusters', cluster, 'queues', queue)}/{verb}"
        await self.requests.send(ApiRequest("POST", path, f"queue {queue}", json=body))
